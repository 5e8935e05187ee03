"""Outliers: classes for which a model relies on a part that it does not use for the other classes."""

from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# What is unlike the other classes: the share of the evidence and the cost of occlusion, or one of them.
Kind = Literal["both", "need", "attention"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# A smaller spread counts as this one, however alike the other classes are: of shares and of probabilities.
SMALLEST_SPREAD = 0.03
# A median of fewer classes says nothing about "the others"; a mean of fewer images nothing about a class.
FEWEST_CLASSES, FEWEST_IMAGES = 4, 3


_COLUMNS = ["label", "part", "n", "share", "others share", "area", "fall", "others fall", "control"]
_COLUMNS += ["attention", "need"]


def deviations(values: NDArray[np.floating]) -> NDArray[np.float64]:
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


def part_outliers(by_class: pd.DataFrame, threshold: float = 3.0) -> pd.DataFrame:
    """Rank the (class, part) pairs that are unlike the other classes, those that are so in both ways first.

    In attention: more of the evidence lies on the part than its area would hold by chance, by more than for the other
    classes: a class whose images show more background is no outlier by that. In need: occluding the part costs more
    probability than for the other classes, and more than occluding as much elsewhere.

    Args:
        by_class: index (label, part), columns n, share, area, fall, control, net (NaN where nothing was occluded).
        threshold: robust deviations from which a pair is an outlier.

    Returns:
        See ``Attention.outliers``.
    """
    groups = [_deviating(group) for _, group in by_class.groupby("part", sort=False)]
    table = pd.concat(groups) if groups else pd.DataFrame(columns=_COLUMNS)
    attention = table["attention"].fillna(0) >= threshold
    need = (table["need"].fillna(0) >= threshold) & (table["net"] > 0)
    table["kind"] = np.select([attention & need, attention, need], ["both", "attention", "need"], "")
    table["both"] = attention & need
    table["score"] = table[["attention", "need"]].where(np.c_[attention, need]).max(axis=1)
    table = table[attention | need].sort_values(["both", "score"], ascending=False, kind="stable")
    return table[[*_COLUMNS, "kind"]].reset_index(drop=True)


def _deviating(group: pd.DataFrame) -> pd.DataFrame:
    """Return how far each class deviates from the others in one part."""
    group = group[group["n"] >= FEWEST_IMAGES].reset_index()
    if len(group) < FEWEST_CLASSES:
        return group.iloc[:0].reindex(columns=[*_COLUMNS, "net"])
    for name in ("share", "fall"):
        group[f"others {name}"] = [group[name].drop(place).median() for place in group.index]
    group["attention"] = deviations((group["share"] - group["area"]).to_numpy(float))
    group["need"] = deviations(group["fall"].to_numpy(float))
    return group[[*_COLUMNS, "net"]]
