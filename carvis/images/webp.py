"""Large WebP images, for which Pillow keeps two canvases and two copies beside the image itself."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from carvis.images.decode_limits import TooMuchWork
from carvis.images.strips import strips
from carvis.language import Message
from carvis.workspace import read_regular

# Pillow takes 16 bytes a pixel: below this, at most 64 MB.
_PIXELS = 4_000_000
_MOST_BYTES = 600_000_000


def large(image: Image.Image, source: str | Path | bytes) -> np.ndarray | None:
    """Decode a large WebP image.

    Returns:
        uint8 array (H, W, 3) or (H, W, 4) as it is stored; None for any other image.

    Raises:
        TooMuchWork: it is animated.
        ValueError: it is damaged.
    """
    if image.format != "WEBP" or image.width * image.height < _PIXELS:
        return None
    if getattr(image, "is_animated", False):
        raise TooMuchWork(Message("animated"))
    content = source if isinstance(source, bytes) else read_regular(source, _MOST_BYTES)
    values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.shape[:2] != (image.height, image.width):
        raise ValueError("image file is truncated")
    for rows in strips(*values.shape[:2]):
        values[rows, :, :3] = values[rows, :, 2::-1]
    return values
