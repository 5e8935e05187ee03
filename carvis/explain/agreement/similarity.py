"""How alike the maps of several models are on one picture: rank correlation, overlap, earth mover's distance."""

from itertools import combinations

import cv2
import numpy as np
import pandas as pd

from carvis.explain.heatmap import Heatmap
from carvis.images import resize

TOP = 0.2
# The distance is found by a linear programme, whose cost grows steeply with the number of cells.
_MOST_CELLS = 16


def compare_maps(maps: dict[str, Heatmap], swap: pd.DataFrame | None = None) -> pd.DataFrame:
    """Compare the heatmaps of several models on one picture, two by two.

    Args:
        maps: the heatmap of each model, by name.
        swap: as ``evidence_swap`` returns it, to be told in the same rows.

    Returns:
        A row a pair: first, second, rank_correlation (-1 to 1), top_overlap (0 to 1, by chance 0.2), distance (in
        sides of the picture); NaN where one of the maps shows no evidence. With ``swap`` also second_loses_by_first and
        first_loses_by_second: the share of its confidence that one model loses by the other's map.
    """
    rows = [(one, other, *_measures(maps[one], maps[other])) for one, other in combinations(maps, 2)]
    table = pd.DataFrame(rows, columns=["first", "second", "rank_correlation", "top_overlap", "distance"])
    if swap is not None:
        table["second_loses_by_first"] = [swap.loc[one, other] for one, other, *_ in rows]
        table["first_loses_by_second"] = [swap.loc[other, one] for one, other, *_ in rows]
    return table


def _measures(one: Heatmap, other: Heatmap) -> tuple[float, float, float]:
    if one.status != "ok" or other.status != "ok":
        return (np.nan,) * 3
    return (
        rank_correlation(one.raw, other.raw),
        top_overlap(one.raw, other.raw),
        earth_movers_distance(one.positive, other.positive),
    )


def density_difference(one: Heatmap, other: Heatmap) -> np.ndarray:
    """Subtract one model's density from another's: float32 (h, w) on the finer of their grids, with mean 0.

    Positive where the first model has more of its evidence than the second. A map without evidence counts as zero.
    """
    finer = tuple(map(max, one.raw.shape, other.raw.shape))
    first, second = (_mean_one(resize(heatmap.density, finer)) for heatmap in (one, other))
    return first - second


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Return Spearman's rank correlation of two maps (h, w), place by place on the coarser of their grids.

    NaN where one of them is the same everywhere.
    """
    from scipy.stats import rankdata

    ranks = [rankdata(values) for values in on_coarser_grid(one, other)]
    spreads = [rank.std() for rank in ranks]
    if min(spreads) == 0:
        return float("nan")
    first, second = (rank - rank.mean() for rank in ranks)
    return float((first * second).mean() / (spreads[0] * spreads[1]))


def top_overlap(one: np.ndarray, other: np.ndarray, share: float = TOP) -> float:
    """Return which share of the places with the most evidence two maps (h, w) have in common.

    Args:
        share: of the places of the coarser grid that count as those with the most evidence; so large is the overlap of
            two maps that have nothing to do with each other.
    """
    first, second = (values.ravel() for values in on_coarser_grid(one, other))
    count = max(1, round(share * first.size))
    # Places without evidence are equals: in the order of the rows two maps would share them for nothing.
    tops = [
        {i for i in np.argsort(-values, kind="stable")[:count].tolist() if values[i] > 0} for values in (first, second)
    ]
    return len(tops[0] & tops[1]) / max(*map(len, tops), 1)


def earth_movers_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return how far evidence must be carried to turn one map into another, in sides of the picture.

    Rubner, Tomasi and Guibas, "The Earth Mover's Distance" (IJCV 2000), equation 1, between the maps' shares of their
    sums, with Euclidean distance between the middles of cells; finer maps are brought to 16 x 16 cells at most.

    Args:
        one, other: float (h, w), not negative.

    Returns:
        0 for the same map; NaN where one of them is zero everywhere.
    """
    first, second = (np.maximum(values, 0) for values in on_coarser_grid(one, other, _MOST_CELLS))
    if not (first.any() and second.any()):
        return float("nan")
    rows, columns = ((np.arange(side) + 0.5) / side for side in first.shape)
    places = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
    signatures = [
        np.column_stack([values.ravel() / values.sum(), places]).astype(np.float32)[values.ravel() > 0]
        for values in (first, second)
    ]
    return float(cv2.EMD(*signatures, cv2.DIST_L2)[0])


def on_coarser_grid(one: np.ndarray, other: np.ndarray, most: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Average two maps down to the coarser of their grids, on each axis, and to ``most`` cells a side."""
    height, width = (min(sides) if most is None else min(*sides, most) for sides in zip(one.shape, other.shape))
    return tuple(resize(np.asarray(values, np.float32), (height, width), "area") for values in (one, other))


def _mean_one(values: np.ndarray) -> np.ndarray:
    mean = values.mean()
    return values / mean if mean > 0 else values
