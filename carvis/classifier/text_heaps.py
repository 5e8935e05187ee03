"""Where an HDF5 file keeps texts of any length, gone through before HDF5 does: damaged ones make it loop for ever."""

import struct
from typing import BinaryIO

# Of the file format's "global heap": mark, version, three bytes, size; then objects, each with number, count of
# references, four bytes and size. Object 0 is what is free, its size includes this header.
_MARK = b"GCOL\x01"
_HEADER, _OBJECT = struct.Struct("<4sB3xQ"), struct.Struct("<HH4xQ")
_PIECE = 1 << 20
_MOST_BYTES, _MOST_OBJECTS = 64 << 20, 200_000


def longest_text(file: BinaryIO, size: int) -> int:
    """Go through all heaps of texts of a file and return how many bytes the longest text may have.

    Args:
        file: open for reading; its place is changed.
        size: bytes of the file.

    Raises:
        ValueError: a heap is damaged, or larger than any model's.
    """
    longest, objects = 0, 0
    for place in _places(file):
        file.seek(place)
        header = file.read(_HEADER.size)
        held = _HEADER.unpack(header)[2] if len(header) == _HEADER.size else 0
        if not _HEADER.size < held <= min(size - place, _MOST_BYTES):
            raise ValueError("its texts are cut off")
        data, start = file.read(held - _HEADER.size), 0
        while start + _OBJECT.size <= len(data):
            number, _, length = _OBJECT.unpack_from(data, start)
            step = _OBJECT.size + (length + 7) // 8 * 8 if number else length
            objects += 1
            if step < _OBJECT.size or start + step > len(data) or objects > _MOST_OBJECTS:
                raise ValueError("its texts are broken")
            longest = max(longest, length if number else 0)
            start += step
    return longest


def _places(file: BinaryIO) -> list[int]:
    """Find every mark of a heap, also where none is: one of a trillion places of other data is one by chance."""
    file.seek(0)
    places, before, end = [], 0, b""
    while piece := file.read(_PIECE):
        piece = end + piece
        found = piece.find(_MARK)
        while found >= 0:
            places.append(before - len(end) + found)
            found = piece.find(_MARK, found + 1)
        before += len(piece) - len(end)
        end = piece[-len(_MARK) + 1 :]
    if len(places) > _MOST_OBJECTS:
        raise ValueError("its texts are broken")
    return places
