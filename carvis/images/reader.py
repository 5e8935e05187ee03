"""One way to read a picture: RGB uint8 with its EXIF orientation applied."""

import io
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from carvis.errors import ImageError
from carvis.images.resize import resize

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
MAX_PIXELS = 50_000_000
# Pillow opens others too, one of them (EPS) by starting another program.
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")


def read_image(source: str | Path | bytes, channels: int = 3) -> np.ndarray:
    """Read a picture from a file or from its bytes.

    Args:
        source: a path, or the content of a picture file.
        channels: 3 for RGB, 1 for grey.

    Returns:
        uint8 array (height, width, channels), the first frame, upright, transparent parts on white.

    Raises:
        ImageError: no such file, no picture, damaged, or more than ``MAX_PIXELS`` pixels.
    """
    name = "The uploaded file" if isinstance(source, bytes) else str(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=_FORMATS) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    size = f"{picture.width} x {picture.height} pixels"
                    limit = f"{MAX_PIXELS // 10**6} million"
                    raise ImageError(f"{name} has {size}, more than {limit}: make it smaller first.")
                return _to_array(picture, channels)
    except FileNotFoundError:
        raise ImageError(f"{name} does not exist: check the path.") from None
    except IsADirectoryError:
        raise ImageError(f"{name} is a folder: name a picture in it.") from None
    except PermissionError:
        raise ImageError(f"{name} may not be read: check its permissions.") from None
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise ImageError(f"{name} is not a picture that can be read: replace or remove it.") from None
    # Pillow's decoders report damage in many ways (SyntaxError, struct.error, zlib.error, ...).
    except ImageError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(f"{name} is damaged ({reason}): replace or remove it.") from None


def _to_array(picture: Image.Image, channels: int) -> np.ndarray:
    # In place, and converted only where it must be: Pillow copies the picture for each.
    ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode in ("I;16", "I;16L", "I;16B", "I", "F"):
        picture = _to_8_bit(picture)
    if "A" in picture.getbands() or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    mode = "L" if channels == 1 else "RGB"
    array = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    return array[..., None] if channels == 1 else array


def _to_8_bit(picture: Image.Image) -> Image.Image:
    values = np.asarray(picture, dtype=np.float64)
    top = 65535.0 if values.max(initial=0) > 255 else 255.0
    return Image.fromarray(np.clip(np.nan_to_num(values) * (255.0 / top), 0, 255).round().astype(np.uint8))


def load_batch(
    paths: Iterable[str | Path], size: int | tuple[int, int], method: str = "bilinear", channels: int = 3
) -> np.ndarray:
    """Read pictures and resize each to ``size``: uint8 array (N, height, width, channels)."""
    return np.stack([resize(read_image(path, channels), size, method) for path in paths])
