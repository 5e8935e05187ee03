"""``Attention``: what one model looks at, and what it needs, in the parts of many images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from carvis.evaluation.metrics import wilson_interval
from carvis.explain.attention.outliers import part_outliers
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


@dataclass(frozen=True, eq=False)
class Attention:
    """Where the evidence of one model lies, and how much it needs each part, a row an image.

    Attributes:
        table: one row an image: id, label, predicted, confidence, right (the prediction is the label), target (the
            class explained), probability (of it), status (as ``Heatmap.status``); then, for each part, ``area:`` its
            share of the image and ``share:`` its share of the evidence (NaN where the heatmap holds none), ``point:``
            whether the heatmap's maximum lies on it, and with it occluded ``fall:`` by how much the target's
            probability falls, ``changed:`` whether the prediction changes, ``right:`` whether it is right, the same
            three under ``control:``, ``control changed:``, ``control right:`` with the same shape occluded elsewhere,
            and ``overlap:`` how much of the part the control occluded too. NaN where the part is not in the image, or
            nothing was occluded; ``area:`` and ``share:`` are 0 where it is not in the image, NaN where nobody looked
            for it.
        parts: the parts' names, in the annotations' order.
        skipped: how many images are not in the table, by reason: not annotated, unreadable, unknown class.
        problems: in sentences, what could not be read.
        setup: model, data set, split, method and everything else that made it.
        complete: False where it was stopped before the last image.
    """

    table: pd.DataFrame
    parts: tuple[str, ...]
    skipped: dict[str, int]
    problems: tuple[str, ...] = ()
    setup: dict = field(default_factory=dict)
    complete: bool = True

    def _repr_html_(self) -> str | None:
        from carvis.explain.display import attention_html

        return attention_html(self)

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known of the heatmaps, a sentence each."""
        return tuple(map(from_data, self.setup.get("notes", ())))

    @property
    def occluded(self) -> bool:
        """Whether parts were occluded."""
        # "cover" in results of earlier versions.
        return bool(self.setup.get("occlude", self.setup.get("cover")))

    @cached_property
    def without_evidence(self) -> dict[str, int]:
        """How many heatmaps hold no evidence, by status: they are in no mean of shares."""
        counts = self.table.loc[self.table["status"] != "ok", "status"].value_counts()
        return {str(status): int(n) for status, n in counts.items()}

    @cached_property
    def long(self) -> pd.DataFrame:
        """One row an image and part: id, label, status, part and the measures, without parts that are not there."""
        values = {
            measure: self.table[[f"{measure}:{part}" for part in self.parts]].to_numpy(float) for measure in MEASURES
        }
        part, row = np.nonzero(values["area"].T > 0)
        table = self.table[["id", "label", "status"]].iloc[row].reset_index(drop=True)
        table["part"] = np.array(self.parts, object)[part]
        for measure in MEASURES:
            table[measure] = values[measure][row, part]
        return table

    @cached_property
    def by_part(self) -> pd.DataFrame:
        """One row a part, over the images that show it: means, with 95 % confidence intervals of the means.

        Columns: n (images), share and area (of the images whose heatmap holds evidence), lift (share by area: above 1
        the part holds more evidence than by chance), pointing, fall, control, net (fall less control, image by
        image), changed; share, fall and net also as ``<name> low`` and ``<name> high`` (Student's t).
        """
        rows = {part: _summed(group, intervals=True) for part, group in self.long.groupby("part", sort=False)}
        table = pd.DataFrame.from_dict(rows, orient="index").reindex(self.parts)
        return table.rename_axis("part")

    @cached_property
    def by_class(self) -> pd.DataFrame:
        """One row a class (the label of the images) and part: index (label, part), columns as ``by_part``'s means."""
        groups = self.long.groupby(["label", "part"], sort=False)
        rows = {key: _summed(group) for key, group in groups}
        order = pd.MultiIndex.from_product([sorted(self.table["label"].unique()), self.parts], names=["label", "part"])
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.index = pd.MultiIndex.from_tuples(table.index) if len(table) else table.index
        return table.reindex(order)

    @cached_property
    def accuracy(self) -> pd.DataFrame:
        """Accuracy as the images are, and with each part occluded, over the images that show it.

        Index: the parts, with ``""`` for nothing occluded over all images. Columns: n, uncovered (accuracy of the same
        images as they are), accuracy, low, high (95 % Wilson interval), and the control's as control, control low,
        control high.
        """
        rows = {"": _proportion(self.table["right"].astype(float)) | {"uncovered": self.table["right"].mean()}}
        right = self.table.set_index("id")["right"].astype(float)
        for part, group in self.long.groupby("part", sort=False):
            control = {f"control {name}".replace(" accuracy", ""): value for name, value in
                       _proportion(group["control right"]).items() if name != "n"}  # fmt: skip
            uncovered = {"uncovered": float(right.loc[group["id"]].mean())}
            rows[str(part)] = _proportion(group["right"]) | control | uncovered
        columns = ["n", "uncovered", "accuracy", "low", "high", "control", "control low", "control high"]
        return pd.DataFrame.from_dict(rows, orient="index").reindex(["", *self.parts])[columns].rename_axis("part")

    def outliers(self, threshold: float = 3.0) -> pd.DataFrame:
        """Rank the (class, part) pairs that are unlike the other classes, the most striking first.

        Columns: label, part, n; share, others share (the median of the other classes), area; fall, others fall,
        control; attention and need, by how many robust deviations the two differ; kind (``both``, ``attention`` or
        ``need``).
        See ``part_outliers``.

        Args:
            threshold: robust deviations from which a pair is an outlier.
        """
        return part_outliers(self.by_class, threshold)

    def to_csv(self) -> str:
        """Return the table as the text of a CSV file."""
        return to_csv(self.table)


def _summed(rows: pd.DataFrame, intervals: bool = False) -> dict[str, float]:
    evidence = rows[rows["status"] == "ok"]
    share, area = evidence["share"].mean(), evidence["area"].mean()
    net = rows["fall"] - rows["control"]
    means = {
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
            means[f"{name} low"], means[f"{name} high"] = mean_interval(values)
    return means


def mean_interval(values: Iterable[float], confidence: float = 0.95) -> tuple[float, float]:
    """Return the confidence interval of a mean by Student's t; NaN for fewer than two values."""
    from scipy.stats import sem, t

    sample = np.asarray(values, float)
    sample = sample[np.isfinite(sample)]
    if len(sample) < 2:
        return np.nan, np.nan
    half = t.ppf((1 + confidence) / 2, len(sample) - 1) * sem(sample)
    return float(sample.mean() - half), float(sample.mean() + half)


def _proportion(hits: pd.Series) -> dict[str, float]:
    measured = hits.dropna()
    if not len(measured):
        return {"n": 0, "accuracy": np.nan, "low": np.nan, "high": np.nan}
    low, high = wilson_interval(int(measured.sum()), len(measured))
    return {"n": len(measured), "accuracy": float(measured.mean()), "low": low, "high": high}
