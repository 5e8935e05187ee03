"""Which value is white in the images beyond 8 bits of a data set, decided by looking at many of them."""

import os
import threading
import time
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from carvis.images.decode_limits import check_pixels
from carvis.images.deep_values import DEPTHS, Kind, colour_values, declared_white, kind_of
from carvis.language import Message
from carvis.workspace import canonical_split, dataset_links, file_stamp, is_dataset, open_regular, split_folders, walk

# Enough to meet the brightest values; opening one costs a tenth of a millisecond where it is no such image.
_SAMPLED = 256
# Fewer say nothing about a data set: their brightest value may be that of a single image.
_ENOUGH = 5
# Walking through the folders of a large data set takes a third of a second.
_STAMP_SECONDS = 10
_DEEP_SUFFIXES = (".png", ".tif", ".tiff", ".pgm", ".ppm")
_lock = threading.Lock()


@dataclass(frozen=True)
class Depth:
    """The range of a data set's images beyond 8 bits, as far as their files do not say it themselves.

    Attributes:
        integers, floats: how many of the sampled images hold 16-bit integers, or floating point numbers.
        white: the 16-bit value that is white.
        unit: whether all sampled floating point images lie in [0, 1].
    """

    integers: int = 0
    floats: int = 0
    white: int = 65535
    unit: bool = True

    def notes(self) -> list[Message]:
        """Return one sentence on each decision."""
        notes = []
        if self.integers and self.white == 65535:
            notes.append(
                Message(
                    "16-bit images are read with 65535 as white, as tf.io.decode_image does; "
                    "Keras's load_img makes everything above 255 white in grey ones."
                )
            )
        elif self.integers:
            notes.append(
                Message(
                    "16-bit images are read with {white} as white, because none of the {n} looked at in this data set "
                    "is brighter; Keras reads them otherwise (65535 is white, or 255 where load_img reads grey).",
                    white=self.white,
                    n=self.integers,
                )
            )
        if self.floats and self.unit:
            notes.append(
                Message(
                    "Images of decimal numbers are read with 1 as white, because all of the {n} looked at in this data "
                    "set lie between 0 and 1; Keras's load_img makes them black.",
                    n=self.floats,
                )
            )
        return notes


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

    They are sampled again when images come or go.
    """
    with _lock:
        return _depth_of(str(root), _stamp(str(root), int(time.monotonic() / _STAMP_SECONDS)))


@lru_cache(maxsize=64)
def _stamp(root: str, moment: int) -> int:
    """Return what changes when images come or go, at most once every few seconds: every deep image read needs it."""
    links = dataset_links(root)
    tops = [str(place) for _split, place in split_folders(root)]
    inner = [inner_folder.path for top in tops for inner_folder in walk(top, links, folders=True)]
    return hash(tuple(file_stamp(folder).modified for folder in (*tops, *inner)))


@lru_cache(maxsize=64)
def _depth_of(root: str, stamp: int) -> Depth:
    links = dataset_links(root)
    candidates = sorted(
        entry.path
        for _split, place in split_folders(root)
        for entry in walk(place, links)
        if entry.name.lower().endswith(_DEEP_SUFFIXES)
    )
    places = np.linspace(0, len(candidates) - 1, min(_SAMPLED, len(candidates))).round().astype(int)
    integers = floats = top = 0
    unit = True
    kind: Kind | None
    for path in (candidates[place] for place in places):
        try:
            kind, low, high = _range_of(path)
        # A broken image is reported where it is read.
        except Exception:
            continue
        if kind == "float":
            floats += 1
            unit = unit and low >= -1e-6 and high <= 1 + 1e-6
        elif kind:
            integers, top = integers + 1, max(top, int(high))
    white = next(depth for depth in DEPTHS if top <= depth) if integers >= _ENOUGH else 65535
    return Depth(integers, floats, white, unit)


def _range_of(path: str) -> tuple[Kind | None, float, float]:
    """Return the kind of an image and its lowest and highest value, where it does not declare its range."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with open_regular(path) as file, Image.open(file, formats=("PNG", "TIFF", "PPM")) as image:
            check_pixels(image)
            kind = kind_of(image)
            if kind in (None, "integer") or (kind != "float" and declared_white(image)):
                return None, 0, 0
            values: NDArray[Any] | None
            values = colour_values(image, path) if kind == "colour" else np.asarray(image)
            values = values[..., :3] if values is not None and values.ndim == 3 else values
            if values is None or not values.size or not np.isfinite(values).all():
                return None, 0, 0
            return kind, float(values.min()), float(values.max())
