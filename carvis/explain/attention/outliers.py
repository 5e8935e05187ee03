"""Which classes a model judges by a part that it does not use for the others."""

import numpy as np
import pandas as pd

from carvis.language import _

# Deviations below these are no difference, however alike the other classes are: shares and probabilities.
SMALLEST_SPREAD = 0.03
# A median of fewer classes says nothing about "the others"; a mean of fewer pictures nothing about a class.
FEWEST_CLASSES, FEWEST_PICTURES = 4, 3


_COLUMNS = ["label", "part", "n", "share", "others share", "area", "fall", "others fall", "control"]
_COLUMNS += ["attention", "need"]


def deviations(values: np.ndarray) -> np.ndarray:
    """Return how far each value lies from the others' median, in robust standard deviations.

    (x - median) / max(1.4826 MAD, ``SMALLEST_SPREAD``), where 1.4826 MAD is the standard deviation of a normal
    distribution (Rousseeuw and Croux, "Alternatives to the Median Absolute Deviation", JASA 1993, equation 1.2).

    Args:
        values: float (n,); NaN is left out of the median and stays NaN.
    """
    if not np.isfinite(values).any():
        return np.full(len(values), np.nan)
    middle = np.nanmedian(values)
    spread = 1.4826 * np.nanmedian(np.abs(values - middle))
    return (values - middle) / max(spread, SMALLEST_SPREAD)


def standing_out(by_class: pd.DataFrame, least: float = 3.0) -> pd.DataFrame:
    """Rank the (class, part) pairs that stand out against the other classes, seen in both ways before seen in one.

    Attention stands out where the map lies on the part more than the part's area tells, by more than for the other
    classes: a class whose pictures show more background is not unusual by that. Need stands out where covering the
    part takes more from the probability than for the other classes, and more than covering as much elsewhere.

    Args:
        by_class: index (label, part), columns n, share, area, fall, control, net (NaN where nothing was covered).
        least: robust deviations from which a pair stands out.

    Returns:
        See ``Attention.unusual``.
    """
    groups = [_compared(group) for _, group in by_class.groupby("part", sort=False)]
    table = pd.concat(groups) if groups else pd.DataFrame(columns=_COLUMNS)
    looks = table["attention"].fillna(0) >= least
    needs = (table["need"].fillna(0) >= least) & (table["net"] > 0)
    table["what"] = np.select([looks & needs, looks, needs], ["both", "attention", "need"], "")
    table["both"], table["score"] = looks & needs, table[["attention", "need"]].where(np.c_[looks, needs]).max(axis=1)
    table = table[looks | needs].sort_values(["both", "score"], ascending=False, kind="stable")
    return table[[*_COLUMNS, "what"]].reset_index(drop=True)


def _compared(group: pd.DataFrame) -> pd.DataFrame:
    """Set each class of one part against the others."""
    group = group[group["n"] >= FEWEST_PICTURES].reset_index()
    if len(group) < FEWEST_CLASSES:
        return group.iloc[:0].reindex(columns=[*_COLUMNS, "net"])
    for name in ("share", "fall"):
        group[f"others {name}"] = [group[name].drop(place).median() for place in group.index]
    group["attention"] = deviations((group["share"] - group["area"]).to_numpy(float))
    group["need"] = deviations(group["fall"].to_numpy(float))
    return group[[*_COLUMNS, "net"]]


def stands_out_words(row: dict) -> str:
    """Say a row of ``standing_out`` in a sentence."""
    values = {
        "part": row["part"],
        "share": _percent(row["share"]),
        "others": _percent(row["others share"]),
        "fall": f"{row['fall']:.2f}",
        "others_fall": f"{row['others fall']:.2f}",
    }
    if row["what"] == "need":
        said = [_("covering the {part} takes {fall} from the probability, {others_fall} in other classes")]
    else:
        said = [_("{share} of the attention lies on the {part}, {others} in other classes")]
        if row["fall"] == row["fall"]:
            said.append(_("covering it takes {fall} from the probability, {others_fall} in other classes"))
    return _("{label}: {words}.").format(label=row["label"], words=_("; ").join(said).format(**values))


def _percent(value: float) -> str:
    return f"{value:.0%}" if value >= 0.1 or value == 0 else f"{value:.1%}"
