"""Errors of the operating system in plain words: the reason, and the remedy."""

import errno
import os

from carvis.language import Message
from carvis.workspace.temporary import final_place

_NO_ROOM = Message("free some space, or name a folder on another disk")
_CHECK_PATH = Message("check the path")
_SHORTER = Message("choose a shorter name")
_PERMISSIONS = Message("check its permissions, or name another place")
_DISK = Message("check the disk or the network drive, or copy it to another one")
_CONNECTION = Message("check the connection to the network drive, or copy it to this computer")
_LATER = Message("close what else uses it, and try again")
_FEWER = Message("close other programs, or let this one open more files (ulimit -n)")
_FACTS = {
    "ENAMETOOLONG": (Message("its name, or the path to it, is longer than the file system takes"), _SHORTER),
    "ELOOP": (Message("symbolic links lead to each other, or too many follow each other"), Message("remove the links")),
    "ENOSPC": (Message("there is no room left on the disk"), _NO_ROOM),
    "EDQUOT": (Message("your share of the disk is used up"), _NO_ROOM),
    "EFBIG": (Message("the file would be larger than the file system takes"), Message("name a folder on another disk")),
    "EROFS": (Message("the disk can only be read"), Message("name a folder on another disk")),
    "EACCES": (Message("it is not permitted"), _PERMISSIONS),
    "EPERM": (Message("the system does not allow it"), _PERMISSIONS),
    "EMFILE": (Message("too many files are open"), _FEWER),
    "ENFILE": (Message("too many files are open on this computer"), _FEWER),
    "EMLINK": (Message("the file system takes no more links or folders there"), Message("name another folder")),
    "EISDIR": (Message("it is a folder, not a file"), Message("name a file")),
    "ENOTDIR": (Message("a part of its path is a file, not a folder"), _CHECK_PATH),
    "ENOENT": (Message("it does not exist"), _CHECK_PATH),
    "EEXIST": (Message("something of that name is there already"), Message("choose another name")),
    "ENOTEMPTY": (Message("the folder is not empty"), Message("name another folder")),
    "EIO": (Message("the disk reports a fault"), _DISK),
    "ENODEV": (Message("its disk is gone"), _DISK),
    "ENXIO": (Message("its disk or device is gone"), _DISK),
    "ESTALE": (Message("the network drive has lost it"), _CONNECTION),
    "EHOSTDOWN": (Message("the network drive does not answer"), _CONNECTION),
    "EHOSTUNREACH": (Message("the network drive cannot be reached"), _CONNECTION),
    "ENETDOWN": (Message("the network is down"), _CONNECTION),
    "ENETUNREACH": (Message("the network cannot be reached"), _CONNECTION),
    "ENOTCONN": (Message("the network drive is not connected"), _CONNECTION),
    "ETIMEDOUT": (Message("the network drive does not answer"), _CONNECTION),
    "EREMOTEIO": (Message("the network drive reports a fault"), _CONNECTION),
    "EBUSY": (Message("another program uses it"), _LATER),
    "ETXTBSY": (Message("another program uses it"), _LATER),
    "ENOLCK": (Message("the file system cannot lock files"), Message("name a folder on another disk")),
    "EXDEV": (Message("it lies on another disk"), Message("name a folder on the same disk")),
    "ENOMEM": (Message("there is not enough memory"), Message("close other programs")),
    "EILSEQ": (Message("the file system does not take a letter of its name"), Message("choose another name")),
    "EINVAL": (Message("the file system does not take its name"), Message("choose another name")),
    "EOPNOTSUPP": (Message("the file system cannot do it"), Message("name a folder on another disk")),
}  # fmt: skip
_BY_NUMBER = {number: fact for name, fact in _FACTS.items() if (number := getattr(errno, name, None)) is not None}
_WINDOWS = {
    2: "ENOENT", 3: "ENOENT", 4: "EMFILE", 5: "EACCES", 19: "EROFS", 21: "ENODEV", 23: "EIO", 32: "EBUSY", 33: "EBUSY",
    39: "ENOSPC", 53: "EHOSTUNREACH", 59: "EREMOTEIO", 64: "ENOTCONN", 67: "EHOSTUNREACH", 80: "EEXIST",
    112: "ENOSPC", 123: "EILSEQ", 145: "ENOTEMPTY", 183: "EEXIST", 206: "ENAMETOOLONG", 1117: "EIO", 1921: "ELOOP",
}  # fmt: skip


def os_reason(error: OSError) -> Message:
    """Return why the operating system refused, as half a sentence: "its name is longer than the file system takes"."""
    if fact := _fact(error):
        return fact[0]
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return reason if isinstance(reason, Message) else Message("{reason}", reason=reason)


def os_remedy(error: OSError) -> Message:
    """Return the remedy, as half a sentence: "choose a shorter name"."""
    if fact := _fact(error):
        return fact[1]
    return (
        Message("name an ordinary file")
        if isinstance(error.strerror, Message)
        else Message("check it, or name another")
    )


def os_sentence(error: OSError) -> Message:
    """Return one sentence on an unexpected error: the place, the reason and the remedy."""
    place = error.filename if isinstance(error.filename, str) else os.fsdecode(error.filename or b"")
    if not place:
        return Message("A file cannot be used ({reason}): {remedy}.", reason=os_reason(error), remedy=os_remedy(error))
    place = str(final_place(os.path.abspath(place)))
    # Files are written through temporary ones, whose names mean nothing to a person: the folder is named.
    if os.path.basename(place).startswith("."):
        place = os.path.dirname(place)
    return Message(
        "{place} cannot be used ({reason}): {remedy}.",
        place=shown_path(place),
        reason=os_reason(error),
        remedy=os_remedy(error),
    )


def not_written(path: str | os.PathLike[str], error: OSError) -> Message:
    """Return one sentence on a file or folder that could not be written: its path, the reason and the remedy."""
    return Message(
        "{path} could not be written ({reason}): {remedy}.",
        path=shown_path(final_place(os.fspath(path))),
        reason=os_reason(error),
        remedy=os_remedy(error),
    )


def shown_path(path: str | os.PathLike[str], most: int = 200) -> str:
    """Return a path as a sentence names it: bytes that are not text escaped, and the middle of a long one elided."""
    text = os.fspath(path).encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-most // 2 :]}"


def _fact(error: OSError) -> tuple[Message, Message] | None:
    if isinstance(getattr(error, "strerror", None), Message):
        return None
    windows = _WINDOWS.get(getattr(error, "winerror", 0))
    number = getattr(errno, windows, error.errno) if windows else error.errno
    return None if number is None else _BY_NUMBER.get(number)
