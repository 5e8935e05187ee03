"""Pixel values beyond 8 bits: which value is white is decided by the file's type and its data set, never by one image.

- Unsigned 16-bit integers: 65535 is white, as ``tf.io.decode_image`` and Pillow's 16-bit colour have it (the high byte
  counts), unless a TIFF declares fewer bits (``BitsPerSample``, or a ``MaxSampleValue`` of 1023, 4095 or 16383), or
  none of five or more 16-bit images looked at in the data set is brighter than 255, 1023, 4095 or 16383: then that is
  white for all of them.
  The significant bits that a PNG names (``sBIT``) change nothing: its values fill all 16 bits by definition.
- Floating point: 1 is white where the file, or all that was looked at in its data set, lies in [0, 1], or where the
  file declares its range (``SMaxSampleValue`` of 1, 255 or 65535).
- A TIFF of 16-bit or floating point values whose ``PhotometricInterpretation`` has 0 as white is inverted.
- Other integers, NaN and infinity, and values beyond the range are refused.
"""

import os
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from carvis.images.decode_limits import check_pixels
from carvis.images.orientation import EXIF_ORIENTATION, turned_upright
from carvis.images.strips import by_strips, strips
from carvis.language import Message
from carvis.workspace import (
    canonical_split,
    dataset_links,
    is_dataset,
    modified,
    open_regular,
    read_regular,
    split_folders,
    walk,
)

# Of a file that is read as a whole: twice the largest image that is read at all.
MAX_BYTES = 600_000_000
DEPTHS = (255, 1023, 4095, 16383, 65535)
# Enough to meet the brightest values; opening one costs a tenth of a millisecond where it is no such image.
_LOOKED_AT = 256
# Fewer say nothing of a data set: their brightest value would be that of an image.
_ENOUGH = 5
# Walking through the folders of a large data set takes a third of a second.
_STAMP_SECONDS = 10
_DEEP_SUFFIXES = (".png", ".tif", ".tiff", ".pgm", ".ppm")
_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT, _MAX_SAMPLE, _MAX_SAMPLE_ANY = 258, 262, 339, 281, 341
_SIGNED, _ZERO_IS_WHITE = 2, 0
_MODES = {"I;16": "unsigned", "I;16L": "unsigned", "I;16B": "unsigned", "I;16N": "unsigned", "F": "float"}
_lock = threading.Lock()


class Undecided(Exception):
    """It cannot be said which of an image's values is white; holds a ``Message`` that follows the file's name."""


@dataclass(frozen=True)
class Depth:
    """The range of a data set's images beyond 8 bits, as far as their files do not say it themselves.

    Attributes:
        integers, floats: how many of the images looked at hold 16-bit integers, or floating point numbers.
        white: the 16-bit value that is white.
        unit: whether all floating point images looked at lie in [0, 1].
    """

    integers: int = 0
    floats: int = 0
    white: int = 65535
    unit: bool = True

    def notes(self) -> list[Message]:
        """Say what was decided, one sentence each."""
        said = []
        if self.integers and self.white == 65535:
            said.append(
                Message(
                    "16-bit images are read with 65535 as white, as tf.io.decode_image does; "
                    "Keras's load_img makes everything above 255 white in grey ones."
                )
            )
        elif self.integers:
            said.append(
                Message(
                    "16-bit images are read with {white} as white, because none of the {n} looked at in this data set "
                    "is brighter; Keras reads them otherwise (65535 is white, or 255 where load_img reads grey).",
                    white=self.white,
                    n=self.integers,
                )
            )
        if self.floats and self.unit:
            said.append(
                Message(
                    "Images of decimal numbers are read with 1 as white, because all of the {n} looked at in this data "
                    "set lie between 0 and 1; Keras's load_img makes them black.",
                    n=self.floats,
                )
            )
        return said


def kind_of(picture: Image.Image) -> str | None:
    """Return ``unsigned``, ``float``, ``integer`` or ``colour`` for an image of more than 8 bits a value, else None."""
    if picture.mode in _MODES:
        return _MODES[picture.mode]
    if picture.mode == "I":
        # A PNG or PGM of 16 bits is opened so; a TIFF only where it is signed or longer.
        return "integer" if picture.format == "TIFF" else "unsigned"
    if picture.mode == "L" and _first_tag(picture, _SAMPLE_FORMAT) == _SIGNED:
        # Pillow takes -1 for 255.
        return "integer"
    if picture.format in ("PNG", "TIFF") and picture.tile and picture.mode in ("RGB", "RGBA", "LA"):
        raw = picture.tile[0][3]
        if ";16" in (raw if isinstance(raw, str) else str(raw[0])):
            return "colour"
    return None


def to_8_bit(picture: Image.Image, kind: str, source: str | Path | bytes) -> Image.Image:
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
    inverted = _first_tag(picture, _PHOTOMETRIC) == _ZERO_IS_WHITE
    if kind == "float":
        shallow = _float_to_8_bit(picture, depth)
        return Image.fromarray(255 - shallow if inverted else shallow)
    white = _declared(picture) or (depth.white if depth else 65535)
    clear = picture.info.get("transparency")
    if white == 65535 and kind == "colour" and clear is None:
        return picture
    values = np.asarray(picture) if kind == "unsigned" else _colour_values(picture, source)
    if values is None:
        return picture
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

    def shallow(part: np.ndarray) -> np.ndarray:
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


def _float_to_8_bit(picture: Image.Image, depth: Depth | None) -> np.ndarray:
    bounds = np.array([(part.min(), part.max()) for _rows, part in _float_strips(picture)])
    if not np.isfinite(bounds).all():
        raise Undecided(Message("holds NaN or infinite values: save it as an 8-bit or 16-bit image."))
    top = _first_tag(picture, _MAX_SAMPLE_ANY)
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
    shallow = np.empty((picture.height, picture.width), np.uint8)
    for rows, part in _float_strips(picture):
        shallow[rows] = (np.clip(part / top, 0, 1) * 255).round()
    return shallow


def _float_strips(picture: Image.Image) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the values in strips, as float64: all at once, those of a photograph would take half a gigabyte."""
    picture.load()
    for rows in strips(picture.height, picture.width):
        yield rows, np.asarray(picture.crop((0, rows.start, picture.width, rows.stop)), np.float64)


def _declared(picture: Image.Image) -> int | None:
    """Return the white of a 16-bit image that says it itself."""
    if picture.format in ("PPM",):
        return 65535  # Pillow has scaled it by its own maximum value.
    bits = _first_tag(picture, _BITS_PER_SAMPLE)
    if bits and 8 < bits < 16:
        return 2 ** int(bits) - 1
    most = _first_tag(picture, _MAX_SAMPLE)
    # Some programs write the brightest value that happens to be there: only a whole depth is a declaration.
    return int(most) if most in DEPTHS[1:-1] else None


def _first_tag(picture: Image.Image, tag: int):
    found = getattr(picture, "tag_v2", {}).get(tag)
    return found[0] if isinstance(found, tuple) and found else found


def _colour_values(picture: Image.Image, source: str | Path | bytes) -> np.ndarray | None:
    """Return all 16 bits of a colour image, of which Pillow keeps the upper eight; None where that fails."""
    turn = picture.tag_v2.get(EXIF_ORIENTATION, 1) if picture.format == "TIFF" else 1
    content = source if isinstance(source, bytes) else read_regular(source, MAX_BYTES)
    values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.ndim != 3:
        return None
    for rows in strips(*values.shape[:2]):
        values[rows, :, :3] = values[rows, :, 2::-1]
    return np.ascontiguousarray(turned_upright(values, turn))


def depth_around(source: str | Path | bytes) -> Depth | None:
    """Return the depth of the data set that a file lies in; None for a file in none, and for bytes."""
    if isinstance(source, bytes):
        return None
    for folder in Path(os.path.abspath(source)).parents:
        if canonical_split(folder.name) and is_dataset(folder.parent):
            return depth_of(folder.parent)
    return None


def depth_of(root: str | Path) -> Depth:
    """Look at up to 256 images of a data set, evenly spread by name, and decide their range.

    They are looked at again when images come or go.
    """
    with _lock:
        return _depth_of(str(root), _stamp(str(root), int(time.monotonic() / _STAMP_SECONDS)))


@lru_cache(maxsize=64)
def _stamp(root: str, moment: int) -> int:
    """Return what changes when images come or go, found out once in a moment: every deep image read asks for it."""
    links = dataset_links(root)
    tops = [str(place) for _split, place in split_folders(root)]
    inner = [found.path for top in tops for found in walk(top, links, folders=True)]
    return hash(tuple(modified(folder) for folder in (*tops, *inner)))


@lru_cache(maxsize=64)
def _depth_of(root: str, stamp: int) -> Depth:
    links = dataset_links(root)
    candidates = sorted(
        found.path
        for _split, place in split_folders(root)
        for found in walk(place, links)
        if found.name.lower().endswith(_DEEP_SUFFIXES)
    )
    places = np.linspace(0, len(candidates) - 1, min(_LOOKED_AT, len(candidates))).round().astype(int)
    integers = floats = top = 0
    unit = True
    for path in (candidates[place] for place in places):
        try:
            kind, low, high = _range_of(path)
        # What is broken is told where it is read.
        except Exception:
            continue
        if kind == "float":
            floats += 1
            unit = unit and low >= -1e-6 and high <= 1 + 1e-6
        elif kind:
            integers, top = integers + 1, max(top, int(high))
    white = next(depth for depth in DEPTHS if top <= depth) if integers >= _ENOUGH else 65535
    return Depth(integers, floats, white, unit)


def _range_of(path: str) -> tuple[str | None, float, float]:
    """Return the kind of an image and its lowest and highest value, where it does not declare its range."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with open_regular(path) as file, Image.open(file, formats=("PNG", "TIFF", "PPM")) as picture:
            check_pixels(picture)
            kind = kind_of(picture)
            if kind in (None, "integer") or (kind != "float" and _declared(picture)):
                return None, 0, 0
            values = _colour_values(picture, path) if kind == "colour" else np.asarray(picture)
            values = values[..., :3] if values is not None and values.ndim == 3 else values
            if values is None or not values.size or not np.isfinite(values).all():
                return None, 0, 0
            return kind, float(values.min()), float(values.max())
