"""One way to read a picture: RGB uint8 with its EXIF orientation applied; resize, colour, overlay, write."""

import io
import warnings
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from carvis.errors import ImageError
from carvis.workspace import atomic_write

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
MAX_PIXELS = 50_000_000
# Pillow opens others too, one of them (EPS) by starting another program.
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")

DIVERGING = "RdBu_r"

# Nearest takes the same pixels as Pillow, and so as Keras's load_img; bilinear those of tf.image.resize.
RESIZE_METHODS = {
    "nearest": cv2.INTER_NEAREST_EXACT,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
}


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


def load_batch(
    paths: Iterable[str | Path], size: int | tuple[int, int], method: str = "bilinear", channels: int = 3
) -> np.ndarray:
    """Read pictures and resize each to ``size``: uint8 array (N, height, width, channels)."""
    return np.stack([resize(read_image(path, channels), size, method) for path in paths])


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
    """Lay a coloured map over a picture: (1 - alpha) picture + alpha colour where there is evidence.

    Args:
        image: uint8 (H, W, 3) or (H, W, 1).
        heat: values in [0, 1], array (h, w); resized bilinearly to the picture.
        alpha: weight of the colour in [0, 1].
        colormap: a matplotlib name, or ``tutorial`` for the picture + 0.4 JET, clipped.

    Returns:
        uint8 (H, W, 3). Where the map is zero the picture is left as it is (but for ``tutorial``).
    """
    rgb = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
    heat = np.clip(resize(np.asarray(heat, np.float32), rgb.shape[:2], "bilinear"), 0, 1)
    colour = colorize(heat, colormap).astype(np.float32)
    if colormap == "tutorial":
        mixed = rgb + 0.4 * colour
    else:
        # The weight falls to nothing over the lowest values, or the edge of the evidence would be a hard seam.
        weight = alpha * np.minimum(heat / 0.1, 1.0)[..., None]
        mixed = (1 - weight) * rgb + weight * colour
    return np.clip(mixed, 0, 255).round().astype(np.uint8)


def overlay_difference(image: np.ndarray, difference: np.ndarray, top: float, alpha: float = 0.6) -> np.ndarray:
    """Lay a signed map over a picture turned grey: red where it is positive, blue where it is negative.

    Args:
        image: uint8 (H, W, 3) or (H, W, 1).
        difference: float (h, w); resized bilinearly to the picture.
        top: the size that is drawn in full colour; where the map is zero the grey picture is left as it is.
        alpha: weight of the colour in [0, 1].

    Returns:
        uint8 (H, W, 3).
    """
    rgb = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
    grey = np.repeat(rgb.mean(axis=2, keepdims=True, dtype=np.float32), 3, axis=2)
    scaled = np.clip(resize(np.asarray(difference, np.float32), rgb.shape[:2]) / (top or 1), -1, 1)
    colour = colorize((scaled + 1) / 2, DIVERGING).astype(np.float32)
    weight = alpha * np.minimum(np.abs(scaled) / 0.5, 1)[..., None]
    return ((1 - weight) * grey + weight * colour).round().astype(np.uint8)


def encode_image(image: np.ndarray, format: str = "JPEG", quality: int = 92) -> bytes:
    """Encode a picture, uint8 (H, W, 3), (H, W, 1) or (H, W), as ``JPEG`` or ``PNG``."""
    buffer = io.BytesIO()
    squeezed = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    options = {"quality": quality, "subsampling": 0} if format == "JPEG" else {}
    Image.fromarray(squeezed).save(buffer, format=format, **options)
    return buffer.getvalue()


def write_image(path: str | Path, image: np.ndarray, quality: int = 92) -> Path:
    """Write a picture as PNG where the name ends so, else as JPEG."""
    return atomic_write(path, encode_image(image, "PNG" if Path(path).suffix.lower() == ".png" else "JPEG", quality))


def thumbnail(source: str | Path | bytes, size: int = 256) -> bytes:
    """Return a JPEG of the picture fitted into ``size`` x ``size`` pixels; never enlarged.

    Raises:
        ImageError: as ``read_image``.
    """
    picture = Image.fromarray(read_image(source))
    picture.thumbnail((size, size), Image.Resampling.LANCZOS)
    return encode_image(np.asarray(picture), "JPEG", 85)
