"""How similar heatmaps of several models are on one image: rank correlation, overlap, earth mover's distance."""

from itertools import combinations

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.explain.heatmap import Heatmap
from carvis.images import resize

TOP = 0.2
# The distance is computed by a linear programme, whose cost grows steeply with the number of cells.
_MAX_CELLS = 16


def compare_maps(maps: dict[str, Heatmap], swap: pd.DataFrame | None = None) -> pd.DataFrame:
    """Compare the heatmaps of several models on one image, pair by pair.

    Args:
        maps: the heatmap of each model, by name.
        swap: as ``evidence_swap`` returns it, added to the rows.

    Returns:
        A row per pair: first, second, rank_correlation (-1 to 1), top_overlap (0 to 1, by chance 0.2), distance (in
        sides of the image); NaN where one of the heatmaps shows no evidence. With ``swap`` also second_loses_by_first
        and first_loses_by_second: the share of its confidence that one model loses by the other's heatmap.
    """
    pairs = list(combinations(maps, 2))
    rows = [(first, second, *_measures(maps[first], maps[second])) for first, second in pairs]
    table = pd.DataFrame(rows, columns=["first", "second", "rank_correlation", "top_overlap", "distance"])
    if swap is not None:
        table["second_loses_by_first"] = pd.Series([swap.at[first, second] for first, second in pairs])
        table["first_loses_by_second"] = pd.Series([swap.at[second, first] for first, second in pairs])
    return table


def _measures(first: Heatmap, second: Heatmap) -> tuple[float, float, float]:
    if first.status != "ok" or second.status != "ok":
        return np.nan, np.nan, np.nan
    return (
        rank_correlation(first.raw, second.raw),
        top_overlap(first.raw, second.raw),
        earth_movers_distance(first.positive, second.positive),
    )


def density_difference(first: Heatmap, second: Heatmap) -> NDArray[np.float32]:
    """Subtract one model's density from another's: float32 (h, w) on the finer of their grids, with mean 0.

    Positive where the first model has more of its evidence than the second. A heatmap without evidence counts as zero.
    """
    height, width = (max(sides) for sides in zip(first.raw.shape, second.raw.shape, strict=True))
    densities = [_with_mean_1(resize(heatmap.density, (height, width))) for heatmap in (first, second)]
    return densities[0] - densities[1]


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's rank correlation of two maps (h, w), cell by cell on the coarser of their grids.

    NaN where one of them is the same everywhere.
    """
    from scipy.stats import spearmanr

    first, second = (values.ravel() for values in on_coarser_grid(first, second))
    # scipy would warn.
    if min(np.ptp(first), np.ptp(second)) == 0:
        return float("nan")
    return float(spearmanr(first, second).statistic)


def top_overlap(first: np.ndarray, second: np.ndarray, share: float = TOP) -> float:
    """Return which share of the cells with the most evidence two maps (h, w) have in common.

    Args:
        share: of the cells of the coarser grid that count as those with the most evidence; the overlap of two unrelated
            maps is as large.
    """
    first, second = (values.ravel() for values in on_coarser_grid(first, second))
    count = max(1, round(share * first.size))
    # Cells without evidence are ties: in the order of the rows two maps would share them without a reason.
    tops = [
        {i for i in np.argsort(-values, kind="stable")[:count].tolist() if values[i] > 0} for values in (first, second)
    ]
    return len(tops[0] & tops[1]) / max(*map(len, tops), 1)


def earth_movers_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Return how far evidence must be moved to turn one map into another, in sides of the image.

    Rubner, Tomasi and Guibas, "The Earth Mover's Distance" (IJCV 2000), equation 1, between the maps' shares of their
    sums, with Euclidean distance between the middles of cells; finer maps are brought to 16 x 16 cells at most.

    Args:
        first, second: float (h, w), not negative.

    Returns:
        0 for the same map; NaN where one of them is zero everywhere.
    """
    first, second = (np.maximum(values, 0) for values in on_coarser_grid(first, second, _MAX_CELLS))
    if not (first.any() and second.any()):
        return float("nan")
    rows, columns = ((np.arange(side) + 0.5) / side for side in first.shape)
    cells = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
    of_first, of_second = (
        np.column_stack([values.ravel() / values.sum(), cells]).astype(np.float32)[values.ravel() > 0]
        for values in (first, second)
    )
    return float(cv2.EMD(of_first, of_second, cv2.DIST_L2)[0])


def on_coarser_grid(
    first: np.ndarray, second: np.ndarray, most: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Average two maps down to the coarser of their grids, on each axis, and to ``most`` cells a side."""
    height, width = (min(sides) if most is None else min(*sides, most) for sides in zip(first.shape, second.shape))
    coarse = [resize(np.asarray(values, np.float32), (height, width), "area") for values in (first, second)]
    return coarse[0], coarse[1]


def _with_mean_1(values: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = values.mean()
    return values / mean if mean > 0 else values
