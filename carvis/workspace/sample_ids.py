"""Stable sample ids: the path below the data set with the canonical split in front."""

import unicodedata
from pathlib import PurePosixPath

from carvis.workspace.layout import canonical_split


def canonical_id(relative: str | PurePosixPath) -> str:
    """Return the id of the image at ``relative`` (its path below the data set's root).

    The id is the same on every machine: forward slashes, canonical split, composed Unicode (NFC), since
    file systems differ in how they spell accented and Japanese letters.

    >>> canonical_id("val/Golf/car1.jpg")
    'valid/Golf/car1.jpg'
    """
    parts = list(PurePosixPath(str(relative).replace("\\", "/")).parts)
    if parts:
        parts[0] = canonical_split(parts[0]) or parts[0]
    return composed("/".join(parts))


def composed(text: str) -> str:
    """Return a name in composed Unicode (NFC): file systems and models spell it either way."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
