"""Opening ordinary files only: a pipe would block, and a device may never end."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from carvis.errors import CarvisError, FileKindError
from carvis.language import Message

_KINDS = (
    (stat.S_ISFIFO, Message("a pipe")),
    (stat.S_ISSOCK, Message("a socket")),
    (stat.S_ISCHR, Message("a device")),
    (stat.S_ISBLK, Message("a device")),
)
_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# Neither waits for a pipe's writer nor takes a terminal over, should the file be replaced between the two looks.
_FLAGS |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


def open_regular(path: str | Path) -> BinaryIO:
    """Open an ordinary file for reading bytes, through symbolic links.

    Raises:
        FileKindError: a pipe, a device or a socket. It is an ``OSError``, too.
        IsADirectoryError: a folder.
        OSError: as ``open`` does.
    """
    _check(path, os.stat(path).st_mode)
    handle = os.open(path, _FLAGS)
    try:
        _check(path, os.fstat(handle).st_mode)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def append_regular(path: str | Path, buffering: int = -1) -> BinaryIO:
    """Open an ordinary file for writing bytes at its end, making it where it is not there; never through a link.

    Raises:
        FileKindError, OSError: as ``open_regular``; a link, too.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    # A pipe that nobody reads is refused at once.
    try:
        handle = os.open(path, flags | (_FLAGS & ~os.O_RDONLY), 0o666)
    except OSError as error:
        if error.errno == errno.ENXIO:
            _check(path, os.stat(path).st_mode)
        raise
    try:
        _check(path, os.fstat(handle).st_mode)
        return os.fdopen(handle, "ab", buffering)
    except BaseException:
        os.close(handle)
        raise


def read_regular(path: str | Path, max_bytes: int) -> bytes:
    """Read an ordinary file whole.

    Args:
        path: the file.
        max_bytes: what is longer is not read.

    Raises:
        CarvisError: it is longer.
        FileKindError, OSError: as ``open_regular``.
    """
    with open_regular(path) as file:
        # The reported size may be stale or zero (``/proc``): the bytes read are counted.
        content = file.read(max_bytes + 1) if os.fstat(file.fileno()).st_size <= max_bytes else None
    if content is None or len(content) > max_bytes:
        raise CarvisError(
            Message(
                "{path} is larger than {limit} MB, so it is not read: name another file, or make it smaller.",
                path=path,
                limit=f"{max_bytes / 1e6:,.0f}",
            )
        )
    return content


def _check(path: str | Path, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(21, os.strerror(21), str(path))
    kind = kind_of_mode(mode)
    raise FileKindError(Message("{path} is {kind}: name an ordinary file.", path=path, kind=kind), kind)


def kind_of_mode(mode: int) -> Message:
    """Name what is neither a file nor a folder: "a pipe"."""
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), Message("no ordinary file"))
