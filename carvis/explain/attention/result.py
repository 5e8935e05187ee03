"""``Attention``: what one model looks at, and what it needs, in the parts of many pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from carvis.evaluation.metrics import wilson_interval
from carvis.explain.attention.outliers import standing_out
from carvis.language import from_data
from carvis.tables import to_csv

# One column a part of each, named "<measure>:<part>".
MEASURES = (
    "area",
    "share",
    "point",
    "fall",
    "changed",
    "right",
    "control",
    "control changed",
    "control right",
    "overlap",
)
SUMMARY = ("n", "share", "area", "lift", "pointing", "fall", "control", "net", "changed")


@dataclass(frozen=True, eq=False)
class Attention:
    """Where the evidence of one model lies, and how much it needs each part, a row a picture.

    Attributes:
        table: one row a picture: id, label, predicted, confidence, right (the answer is the label), target (the class
            explained), probability (of it), status (of the map, as ``Heatmap.status``); then, for each part,
            ``area:`` its share of the picture and ``share:`` its share of the map's evidence (NaN where the map is
            none), ``point:`` whether the map's maximum lies on it, and with it covered ``fall:`` by how much the
            target's probability falls, ``changed:`` whether the answer changes, ``right:`` whether it is right, the
            same three under ``control:``, ``control changed:``, ``control right:`` with the same shape covered
            elsewhere, and ``overlap:`` how much of the part the control covered too. NaN where the part is not in the
            picture, or nothing was covered.
        parts: the parts' names, in the annotations' order.
        left_out: how many pictures are not in the table, by why: not annotated, unreadable, unknown class.
        problems: in sentences, what could not be read.
        setup: model, data set, split, method and everything else that made it.
        complete: False where it was stopped before the last picture.
    """

    table: pd.DataFrame
    parts: tuple[str, ...]
    left_out: dict[str, int]
    problems: tuple[str, ...] = ()
    setup: dict = field(default_factory=dict)
    complete: bool = True

    def _repr_html_(self) -> str | None:
        from carvis.explain.display import attention_html

        return attention_html(self)

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known of the maps, a sentence each."""
        return tuple(map(from_data, self.setup.get("notes", ())))

    @property
    def covered(self) -> bool:
        """Whether parts were covered."""
        return bool(self.setup.get("cover"))

    @cached_property
    def without_evidence(self) -> dict[str, int]:
        """How many maps are no evidence, by status: they count in no mean of shares."""
        counts = self.table.loc[self.table["status"] != "ok", "status"].value_counts()
        return {str(status): int(n) for status, n in counts.items()}

    @cached_property
    def long(self) -> pd.DataFrame:
        """One row a picture and part: id, label, status, part and the measures, without parts that are not there."""
        values = {
            measure: self.table[[f"{measure}:{part}" for part in self.parts]].to_numpy(float) for measure in MEASURES
        }
        part, row = np.nonzero(values["area"].T > 0)
        found = self.table[["id", "label", "status"]].iloc[row].reset_index(drop=True)
        found["part"] = np.array(self.parts, object)[part]
        for measure in MEASURES:
            found[measure] = values[measure][row, part]
        return found

    @cached_property
    def by_part(self) -> pd.DataFrame:
        """One row a part, over the pictures that show it: means, with 95 % intervals of the means.

        Columns: n (pictures), share and area (of the pictures whose map is evidence), lift (share by area: above 1 the
        map lies on the part more than chance would), pointing, fall, control, net (fall less control, picture by
        picture), changed; share, fall and net also as ``<name> low`` and ``<name> high`` (Student's t).
        """
        rows = {part: _summed(group, intervals=True) for part, group in self.long.groupby("part", sort=False)}
        table = pd.DataFrame.from_dict(rows, orient="index").reindex(self.parts)
        return table.rename_axis("part")

    @cached_property
    def by_class(self) -> pd.DataFrame:
        """One row a class (the pictures' label) and part: index (label, part), columns as ``by_part``'s means."""
        groups = self.long.groupby(["label", "part"], sort=False)
        rows = {key: _summed(group) for key, group in groups}
        order = pd.MultiIndex.from_product([sorted(self.table["label"].unique()), self.parts], names=["label", "part"])
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.index = pd.MultiIndex.from_tuples(table.index) if len(table) else table.index
        return table.reindex(order)

    @cached_property
    def accuracy(self) -> pd.DataFrame:
        """Accuracy as the pictures are, and with each part covered, over the pictures that show it.

        Index: the parts, with ``""`` for nothing covered over all pictures. Columns: n, uncovered (accuracy of the same
        pictures uncovered), accuracy, low, high (95 % Wilson interval), and the control's as control, control low,
        control high.
        """
        rows = {"": _proportion(self.table["right"].astype(float)) | {"uncovered": self.table["right"].mean()}}
        right = self.table.set_index("id")["right"].astype(float)
        for part, group in self.long.groupby("part", sort=False):
            control = {f"control {name}".replace(" accuracy", ""): value for name, value in
                       _proportion(group["control right"]).items() if name != "n"}  # fmt: skip
            whole = {"uncovered": float(right.loc[group["id"]].mean())}
            rows[part] = _proportion(group["right"]) | control | whole
        columns = ["n", "uncovered", "accuracy", "low", "high", "control", "control low", "control high"]
        return pd.DataFrame.from_dict(rows, orient="index").reindex(["", *self.parts])[columns].rename_axis("part")

    def unusual(self, least: float = 3.0) -> pd.DataFrame:
        """Rank the (class, part) pairs that stand out against the other classes, the most striking first.

        Columns: label, part, n; share, others share (the median of the other classes), area; fall, others fall,
        control; attention and need, how far the two stand out in robust deviations; what (``both``, ``attention`` or
        ``need``).
        See ``standing_out``.

        Args:
            least: robust deviations from which a pair stands out.
        """
        return standing_out(self.by_class, least)

    def to_csv(self) -> str:
        """Return the table as the text of a CSV file."""
        return to_csv(self.table)


def _summed(rows: pd.DataFrame, intervals: bool = False) -> dict[str, float]:
    evidence = rows[rows["status"] == "ok"]
    share, area = evidence["share"].mean(), evidence["area"].mean()
    net = rows["fall"] - rows["control"]
    found = {
        "n": len(rows),
        "share": share,
        "area": area,
        "lift": share / area if area else np.nan,
        "pointing": evidence["point"].mean(),
        "fall": rows["fall"].mean(),
        "control": rows["control"].mean(),
        "net": net.mean(),
        "changed": rows["changed"].mean(),
    }
    if intervals:
        for name, values in (("share", evidence["share"]), ("fall", rows["fall"]), ("net", net)):
            found[f"{name} low"], found[f"{name} high"] = mean_interval(values)
    return found


def mean_interval(values: Iterable[float], confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of a mean by Student's t; NaN for fewer than two values."""
    from scipy.stats import t

    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    if len(known) < 2:
        return np.nan, np.nan
    half = t.ppf((1 + confidence) / 2, len(known) - 1) * known.std(ddof=1) / np.sqrt(len(known))
    return float(known.mean() - half), float(known.mean() + half)


def _proportion(hits: pd.Series) -> dict[str, float]:
    known = hits.dropna()
    if not len(known):
        return {"n": 0, "accuracy": np.nan, "low": np.nan, "high": np.nan}
    low, high = wilson_interval(int(known.sum()), len(known))
    return {"n": len(known), "accuracy": float(known.mean()), "low": low, "high": high}
