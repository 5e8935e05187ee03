"""The values of images of more than 8 bits: their kind, the white that a file declares, and all bits of colour ones."""

from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from carvis.images.orientation import EXIF_ORIENTATION, turned_upright
from carvis.images.strips import strips
from carvis.workspace import read_regular

# Of a file that is read as a whole: twice the largest image that is read at all.
MAX_BYTES = 600_000_000
DEPTHS = (255, 1023, 4095, 16383, 65535)
Kind = Literal["unsigned", "float", "integer", "colour"]
BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLE_FORMAT, MAX_SAMPLE, MAX_SAMPLE_ANY = 258, 262, 339, 281, 341
_SIGNED, _ZERO_IS_WHITE = 2, 0
_MODES: dict[str, Kind] = {
    "I;16": "unsigned",
    "I;16L": "unsigned",
    "I;16B": "unsigned",
    "I;16N": "unsigned",
    "F": "float",
}


def kind_of(image: ImageFile.ImageFile) -> Kind | None:
    """Return ``unsigned``, ``float``, ``integer`` or ``colour`` for an image of more than 8 bits a value, else None."""
    if image.mode in _MODES:
        return _MODES[image.mode]
    if image.mode == "I":
        # A PNG or PGM of 16 bits is opened so; a TIFF only where it is signed or longer.
        return "integer" if image.format == "TIFF" else "unsigned"
    if image.mode == "L" and first_tag(image, SAMPLE_FORMAT) == _SIGNED:
        # Pillow reads -1 as 255.
        return "integer"
    if image.format in ("PNG", "TIFF") and image.tile and image.mode in ("RGB", "RGBA", "LA"):
        arguments = image.tile[0][3]
        if ";16" in str(arguments[0] if isinstance(arguments, tuple) else arguments):
            return "colour"
    return None


def declared_white(image: Image.Image) -> int | None:
    """Return the white of a 16-bit image that says it itself."""
    if image.format in ("PPM",):
        return 65535  # Pillow has scaled it by its own maximum value.
    bits = first_tag(image, BITS_PER_SAMPLE)
    if bits and 8 < bits < 16:
        return 2 ** int(bits) - 1
    most = first_tag(image, MAX_SAMPLE)
    # Some programs write the brightest value that happens to be there: only a whole depth is a declaration.
    return int(most) if most in DEPTHS[1:-1] else None


def zero_is_white(image: Image.Image) -> bool:
    """Tell whether a TIFF has 0 as white."""
    return first_tag(image, PHOTOMETRIC) == _ZERO_IS_WHITE


def first_tag(image: Image.Image, tag: int) -> Any:
    """Return the first value of a TIFF's tag; None where it has none."""
    value = getattr(image, "tag_v2", {}).get(tag)
    return value[0] if isinstance(value, tuple) and value else value


def colour_values(image: ImageFile.ImageFile, source: str | Path | bytes) -> NDArray[np.uint16] | None:
    """Return all 16 bits of a colour image, of which Pillow keeps the upper eight; None where that fails."""
    turn = (first_tag(image, EXIF_ORIENTATION) or 1) if image.format == "TIFF" else 1
    content = source if isinstance(source, bytes) else read_regular(source, MAX_BYTES)
    values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.ndim != 3:
        return None
    for rows in strips(*values.shape[:2]):
        values[rows, :, :3] = values[rows, :, 2::-1]
    return np.ascontiguousarray(turned_upright(values, turn))
