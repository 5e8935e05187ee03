"""Names that people give to files: none that is empty, and none that is longer than file systems take."""

import hashlib
import os
from pathlib import Path

from carvis.errors import PathError
from carvis.language import Message
from carvis.workspace.os_errors import shown_path

# Most file systems take 255 bytes, of which a Japanese letter takes three; suffixes come on top.
LONGEST = 200
_MARK = 8


def not_empty(path: str | Path, what: str) -> Path:
    """Return a path that somebody named, which must not be empty: that would be the current folder.

    Args:
        what: what it names, for the sentence.

    Raises:
        PathError: it is empty.
    """
    if not os.fspath(path).strip():
        raise PathError(Message("The name of {what} is empty: give one.", what=what))
    return Path(path)


def check_length(name: str, what: str, longest: int = LONGEST) -> str:
    """Return a name that a file is to bear, without its suffix.

    Raises:
        PathError: it takes more than ``longest`` bytes.
    """
    size = _bytes(name)
    if size > longest:
        raise PathError(
            Message(
                "The name of {what}, {name}, takes {size} bytes, more than {longest}: choose a shorter one.",
                what=what,
                name=shown_path(name, 40),
                size=size,
                longest=longest,
            )
        )
    return name


def fitting(name: str, longest: int = LONGEST) -> str:
    """Return a name of at most ``longest`` bytes: a longer one loses its end to a mark of its own."""
    if _bytes(name) <= longest:
        return name
    mark = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:_MARK]
    shortened = name.encode("utf-8", "surrogateescape")[: longest - _MARK - 1].decode("utf-8", "ignore")
    return f"{shortened.rstrip()}-{mark}"


def _bytes(name: str) -> int:
    return len(name.encode("utf-8", "surrogateescape"))
