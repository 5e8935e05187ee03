"""How the evidence of a heatmap lies on the parts of an image: shares, the pointing game, a fair frame for both."""

from functools import lru_cache

import numpy as np

from carvis.images import resize


def coverage(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Average a mask over the pixels of the image that the model sees: what share of each belongs to the part.

    A part's share of the image stays what it was, whatever the sizes, so that one of a few pixels is neither lost
    nor blown up; sampling a mask of another size keeps neither.

    Args:
        mask: bool (H, W).
        size: (h, w) of the image that the model sees; each of its pixels averages H/h x W/w of the mask's.

    Returns:
        float32 (h, w) in [0, 1].
    """
    down, across = _overlaps(mask.shape[0], size[0]), _overlaps(mask.shape[1], size[1])
    return down @ mask.astype(np.float32) @ across.T


@lru_cache(maxsize=64)
def _overlaps(source: int, target: int) -> np.ndarray:
    """Return, for each of ``target`` equal pieces of a line, how much of it each of ``source`` pieces covers."""
    edges = np.arange(target + 1) * (source / target)
    places = np.arange(source)
    overlap = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    return (np.maximum(overlap, 0) * (target / source)).astype(np.float32)


def shares(evidence: np.ndarray, covers: np.ndarray) -> np.ndarray:
    """Return the share of a heatmap's positive evidence that lies on each part.

    The heatmap is enlarged as it is drawn over images (bilinearly, half-pixel centres) and then weighed by how far each
    pixel belongs to the part. Parts may overlap, so the shares need not sum to 1.

    Args:
        evidence: float (h, w), the positive part of a heatmap, not all zero.
        covers: float (P, H, W), the parts as ``coverage`` gives them.

    Returns:
        float64 (P,).
    """
    enlarged = resize(np.maximum(evidence, 0).astype(np.float32), covers.shape[1:]).astype(np.float64)
    return np.tensordot(covers.astype(np.float64), enlarged, 2) / enlarged.sum()


def summit(evidence: np.ndarray) -> tuple[float, float]:
    """Return where a heatmap is largest, as shares (down, across) of the image.

    It is the middle of its largest cell: a bilinearly enlarged heatmap has its maximum there.
    """
    row, column = np.unravel_index(int(np.argmax(evidence)), evidence.shape)
    return float((row + 0.5) / evidence.shape[0]), float((column + 0.5) / evidence.shape[1])


def points_at(mask: np.ndarray, place: tuple[float, float], tolerance: float = 0.0) -> bool:
    """Tell whether a place lies on a part, or at most ``tolerance`` of the mask's pixels away from it.

    The pointing game of Zhang et al., "Top-Down Neural Attention by Excitation Backprop" (ECCV 2016), section 4.1,
    where the tolerance is 15 pixels.

    Args:
        mask: bool (H, W).
        place: shares (down, across) of the image, as ``summit`` gives them.
    """
    height, width = mask.shape
    row, column = min(int(place[0] * height), height - 1), min(int(place[1] * width), width - 1)
    if mask[row, column] or tolerance <= 0:
        return bool(mask[row, column])
    reach = int(np.ceil(tolerance))
    top, left = max(row - reach, 0), max(column - reach, 0)
    rows, columns = np.nonzero(mask[top : row + reach + 1, left : column + reach + 1])
    near = (rows + top - row) ** 2 + (columns + left - column) ** 2 <= tolerance**2
    return bool(near.any())
