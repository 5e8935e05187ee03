"""Image files: encoded, written, and small."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from carvis.images.reader import read_image
from carvis.images.resampling import SHOWN_SIDE, fitted
from carvis.workspace import atomic_write


def encode_image(image: np.ndarray, format: str = "JPEG", quality: int = 92) -> bytes:
    """Encode an image, uint8 (H, W, 3), (H, W, 1) or (H, W), as ``JPEG`` or ``PNG``."""
    buffer = io.BytesIO()
    squeezed = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    options = {"quality": quality, "subsampling": 0} if format == "JPEG" else {}
    Image.fromarray(squeezed).save(buffer, format=format, **options)
    return buffer.getvalue()


def write_image(path: str | Path, image: np.ndarray, quality: int = 92) -> Path:
    """Write an image as PNG where the name ends so, else as JPEG."""
    return atomic_write(path, encode_image(image, "PNG" if Path(path).suffix.lower() == ".png" else "JPEG", quality))


def thumbnail(source: str | Path | bytes, size: int = 256) -> bytes:
    """Return a JPEG of the image fitted into ``size`` x ``size`` pixels; never enlarged.

    Raises:
        ImageError: as ``read_image``.
    """
    # Pillow's filter on a whole photograph takes seconds and a copy of it; four times the size leaves it enough.
    small = Image.fromarray(fitted(read_image(source), 4 * max(size, SHOWN_SIDE // 4)))
    small.thumbnail((size, size), Image.Resampling.LANCZOS)
    return encode_image(np.asarray(small), "JPEG", 85)
