"""Bounds of what is decoded: pixels, and how often a JPEG goes over them."""

import re

from PIL import Image

from carvis.language import Message

MAX_PIXELS = 50_000_000
# A progressive photo has about ten; each goes over the whole image, in a few bytes of the file.
MAX_SCANS = 200
# Pillow keeps a pointer for each row.
_MAX_SIDE = 1_000_000
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
_START, _END, _SCAN, _ALONE = 0xD8, 0xD9, 0xDA, 0x01


class TooMuch(Exception):
    """An image takes more work than any photograph: ``args[0]`` says so, in words after its name."""


class TooMuchWork(TooMuch):
    """An image would take far longer than others of its size; holds a ``Message`` that follows the file's name."""

    def __init__(self, what: Message):
        super().__init__(
            Message(
                "would take far longer to read than other images of its size ({what}): save it anew as PNG or JPEG.",
                what=what,
            )
        )


def check_pixels(picture: Image.Image) -> None:
    """Refuse an opened image with too many pixels.

    Raises:
        TooMuch: it has more than ``MAX_PIXELS``, or a side of more than a million.
    """
    size = Message("{width} x {height} pixels", width=picture.width, height=picture.height)
    if picture.width * picture.height > MAX_PIXELS:
        limit = Message("{n} million", n=MAX_PIXELS // 10**6)
        raise TooMuch(Message("has {size}, more than {limit}: make it smaller first.", size=size, limit=limit))
    if max(picture.size) > _MAX_SIDE:
        raise TooMuchWork(size)


def scans_of(content: bytes) -> int:
    """Count the scans of a JPEG up to its end, not those of what lies behind it; at most one beyond ``MAX_SCANS``."""
    place, scans = 0, 0
    while scans <= MAX_SCANS and (found := _MARKER.search(content, place)):
        code = found[1][0]
        if code == _END:
            break
        scans += code == _SCAN
        place = found.end()
        if code not in (_START, _ALONE):
            place += max(2, int.from_bytes(content[place : place + 2], "big"))
    return scans
