"""Maps laid on the part of an image that a model sees, where it crops or pads images itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from carvis.classifier.frame import Frame


# A map that is laid on a part of an image is drawn on a grid of at most so many cells a side.
GRID = 224


def placed(values: np.ndarray, frame: Frame, size: tuple[int, int] | None = None) -> np.ndarray:
    """Lay a map (h, w) on the whole image: bilinear within the frame, half-pixel centres, zero outside it.

    Args:
        size: rows and columns of what is made; None for those of the image, at most ``GRID``.

    Returns:
        The map as it is where the frame is the whole image, else float32 (rows, columns).
    """
    if frame.whole:
        return values
    rows, columns = size or tuple(min(side, GRID) for side in frame.image)
    down = _weights(rows, frame.image[0], frame.top, frame.height, values.shape[0])
    across = _weights(columns, frame.image[1], frame.left, frame.width, values.shape[1])
    return (down @ values.astype(np.float64) @ across.T).astype(np.float32)


def _weights(cells: int, side: int, start: float, length: float, n: int) -> np.ndarray:
    """Return how much each of ``n`` values counts at each of the cells along one axis: (cells, n)."""
    centres = (np.arange(cells) + 0.5) * side / cells - start
    places = np.clip(centres / length * n - 0.5, 0, n - 1)
    weights = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(n)))
    return weights * ((centres >= 0) & (centres < length))[:, None]
