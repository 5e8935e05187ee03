"""Attributes of an HDF5 file: texts and numbers, measured before they are read."""

import math
from typing import Any

import h5py
from h5py import h5a, h5d, h5g, h5i, h5t

from carvis.classifier.files.foreign_text import foreign_text
from carvis.classifier.files.hdf5_file import OpenFile
from carvis.classifier.files.hdf5_heaps import declared_text, find_mark, longest_text
from carvis.classifier.files.size_limit import check_growth


def read_attribute(handle: h5g.GroupID | h5d.DatasetID, name: str, book: OpenFile) -> Any:
    """Return the text, number or array of an attribute, None where there is none.

    Raises:
        ValueError: it is neither text nor number.
        ModelError: its texts may be far longer together than the file.
    """
    key = name.encode("utf-8", "surrogateescape")
    if not h5a.exists(handle, key):
        return None
    attribute = h5a.open(handle, key)
    kind, shape = attribute.get_type(), attribute.shape
    if shape is None or kind.get_class() not in (h5t.STRING, h5t.INTEGER, h5t.FLOAT, h5t.ENUM):
        raise ValueError(f"its attribute {foreign_text(name)} is neither text nor number")
    if kind.get_class() == h5t.STRING and kind.is_variable_str():
        if h5i.get_file_id(handle).get_create_plist().get_sizes() != (8, 8):
            raise ValueError("its numbers are not of eight bytes")
        if book.longest_text is None:
            book.longest_text = longest_text(book.file, book.size)
        # Any number of texts may share one long one, and a text may be said to be longer than all that there is.
        count = math.prod(shape)
        if key not in book.places:
            book.places[key] = find_mark(book.file, key + b"\0")
        if (key, count) not in book.declared_texts:
            book.declared_texts[key, count] = declared_text(book.file, book.places[key], key, count)
        declared = book.declared_texts[key, count]
        most = count * book.longest_text if declared is None else declared
        check_growth(book.path, book.file_bytes, most)
    return (h5py.Group if isinstance(handle, h5g.GroupID) else h5py.Dataset)(handle).attrs[name]
