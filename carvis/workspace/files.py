"""Writing whole files at once, hashing content, locking."""

import contextlib
import hashlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from carvis.errors import CarvisError, PathError
from carvis.language import Message
from carvis.workspace.names import not_empty
from carvis.workspace.os_errors import not_written
from carvis.workspace.regular_file import open_regular
from carvis.workspace.temporary import temporary_folder

if TYPE_CHECKING:
    from filelock import BaseFileLock

_LARGE = 1 << 24


@contextlib.contextmanager
def atomic_path(path: str | Path, near: str | Path | None = None) -> Iterator[Path]:
    """Yield a temporary path of the same name that replaces ``path`` once the block ends without error.

    Args:
        path: the file.
        near: a folder on the same disk that the temporary file lies in meanwhile; by default the file's own.

    Raises:
        CarvisError: the name is empty, the folder cannot be written, or the disk is full; ``path`` is then as it was.
    """
    path = not_empty(path, Message("the file"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(near or path.parent) as folder:
            temporary = folder / path.name
            yield temporary
            os.replace(temporary, path)
    except OSError as error:
        raise CarvisError(not_written(path, error)) from error


def atomic_write(path: str | Path, data: bytes | str, near: str | Path | None = None) -> Path:
    """Write a whole file at once: a reader sees the old content or the new, never a part.

    Args:
        path, near: as ``atomic_path``.
        data: its content; text is written as UTF-8.
    """
    with atomic_path(path, near) as temporary:
        temporary.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return Path(path)


class FileStamp(NamedTuple):
    """What changes when a file is written again.

    Attributes:
        size: in bytes.
        modified: time of the last write, in nanoseconds.
    """

    size: int
    modified: int


def file_stamp(path: str | Path) -> FileStamp:
    """Return the stamp of a file or folder; ``(0, 0)`` where it does not exist."""
    try:
        stat = os.stat(path)
    except OSError:
        return FileStamp(0, 0)
    return FileStamp(stat.st_size, stat.st_mtime_ns)


def modified(path: str | Path) -> int:
    """Return when a file was last written, in nanoseconds; 0 where it does not exist."""
    return file_stamp(path).modified


def sha256_of_file(path: str | Path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal."""
    with open_regular(path) as file:
        return hashlib.file_digest(cast(io.BufferedReader, file), "sha256").hexdigest()


def content_hash(*parts: Any) -> str:
    """Return a hexadecimal hash of everything given: bytes, arrays (with shape and type) and JSON values."""
    digest = hashlib.sha256()
    for part in parts:
        data: bytes | memoryview
        if isinstance(part, bytes):
            kind, data = "bytes", part
        elif hasattr(part, "tobytes"):
            kind = f"array {part.dtype} {part.shape}"
            # A photograph is not copied for its hash.
            in_place = part.nbytes > _LARGE and part.flags.c_contiguous and part.dtype.kind in "uif"
            data = memoryview(part).cast("B") if in_place else part.tobytes()
        else:
            kind, data = "json", json.dumps(part, sort_keys=True, ensure_ascii=False).encode()
        digest.update(f"{kind} {len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()


def is_text(name: str) -> bool:
    """Tell whether a file's name can be written as UTF-8: names in other encodings are read with stand-ins."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def shown(name: str) -> str:
    r"""Return a name that can be written, with ``\udcXX`` for each byte that is not UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def lock(path: str | Path) -> "BaseFileLock":
    """Return a file lock that the operating system frees when its holder dies.

    Raises:
        PathError: a symbolic link lies in its place.
    """
    from filelock import FileLock

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    # Locking empties the file.
    if os.path.islink(path):
        raise PathError(Message("{path} is a symbolic link in place of a lock: remove it.", path=path))
    return FileLock(str(path))
