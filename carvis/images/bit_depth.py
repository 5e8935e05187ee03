"""Pixel values beyond 8 bits: which value is white is decided by the file's type and its data set, never by one image.

- Unsigned 16-bit integers: 65535 is white, as ``tf.io.decode_image`` and Pillow's 16-bit colour have it (the high byte
  counts), unless a TIFF declares fewer bits (``BitsPerSample``, or a ``MaxSampleValue`` of 1023, 4095 or 16383), or
  none of five or more 16-bit images sampled from the data set is brighter than 255, 1023, 4095 or 16383: then that is
  white for all of them.
  The significant bits that a PNG names (``sBIT``) change nothing: its values fill all 16 bits by definition.
- Floating point: 1 is white where the file, or every sampled image of its data set, lies in [0, 1], or where the
  file declares its range (``SMaxSampleValue`` of 1, 255 or 65535).
- A TIFF of 16-bit or floating point values whose ``PhotometricInterpretation`` has 0 as white is inverted.
- Other integers, NaN and infinity, and values beyond the range are refused.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from carvis.images.dataset_depth import Depth, depth_around
from carvis.images.deep_values import MAX_SAMPLE_ANY, Kind, colour_values, declared_white, first_tag, zero_is_white
from carvis.images.strips import by_strips, strips
from carvis.language import Message


class Undecided(Exception):
    """The white value of an image is ambiguous; holds a ``Message`` that follows the file's name."""


def to_8_bit(image: ImageFile.ImageFile, kind: Kind, source: str | Path | bytes) -> Image.Image:
    """Bring an image beyond 8 bits to 8 bits, its orientation as stored (but for TIFF, as Pillow loads it).

    Raises:
        Undecided: nothing says which of its values is white, or one lies beyond it.
    """
    if kind == "integer":
        raise Undecided(
            Message(
                "holds signed or 32-bit integers, and nothing says which value is white: "
                "save it as an 8-bit or 16-bit image."
            )
        )
    depth = depth_around(source)
    inverted = zero_is_white(image)
    if kind == "float":
        floats = _float_to_8_bit(image, depth)
        return Image.fromarray(255 - floats if inverted else floats)
    white = declared_white(image) or (depth.white if depth else 65535)
    clear = image.info.get("transparency")
    if white == 65535 and kind == "colour" and clear is None:
        return image
    values: NDArray[Any] | None
    values = np.asarray(image) if kind == "unsigned" else colour_values(image, source)
    if values is None:
        return image
    top = int((values[..., :3] if kind == "colour" else values).max())
    if top > white:
        raise Undecided(
            Message(
                "holds values up to {top}, but 16-bit images like it are read with {white} as white, as the others of "
                "its data set or its own header have it: save it as an 8-bit image.",
                top=top,
                white=white,
            )
        )

    def shallow(part: NDArray[Any]) -> NDArray[np.uint8]:
        part, alpha = (part[..., :3], part[..., 3:] >> 8) if kind == "colour" else (part, part[..., :0])
        if clear is not None and not (kind == "colour" and alpha.size):
            # PNG names one value, of all 16 bits, that is transparent.
            hidden = part == clear if kind == "unsigned" else (part == np.array(clear)).all(axis=2)
            alpha = np.where(hidden, 0, 255)[..., None]
        if inverted and kind == "unsigned":
            part = white - part
        part = (part >> 8 if white == 65535 else (part * (255.0 / white)).round()).astype(np.uint8)
        if not (kind == "colour" or clear is not None):
            return part
        return np.concatenate([part if part.ndim == 3 else part[..., None], alpha.astype(np.uint8)], axis=2)

    return Image.fromarray(by_strips(shallow, values))


def _float_to_8_bit(image: ImageFile.ImageFile, depth: Depth | None) -> NDArray[np.uint8]:
    bounds = np.array([(part.min(), part.max()) for _rows, part in _float_strips(image)])
    if not np.isfinite(bounds).all():
        raise Undecided(Message("holds NaN or infinite values: save it as an 8-bit or 16-bit image."))
    top = first_tag(image, MAX_SAMPLE_ANY)
    top = float(top) if top in (1, 255, 65535) else 1.0
    low, high = float(bounds.min()), float(bounds.max())
    if top == 1.0 and depth and depth.floats and not depth.unit:
        raise Undecided(
            Message(
                "holds decimal numbers, which go beyond 1 in other images of its data set, and nothing says which "
                "value is white: save them as 8-bit or 16-bit images."
            )
        )
    if low < -1e-6 or high > top * (1 + 1e-6):
        raise Undecided(
            Message(
                "holds decimal numbers from {low} to {high}, and nothing says which value is white: "
                "save it as an 8-bit or 16-bit image.",
                low=f"{low:.4g}",
                high=f"{high:.4g}",
            )
        )
    shallow = np.empty((image.height, image.width), np.uint8)
    for rows, part in _float_strips(image):
        shallow[rows] = (np.clip(part / top, 0, 1) * 255).round()
    return shallow


def _float_strips(image: ImageFile.ImageFile) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield the values in strips, as float64: all at once, those of a photograph would take half a gigabyte."""
    image.load()
    for rows in strips(image.height, image.width):
        yield rows, np.asarray(image.crop((0, rows.start, image.width, rows.stop)), np.float64)
