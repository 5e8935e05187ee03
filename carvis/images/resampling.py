"""Resizing images and maps by a named method."""

import cv2
import numpy as np

from carvis.images.choices import RESIZE_METHODS, ResizeMethod

# Nearest takes the same pixels as Pillow, and so as Keras's load_img; bilinear those of tf.image.resize.
_INTERPOLATION: dict[ResizeMethod, int] = {
    "nearest": cv2.INTER_NEAREST_EXACT,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
}

# What a screen shows: overlays and figures are drawn no larger unless more is asked for.
SHOWN_SIDE = 2048


def fitted(image: np.ndarray, side: int = SHOWN_SIDE, enlarge: bool = False) -> np.ndarray:
    """Bring an image, uint8 (H, W, 3) or (H, W, 1), to a longer side of ``side`` pixels.

    Args:
        image: one that is smaller stays as it is unless ``enlarge`` is set.
        side: in pixels.
        enlarge: make a small image larger, bicubic.
    """
    height, width = image.shape[:2]
    factor = side / max(height, width)
    if factor >= 1 and not enlarge:
        return image
    size = max(1, round(height * factor)), max(1, round(width * factor))
    return resize(image, size, "area" if factor < 1 else "bicubic")


def resize(image: np.ndarray, size: int | tuple[int, int], method: ResizeMethod = "bilinear") -> np.ndarray:
    """Resize an image or a map to ``size`` (one number for a square, or height and width).

    Args:
        image: array (h, w), (h, w, 1) or (h, w, 3), uint8 or float32.
        method: ``nearest`` (Pillow's and Keras ``load_img``'s), ``bilinear`` (half-pixel centres without
            antialiasing, as ``tf.image.resize``), ``bicubic`` or ``area``.
    """
    if method not in RESIZE_METHODS:
        raise ValueError(f"unknown resize method {method!r}: one of {', '.join(RESIZE_METHODS)}")
    height, width = (size, size) if isinstance(size, int) else size
    if image.shape[:2] == (height, width):
        return image
    resized = cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=_INTERPOLATION[method])
    return resized[..., None] if image.ndim == 3 and resized.ndim == 2 else resized
