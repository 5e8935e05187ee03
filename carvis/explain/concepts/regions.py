"""The region of a concept in an image: its map, thresholded; and how regions match parts and each other."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.explain.attention.measures import points_at, summit
from carvis.explain.concepts.stability import best_pairs
from carvis.images import resize

Maps = Sequence[NDArray[np.floating]]
Mask = NDArray[np.bool_]
# The share of all positions, over all images, that a concept's region leaves out.
QUANTILE = 0.9
# Regions that overlap by less than this (intersection over union) are not the same.
SAME_REGION = 0.25
_SIDE = 56


def region_thresholds(maps: Maps, quantile: float = QUANTILE) -> NDArray[np.float64]:
    """Return, for each concept, the strength from which a position belongs to its region: float64 (k,).

    One threshold for all images, so that an image may be without the concept: a quantile of all positions, as in Bau
    et al., "Network Dissection" (CVPR 2017), section 2.2.

    Args:
        maps: of each image, float (h, w, k).
        quantile: share of the positions below the threshold.
    """
    values = np.concatenate([grid.reshape(-1, grid.shape[-1]) for grid in maps])
    return np.quantile(values.astype(np.float64), quantile, axis=0)


def region(grid: NDArray[np.floating], threshold: float, size: tuple[int, int]) -> Mask:
    """Return where a concept is in an image: bool of ``size`` (height, width).

    The map is enlarged as heatmaps are drawn (bilinearly, half-pixel centres), then thresholded.

    Args:
        grid: float (h, w), of one concept.
    """
    values = resize(np.asarray(grid, np.float32), size)
    return (values >= threshold) & (values > 0)


def part_matches(
    maps: Maps, thresholds: NDArray[np.floating], masks: Sequence[dict[str, Mask]], parts: Sequence[str]
) -> pd.DataFrame:
    """Tell how well the regions of concepts match annotated parts.

    Args:
        maps: of each image, float (h, w, k).
        thresholds: float (k,), as ``region_thresholds`` gives them.
        masks: of each image the parts that it shows, bool (H, W) each.
        parts: names of all parts.

    Returns:
        One row a concept and part: concept, part, n (images with the part in which the concept's map is not empty),
        iou (intersection over union of region and part, pixels of all images together), hit_rate (share of the n
        images whose map has its maximum on the part), area (the part's mean share of them: the hit rate of a maximum
        at a random place).
    """
    k = len(thresholds)
    both, either = np.zeros((k, len(parts))), np.zeros((k, len(parts)))
    hits, counted, area = (np.zeros((k, len(parts))) for _ in range(3))
    for grid, shown in zip(maps, masks, strict=True):
        if not shown:
            continue
        size = next(iter(shown.values())).shape
        scale = size[0] * size[1]
        for concept in range(k):
            mask = region(grid[..., concept], float(thresholds[concept]), (size[0], size[1]))
            marked = grid[..., concept].max() > 0
            place = summit(grid[..., concept])
            for column, part in enumerate(parts):
                own = shown.get(part)
                inside = np.count_nonzero(own) if own is not None else 0
                overlap = np.count_nonzero(mask & own) if own is not None else 0
                # Shares of an image, so that large images count no more than small ones.
                both[concept, column] += overlap / scale
                either[concept, column] += (np.count_nonzero(mask) + inside - overlap) / scale
                if own is not None and inside and marked:
                    counted[concept, column] += 1
                    hits[concept, column] += points_at(own, place)
                    area[concept, column] += inside / scale
    with np.errstate(invalid="ignore"):
        iou, rate, share = both / either, hits / counted, area / counted
    concepts, columns = np.indices(both.shape)
    return pd.DataFrame(
        {
            "concept": concepts.ravel(),
            "part": np.array(parts, object)[columns.ravel()],
            "n": counted.ravel().astype(int),
            "iou": np.nan_to_num(iou.ravel()),
            "hit_rate": rate.ravel(),
            "area": share.ravel(),
        }
    )


def region_overlaps(
    first: Maps, first_thresholds: NDArray[np.floating], second: Maps, second_thresholds: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the intersection over union of the regions of two sets of concepts in the same images: (k, j).

    Args:
        first, second: of each image, float (h, w, k) and (h', w', j).
    """
    both = np.zeros((len(first_thresholds), len(second_thresholds)))
    of_first, of_second = np.zeros(len(first_thresholds)), np.zeros(len(second_thresholds))
    for grid, other in zip(first, second, strict=True):
        rows = _flat_regions(grid, first_thresholds)
        columns = _flat_regions(other, second_thresholds)
        both += rows @ columns.T
        of_first += rows.sum(axis=1)
        of_second += columns.sum(axis=1)
    either = of_first[:, None] + of_second[None] - both
    return np.divide(both, either, out=np.zeros_like(both), where=either > 0)


def _flat_regions(grid: NDArray[np.floating], thresholds: NDArray[np.floating]) -> NDArray[np.float64]:
    masks = [
        region(grid[..., concept], float(level), (_SIDE, _SIDE)).ravel() for concept, level in enumerate(thresholds)
    ]
    return np.array(masks, np.float64)


def paired_regions(overlaps: NDArray[np.floating], least: float = SAME_REGION) -> pd.DataFrame:
    """Pair the concepts of two models by the overlap of their regions, each at most once.

    Args:
        overlaps: float (k, j), as ``region_overlaps`` gives them.
        least: overlap below which two concepts are not the same.

    Returns:
        One row a pair or unpaired concept: first, second (-1 where the model lacks it), iou (of an unpaired concept the
        largest overlap with any concept of the other model).
    """
    k, j = overlaps.shape
    rows, columns = best_pairs(overlaps)
    same = overlaps[rows, columns] >= least
    pairs = [(int(i), int(x), float(overlaps[i, x])) for i, x in zip(rows[same], columns[same])]
    pairs += [(i, -1, float(overlaps[i].max(initial=0))) for i in range(k) if i not in rows[same]]
    pairs += [(-1, x, float(overlaps[:, x].max(initial=0))) for x in range(j) if x not in columns[same]]
    return pd.DataFrame(pairs, columns=["first", "second", "iou"])
