"""A bounded cache of large arrays on disk: written row by row, checked when opened, and read as memory maps."""

import contextlib
import math
import os
import shutil
import zlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from carvis.errors import CarvisError
from carvis.workspace.json_file import json_text, read_json
from carvis.workspace.json_schema import Count, Listed
from carvis.workspace.regular_file import open_regular
from carvis.workspace.staging import FolderTakenError, discard, staged_folder, write_errors
from carvis.workspace.temporary import temporary_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What is left of the disk to others.
LEAVE_FREE = 2_000_000_000
_ARRAY, _SUMS = "features", "sums.json"
# Rows that one checksum is of.
_CHUNK = 32


class ArrayCache:
    """A folder with a folder an entry, each named by the hash of all that made it and holding one array.

    Args:
        folder: need not exist.
        max_bytes: bound of all entries together; those unused for longest are dropped.
        damaged: called with the key of an entry that is damaged, and dropped for it.
    """

    def __init__(self, folder: str | Path, max_bytes: int, damaged: Callable[[str], None] = lambda key: None):
        self.folder, self.max_bytes, self._damaged = Path(folder), max_bytes, damaged

    def room(self) -> int:
        """Return how many bytes new entries may take: within the bound and the disk, what is kept given up for it."""
        kept = sum(size for _, size, _ in self._entries())
        return max(0, min(self.max_bytes, self._free() + kept - LEAVE_FREE))

    def _free(self) -> int:
        folder = self.folder
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def get(self, key: str, shape: tuple[int, ...], kind: str) -> "NDArray[Any] | None":
        """Open an entry that is whole, as a read-only memory map; one that is damaged is dropped.

        Args:
            key: its name.
            shape: of the array.
            kind: its type, such as ``float32``.
        """
        folder = self.folder / key
        # We make no links here: one would show an array from elsewhere.
        if folder.is_symlink() or not (folder / _SUMS).exists() or not (folder / _ARRAY).exists():
            return None
        try:
            sums = read_json(folder / _SUMS, Listed[Count])
            array = self._mapped(key, shape, kind)
            actual = [zlib.crc32(array[i : i + _CHUNK].tobytes()) for i in range(0, len(array), _CHUNK)]
        except (CarvisError, OSError, ValueError):
            actual = None
        if actual is None or actual != sums:
            self.drop(key)
            return None
        with contextlib.suppress(OSError):
            os.utime(folder)
        return array

    def _mapped(self, key: str, shape: tuple[int, ...], kind: str) -> "NDArray[Any]":
        import numpy as np

        with open_regular(self.folder / key / _ARRAY) as file:
            size = os.fstat(file.fileno()).st_size
            if size != math.prod(shape) * np.dtype(kind).itemsize:
                raise ValueError(f"{size} bytes are no array {shape} of {kind}")
            return np.memmap(file, kind, "r", shape=shape)

    def drop(self, key: str) -> None:
        """Remove an entry that is damaged."""
        self._damaged(key)
        with contextlib.suppress(CarvisError):
            discard(self.folder / key)

    @contextlib.contextmanager
    def writing(self) -> "Iterator[ArrayWriter]":
        """Yield what takes the rows of a new entry, whose key need not be known before it is kept.

        Raises:
            CarvisError: the folder cannot be written, or the disk is full.
        """
        with (
            write_errors(self.folder),
            temporary_folder(self.folder) as folder,
            open(folder / _ARRAY, "wb") as file,
        ):
            yield ArrayWriter(self, folder, file)

    def make_room(self, wanted: int, keep: Collection[str] = ()) -> None:
        """Drop the entries unused for longest until ``wanted`` bytes more stay within the bound.

        Args:
            wanted: the size of what is to come.
            keep: keys of entries that stay.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        entries = self._entries()
        excess = sum(size for _, size, _ in entries) + wanted - self.max_bytes
        for _, size, folder in sorted(entries, key=lambda entry: entry[0]):
            if excess <= 0:
                break
            if folder.name not in keep:
                with contextlib.suppress(CarvisError):
                    discard(folder)
                    excess -= size

    def _entries(self) -> list[tuple[float, int, Path]]:
        """List the entries with the time of their last use and their size in bytes."""
        entries = []
        for folder in self.folder.glob("[!.]*"):
            with contextlib.suppress(OSError):
                size = sum(file.stat().st_size for file in folder.glob("*") if file.is_file())
                entries.append((folder.stat().st_mtime, size, folder))
        return entries


class ArrayWriter:
    """Takes the rows of an array one batch after another; ``ArrayCache.writing`` makes it.

    Attributes:
        rows: how many it has taken.
    """

    def __init__(self, cache: ArrayCache, folder: Path, file: IO[bytes]):
        self._cache, self._folder, self._file = cache, folder, file
        self._sums: list[int] = []
        self.rows = 0

    def append(self, rows: "NDArray[Any]") -> None:
        """Write rows, all of one shape and type.

        Raises:
            OSError: the disk is full.
        """
        while len(rows):
            part = rows[: _CHUNK - self.rows % _CHUNK].tobytes()
            if self.rows % _CHUNK == 0:
                self._sums.append(0)
            self._sums[-1] = zlib.crc32(part, self._sums[-1])
            self._file.write(part)
            taken = min(len(rows), _CHUNK - self.rows % _CHUNK)
            self.rows, rows = self.rows + taken, rows[taken:]

    def keep(
        self,
        key: str,
        shape: tuple[int, ...],
        kind: str,
        *,
        others: Callable[[Path], object] = lambda folder: None,
    ) -> "NDArray[Any]":
        """Put the array in its place and open it as a read-only memory map.

        Args:
            key: the entry's name.
            shape, kind: of the array.
            others: called with the entry's folder, to write further files into it.

        Raises:
            CarvisError, OSError: it cannot be written.
        """
        cache = self._cache
        self._file.close()
        # What lies there is not whole: it would have been opened.
        if os.path.lexists(cache.folder / key):
            discard(cache.folder / key)
        # Another process may make the same one meanwhile.
        with contextlib.suppress(FolderTakenError), staged_folder(cache.folder / key) as staged:
            (staged / _SUMS).write_text(json_text(self._sums) + "\n", encoding="utf-8")
            others(staged)
            os.replace(self._folder / _ARRAY, staged / _ARRAY)
        return cache._mapped(key, shape, kind)
