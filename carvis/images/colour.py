"""Colouring maps and laying them over images."""

from functools import lru_cache
from typing import Literal, get_args

import cv2
import numpy as np

from carvis.images.resampling import resize
from carvis.images.strips import by_strips

DIVERGING = "RdBu_r"
# The colour maps on offer; functions take any other name of matplotlib, too.
ColorMap = Literal["viridis", "cividis", "magma", "tutorial"]
COLORMAPS: tuple[ColorMap, ...] = get_args(ColorMap)


@lru_cache(maxsize=16)
def _colour_table(colormap: str) -> np.ndarray:
    if colormap == "tutorial":
        return cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_JET)[:, 0, ::-1].copy()
    from matplotlib import colormaps

    return (colormaps[colormap](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def colorize(heat: np.ndarray, colormap: str = "viridis") -> np.ndarray:
    """Colour a map of values in [0, 1]: array (h, w) to uint8 (h, w, 3)."""
    return _colour_table(colormap)[np.clip(np.asarray(heat, np.float32) * 255, 0, 255).round().astype(np.uint8)]


def overlay(image: np.ndarray, heat: np.ndarray, alpha: float = 0.4, colormap: str = "viridis") -> np.ndarray:
    """Lay a coloured map over an image: (1 - alpha) image + alpha colour where there is evidence.

    Args:
        image: uint8 (H, W, 3) or (H, W, 1).
        heat: values in [0, 1], array (h, w); resized bilinearly to the image.
        alpha: weight of the colour in [0, 1].
        colormap: a matplotlib name, or ``tutorial`` for the image + 0.4 JET, clipped.

    Returns:
        uint8 (H, W, 3). Where the map is zero the image is left as it is (but for ``tutorial``).
    """

    def mix(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
        rgb = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
        heat = np.clip(heat, 0, 1)
        colour = colorize(heat, colormap).astype(np.float32)
        if colormap == "tutorial":
            mixed = rgb + 0.4 * colour
        else:
            # The weight falls to nothing over the lowest values, or the edge of the evidence would be a hard seam.
            weight = alpha * np.minimum(heat / 0.1, 1.0)[..., None]
            mixed = (1 - weight) * rgb + weight * colour
        return np.clip(mixed, 0, 255).round().astype(np.uint8)

    return by_strips(mix, image, resize(np.asarray(heat, np.float32), image.shape[:2], "bilinear"))


def overlay_difference(image: np.ndarray, difference: np.ndarray, top: float, alpha: float = 0.6) -> np.ndarray:
    """Lay a signed map over an image turned grey: red where it is positive, blue where it is negative.

    Args:
        image: uint8 (H, W, 3) or (H, W, 1).
        difference: float (h, w); resized bilinearly to the image.
        top: the size that is drawn in full colour; where the map is zero the grey image is left as it is.
        alpha: weight of the colour in [0, 1].

    Returns:
        uint8 (H, W, 3).
    """

    def mix(image: np.ndarray, difference: np.ndarray) -> np.ndarray:
        rgb = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
        grey = np.repeat(rgb.mean(axis=2, keepdims=True, dtype=np.float32), 3, axis=2)
        scaled = np.clip(difference / (top or 1), -1, 1)
        colour = colorize((scaled + 1) / 2, DIVERGING).astype(np.float32)
        weight = alpha * np.minimum(np.abs(scaled) / 0.5, 1)[..., None]
        return ((1 - weight) * grey + weight * colour).round().astype(np.uint8)

    return by_strips(mix, image, resize(np.asarray(difference, np.float32), image.shape[:2]))


def crossed_tile(size: int) -> np.ndarray:
    """Draw a dark tile with a cross, for a dead filter or channel: uint8 (size, size, 3)."""
    tile = np.full((size, size, 3), 24, np.uint8)
    along = np.arange(size)
    tile[along, along] = tile[along, size - 1 - along] = 90
    return tile
