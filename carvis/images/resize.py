"""Resizing pictures and maps by a named method."""

import cv2
import numpy as np

# Nearest takes the same pixels as Pillow, and so as Keras's load_img; bilinear those of tf.image.resize.
RESIZE_METHODS = {
    "nearest": cv2.INTER_NEAREST_EXACT,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
}


def resize(image: np.ndarray, size: int | tuple[int, int], method: str = "bilinear") -> np.ndarray:
    """Resize a picture or a map to ``size`` (one number for a square, or height and width).

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
    resized = cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=RESIZE_METHODS[method])
    return resized[..., None] if image.ndim == 3 and resized.ndim == 2 else resized
