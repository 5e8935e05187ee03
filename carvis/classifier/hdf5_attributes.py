"""Attributes of an HDF5 file: texts and numbers, measured before they are read."""

import math
import re

import h5py
from h5py import h5a, h5d, h5g, h5t

from carvis.classifier.foreign_text import foreign_text
from carvis.classifier.growth import allowed, check_growth
from carvis.classifier.hdf5_file import OpenFile

_TEXT_HEAP = re.compile(rb"GCOL.{4}(.{8})", re.DOTALL)


def read_attribute(handle: h5g.GroupID | h5d.DatasetID, name: str, book: OpenFile):
    """Return the text, number or array of an attribute, None where there is none.

    Raises:
        ValueError: it is neither text nor number.
        ModelError: its texts may be far longer together than the file.
    """
    key = name.encode("utf-8", "surrogateescape")
    if not h5a.exists(handle, key):
        return None
    opened = h5a.open(handle, key)
    kind, shape = opened.get_type(), opened.shape
    if shape is None or kind.get_class() not in (h5t.STRING, h5t.INTEGER, h5t.FLOAT, h5t.ENUM):
        raise ValueError(f"its attribute {foreign_text(name)} is neither text nor number")
    count = math.prod(shape)
    # Any number of texts may share one long one.
    if kind.get_class() == h5t.STRING and kind.is_variable_str() and count > 1:
        check_growth(book.path, book.file_bytes, count * _longest_text(book, count))
    return (h5py.Group if isinstance(handle, h5g.GroupID) else h5py.Dataset)(handle).attrs[name]


def _longest_text(book: OpenFile, count: int) -> int:
    """Return how long a text of any length in the file may be at most, by the heaps that hold such texts."""
    if count * book.size <= allowed(book.file_bytes):
        return book.size
    longest, end = 0, b""
    book.file.seek(0)
    while piece := book.file.read(1 << 20):
        piece = end + piece
        lengths = (int.from_bytes(found[1], "little") for found in _TEXT_HEAP.finditer(piece))
        longest, end = max(longest, *lengths, 0), piece[-15:]
    return min(longest, book.size)
