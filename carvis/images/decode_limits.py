"""How much work an image file may make: what it is made of is counted before a decoder goes through it.

Pillow reads parts of some formats step by step in Python, and libjpeg goes through all pixels once a scan: of a few
kilobytes they can make minutes.
"""

import io
import os
import re
import struct
from collections.abc import Iterator
from typing import IO, BinaryIO

from PIL import Image, ImageFile

from carvis.language import Message

MAX_PIXELS = 50_000_000
# Pillow keeps a pointer for each row.
_MAX_SIDE = 1_000_000
# Text, colours and previews come to some dozen.
_MOST_PARTS = 5_000
# A 48-megapixel photograph in strips of one row has 8,000, in tiles of 16 x 16 pixels 190,000.
_MOST_STRIPS = 200_000
# Ten are usual. libjpeg takes about 5 ns a pixel for each.
_MOST_SCANS, _MOST_SCANNED = 200, 1_500_000_000
# What is decoded in Python takes about 0.2 microseconds a pixel or byte.
_MOST_IN_PYTHON = 4_000_000
_IN_PYTHON = {
    "bmp_rle": Message("compressed by run lengths"),
    "ppm_plain": Message("written as text"),
}
_PPM_HEADER = 1 << 16
_STRIPS = (273, 279, 324, 325)
_MOST_BYTES = 300_000_000
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
_START, _END, _SCAN, _ALONE = 0xD8, 0xD9, 0xDA, 0x01


class Refused(Exception):
    """An image that is not read; holds a ``Message`` that follows the file's name."""


class TooMuchWork(Refused):
    """An image would take far longer to read than others of its size."""

    def __init__(self, what: Message):
        super().__init__(
            Message(
                "would take far longer to read than other images of its size ({what}): save it anew as PNG or JPEG.",
                what=what,
            )
        )


def check_head(file: BinaryIO) -> None:
    """Count what stands before the pixels of an image.

    Args:
        file: open for reading, at its start, where it is left again.

    Raises:
        TooMuchWork: it is more than in any image.
    """
    start = file.read(32)
    try:
        for signature, parts, most in _HEADS:
            if start.startswith(signature):
                for n, _ in enumerate(parts(file, start)):
                    if n > most:
                        raise _of_parts(most)
    # A damaged file is reported by whoever decodes it.
    except (struct.error, OSError, ValueError, OverflowError, IndexError):
        pass
    file.seek(0)


def check_body(image: ImageFile.ImageFile) -> None:
    """Count what the pixels of an opened image are made of, before they are decoded.

    Raises:
        TooMuchWork: it is more than in any image.
    """
    pixels = image.width * image.height
    decoder, file = image.tile[0][0] if image.tile else None, image.fp
    if file is None:
        return
    if decoder in _IN_PYTHON and max(pixels, _size(file) // 4) > _MOST_IN_PYTHON:
        raise TooMuchWork(_IN_PYTHON[decoder])
    if image.format == "PNG" and decoder:
        _check_chunks(file)
    if image.format in ("JPEG", "MPO"):
        scans = _scans(file)
        if scans > _MOST_SCANS or scans * pixels > _MOST_SCANNED:
            raise TooMuchWork(Message("{n} scans", n=f"{scans:,}"))


def check_pixels(image: Image.Image) -> None:
    """Refuse an opened image of more than ``MAX_PIXELS``, or with a side of more than a million pixels.

    Raises:
        Refused: it has more.
    """
    size = Message("{width} x {height} pixels", width=image.width, height=image.height)
    if image.width * image.height > MAX_PIXELS:
        limit = Message("{n} million", n=MAX_PIXELS // 10**6)
        raise Refused(Message("has {size}, more than {limit}: make it smaller first.", size=size, limit=limit))
    if max(image.size) > _MAX_SIDE:
        raise TooMuchWork(size)


def _of_parts(most: int) -> TooMuchWork:
    return TooMuchWork(Message("more than {n} parts", n=f"{most:,}"))


def _size(file: IO[bytes]) -> int:
    place = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(place)
    return size


def _scans(file: IO[bytes]) -> int:
    """Count the scans of a JPEG up to its end, not those of a preview in it or of a film behind it."""
    before = file.tell()
    file.seek(0)
    content, place, scans = file.read(_MOST_BYTES), 0, 0
    file.seek(before)
    while marker := _MARKER.search(content, place):
        code, place = marker[1][0], marker.end()
        if code == _END:
            break
        scans += code == _SCAN
        if code not in (_START, _ALONE):
            place += max(2, int.from_bytes(content[place : place + 2], "big"))
    return scans


def _check_chunks(file: IO[bytes]) -> None:
    place = file.tell()
    file.seek(8)
    for n, _ in enumerate(_chunks(file)):
        if n > _MOST_STRIPS // 2:
            raise _of_parts(_MOST_STRIPS // 2)
    file.seek(place)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        yield kind
        file.seek(length + 4, os.SEEK_CUR)


def _png(file: BinaryIO, start: bytes) -> Iterator[bytes]:
    file.seek(8)
    for kind in _chunks(file):
        if kind == b"IDAT":
            return
        yield kind


def _gif(file: BinaryIO, start: bytes) -> Iterator[bytes]:
    file.seek(13 + (3 << (start[10] & 7) + 1 if start[10] & 0x80 else 0))
    while file.read(1) == b"!":
        yield file.read(1)
        # A part of an extension may have 255 bytes: XMP of a megabyte has 4,000 of them.
        for n, length in enumerate(iter(lambda: file.read(1), b"\0")):
            if not length:
                return
            file.seek(length[0], os.SEEK_CUR)
            if n % 100 == 99:
                yield length


def _jpeg(file: BinaryIO, start: bytes) -> Iterator[bytes]:
    file.seek(2)
    while (mark := file.read(1)) and mark != b"\xda":
        yield mark
        if mark == b"\xff":
            continue
        # Bytes between the segments are passed one by one.
        if mark >= b"\xc0" and not b"\xd0" <= mark <= b"\xd9" and len(length := file.read(2)) == 2:
            file.seek(max(int.from_bytes(length, "big") - 2, 0), os.SEEK_CUR)


def _tiff(file: BinaryIO, start: bytes) -> Iterator[int]:
    order = "<" if start[:1] == b"I" else ">"
    big = start[2:4] in (b"+\0", b"\0+")
    place, count, entry = ("Q", "Q", "HHQ8s") if big else ("I", "H", "HHI4s")
    file.seek(struct.unpack_from(order + place, start, 8 if big else 4)[0])
    (entries,) = struct.unpack(order + count, file.read(8 if big else 2))
    step = struct.Struct(order + entry)
    for _ in range(entries):
        if len(directory_entry := file.read(step.size)) < step.size:
            return
        tag, _, n, _ = step.unpack(directory_entry)
        if tag in _STRIPS and n > _MOST_STRIPS:
            raise _of_parts(_MOST_STRIPS)
        yield tag


def _ppm(file: BinaryIO, start: bytes) -> Iterator[bytes]:
    file.seek(0)
    header = file.read(_PPM_HEADER)
    fields = b" ".join(line.partition(b"#")[0] for line in header.split(b"\n")).split()
    if len(fields) < 3 and len(header) == _PPM_HEADER:
        raise _of_parts(_MOST_PARTS)
    return iter(())


_HEADS = (
    (b"\x89PNG", _png, _MOST_PARTS),
    (b"GIF8", _gif, _MOST_PARTS),
    (b"\xff\xd8", _jpeg, 4 * _MOST_PARTS),
    (b"II", _tiff, _MOST_PARTS),
    (b"MM", _tiff, _MOST_PARTS),
    *((b"P" + kind, _ppm, _MOST_PARTS) for kind in (b"0", b"1", b"2", b"3", b"4", b"5", b"6", b"F", b"f", b"y")),
)
