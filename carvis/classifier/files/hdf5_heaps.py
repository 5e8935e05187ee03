"""The heaps in which an HDF5 file keeps names and texts, checked before HDF5 reads them.

HDF5 loops for ever in damaged heaps, of names taking memory all the while, and takes memory for as many bytes as an
attribute says its text has.
"""

import math
import struct
from typing import BinaryIO

# Of the file format's "global heap": mark, version, three bytes, size; then objects, each with number, count of
# references, four bytes and size. Object 0 is what is free, its size includes this header.
_TEXTS = b"GCOL\x01"
_HEADER, _OBJECT = struct.Struct("<4sB3xQ"), struct.Struct("<HH4xQ")
# Of its "local heap": mark, version, three bytes, size, first free place, address; of each free place: the next, size.
_NAMES, _NAME_HEADER, _FREE = b"HEAP\0", struct.Struct("<4sB3xQQQ"), struct.Struct("<QQ")
_NO_MORE = 1
# Of an attribute: version, flags, lengths of its name, type and shape; of each of its texts: length, heap and number.
_ATTRIBUTE, _TEXT = struct.Struct("<BBHHH"), struct.Struct("<IQI")
_PIECE = 1 << 20
_MOST_BYTES, _MOST_OBJECTS = 64 << 20, 200_000


def find_mark(file: BinaryIO, mark: bytes) -> list[int]:
    """Find every place of a few bytes in a file, also where they stand by chance.

    Raises:
        ValueError: there are more than in any model.
    """
    file.seek(0)
    places, before, end = [], 0, b""
    while piece := file.read(_PIECE):
        piece = end + piece
        index = piece.find(mark)
        while index >= 0:
            places.append(before - len(end) + index)
            index = piece.find(mark, index + 1)
        before += len(piece) - len(end)
        end = piece[-len(mark) + 1 :]
        if len(places) > _MOST_OBJECTS:
            raise ValueError("it has more texts than any model")
    return places


def check_names(file: BinaryIO, size: int, base: int) -> None:
    """Go through the free places of all heaps of names of a file.

    Args:
        file: open for reading; its place is changed.
        size: bytes of the file.
        base: byte from which its addresses count.

    Raises:
        ValueError: they lead in a circle, or out of their heap.
    """
    count = 0
    for place in find_mark(file, _NAMES):
        file.seek(place)
        header = file.read(_NAME_HEADER.size)
        if len(header) < _NAME_HEADER.size:
            continue
        _, _, heap_size, free, address = _NAME_HEADER.unpack(header)
        visited: set[int] = set()
        while free != _NO_MORE and base + address + free + _FREE.size <= size and free + _FREE.size <= heap_size:
            count += 1
            if free in visited or count > _MOST_OBJECTS:
                raise ValueError("its names lead in a circle")
            visited.add(free)
            file.seek(base + address + free)
            free, _ = _FREE.unpack(file.read(_FREE.size))


def longest_text(file: BinaryIO, size: int) -> int:
    """Go through all heaps of texts of a file and return how many bytes the longest text may have.

    Args:
        file: open for reading; its place is changed.
        size: bytes of the file.

    Raises:
        ValueError: a heap is damaged, or larger than any model's.
    """
    longest, objects = 0, 0
    for place in find_mark(file, _TEXTS):
        file.seek(place)
        header = file.read(_HEADER.size)
        heap_size = _HEADER.unpack(header)[2] if len(header) == _HEADER.size else 0
        if not _HEADER.size < heap_size <= min(size - place, _MOST_BYTES):
            raise ValueError("its texts are cut off")
        data, start = file.read(heap_size - _HEADER.size), 0
        while start + _OBJECT.size <= len(data):
            number, _, length = _OBJECT.unpack_from(data, start)
            step = _OBJECT.size + (length + 7) // 8 * 8 if number else length
            objects += 1
            if step < _OBJECT.size or start + step > len(data) or objects > _MOST_OBJECTS:
                raise ValueError("its texts are broken")
            longest = max(longest, length if number else 0)
            start += step
    return longest


def declared_text(file: BinaryIO, places: list[int], name: bytes, count: int) -> int | None:
    """Return how many bytes the texts of an attribute are said to have, None where it does not lie in one piece.

    Of all attributes of that name with so many texts, it is the most.

    Args:
        file: open for reading; its place is changed.
        places: where its name stands, by ``find_mark``.
        name: of the attribute.
        count: of its texts.
    """
    most = None
    for place in places:
        # Version, flags, lengths of name, type and shape, and from version 3 on one byte more, stand before the name.
        for start, versions in ((place - 8, (1, 2)), (place - 9, (3,))):
            file.seek(max(start, 0))
            version, flags, *lengths = _ATTRIBUTE.unpack(file.read(_ATTRIBUTE.size).ljust(_ATTRIBUTE.size, b"\0"))
            if version not in versions:
                continue
            named, typed, shaped = ((length + 7) // 8 * 8 if version == 1 else length for length in lengths)
            file.seek(place)
            data = file.read(named + typed + shaped + _TEXT.size * count)
            stored, kind = data[: lengths[0]], data[named : named + 1]
            # Nothing but the name, of texts without a length; the kind of a shared type is not known.
            if (
                stored.rstrip(b"\0") != name
                or len(stored) <= len(name)
                or not (flags & 1 or (kind and kind[0] & 15 == 9))
            ):
                continue
            if _count(data[named + typed : named + typed + lengths[2]]) != count:
                continue
            texts = data[named + typed + shaped :]
            texts = texts[: len(texts) // _TEXT.size * _TEXT.size]
            most = max(most or 0, sum(length for length, _, _ in _TEXT.iter_unpack(texts)))
    return most


def _count(shape: bytes) -> int | None:
    """Return how many values an encoded shape has: version, rank, flags, padding, and eight bytes a side."""
    start = {1: 8, 2: 4}.get(shape[0] if shape else 0)
    if start is None or len(shape) < start + 8 * shape[1]:
        return None
    return math.prod(int.from_bytes(shape[start + 8 * i : start + 8 * i + 8], "little") for i in range(shape[1]))
