"""How far the difference of two accuracies could lie elsewhere: the paired bootstrap, whole and class by class."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

_RESAMPLES = 10_000


def accuracy_difference(
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    seed: int = 0,
    resamples: int = _RESAMPLES,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """The percentile interval (low, high) of the second model's accuracy minus the first's, by the paired bootstrap.

    Images are drawn again with replacement, each with both predictions. A resample's difference depends only on how
    many drawn images each model alone gets right: those counts are multinomial, so they are drawn directly, which
    is the same distribution and costs the same for any number of images.

    Args:
        first, second: whether each model is right on the same images in the same order, bool (N,).

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    counts = np.array([_counts(first, second)])
    low, high = _interval(counts, seed, resamples, confidence)
    return float(low[0]), float(high[0])


def difference_by_class(
    labels: ArrayLike,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    seed: int = 0,
    resamples: int = _RESAMPLES,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Both accuracies and their difference for the images of each true class, with bootstrap intervals.

    Images are drawn again within their class. An interval is as good as its class is large: a class on which the
    models are right on the same images has the interval from 0 to 0, however few its images are.

    Args:
        labels: true classes (N,).
        first, second: whether each model is right, bool (N,).

    Returns:
        One row per class, by name: n, first, second (accuracies), only_first, only_second (images), difference (second
        minus first), low, high.
    """
    table = pd.DataFrame({"label": labels, "first": first, "second": second})
    table["only_first"], table["only_second"] = first & ~second, second & ~first
    groups = table.groupby("label", sort=True)
    by_class = groups[["first", "second"]].mean().join(groups[["only_first", "only_second"]].sum())
    by_class.insert(0, "n", groups.size())
    by_class["difference"] = (by_class["only_second"] - by_class["only_first"]) / by_class["n"]
    discordant = by_class[["only_first", "only_second"]].to_numpy()
    counts = np.column_stack([discordant, by_class["n"].to_numpy() - discordant.sum(axis=1)])
    by_class["low"], by_class["high"] = _interval(counts, seed, resamples, confidence)
    return by_class.rename_axis("class")


def _counts(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> list[int]:
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    return [only_first, only_second, len(first) - only_first - only_second]


def _interval(
    counts: NDArray[np.int_], seed: int, resamples: int, confidence: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Intervals for rows of counts (only first, only second, same), each row resampled by itself."""
    rng = np.random.default_rng(seed)
    n = counts.sum(axis=1)
    tail = 50 * (1 - confidence)
    low, high = np.zeros(len(counts)), np.zeros(len(counts))
    for row, (row_counts, total) in enumerate(zip(counts, n)):
        if row_counts[0] or row_counts[1]:
            resampled = rng.multinomial(total, row_counts / total, size=resamples)
            low[row], high[row] = np.percentile((resampled[:, 1] - resampled[:, 0]) / total, [tail, 100 - tail])
    return low, high
