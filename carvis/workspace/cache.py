"""A bounded cache of files named by the hash of everything that made them, and one call for each result kept in it."""

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from carvis.errors import CarvisError
from carvis.workspace.files import atomic_write
from carvis.workspace.tree import children

Result = TypeVar("Result")


class Cache:
    """A folder of files named by the hash of everything that made them, kept below ``max_bytes``."""

    def __init__(self, folder: str | Path, max_bytes: int = 500_000_000):
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self._written_since_trim: int | None = None

    def _path(self, key: str, suffix: str) -> Path:
        return self.folder / key[:2] / f"{key}{suffix}"

    def get(self, key: str, suffix: str) -> Path | None:
        """Return the cached file, or None where it has to be made."""
        path = self._path(key, suffix)
        # carvis makes no links here: one would point to a file that carvis did not write.
        if path.is_symlink():
            return None
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def put(self, key: str, suffix: str, data: bytes) -> Path:
        """Keep ``data`` under ``key``, dropping the files unused for longest where the bound is passed."""
        path = atomic_write(self._path(key, suffix), data, near=self.folder)
        # Walking the folder at each write would cost more than the write: once a twentieth of the bound is enough.
        if self._written_since_trim is None or self._written_since_trim > self.max_bytes / 20:
            self._trim()
            self._written_since_trim = 0
        self._written_since_trim += len(data)
        return path

    def _trim(self) -> None:
        files = []
        # Hidden folders hold what other threads are writing now, and vanish at any moment.
        for folder in children(self.folder, folders=True):
            for path in children(folder, folders=False):
                with contextlib.suppress(OSError):
                    stat = path.stat()
                    files.append((stat.st_mtime, stat.st_size, path))
        excess = sum(size for _, size, _ in files) - self.max_bytes
        for _, size, path in sorted(files, key=lambda entry: entry[0]):
            if excess <= 0:
                break
            path.unlink(missing_ok=True)
            excess -= size


@dataclass(frozen=True)
class CacheFormat(Generic[Result]):
    """How a kind of result is written to a file of the cache and read back.

    Attributes:
        suffix: of the file, such as ``.npz``.
        encode: returns the file's content.
        decode: returns the result from the file; None, or an error, where the file is damaged or of another version.
        beside: encoders of further files, by suffix; ``decode`` finds them under the same name.
    """

    suffix: str
    encode: Callable[[Result], bytes]
    decode: Callable[[Path], Result | None]
    beside: Mapping[str, Callable[[Result], bytes]] = field(default_factory=dict)


def load_or_make(
    cache: Cache | None,
    key: str,
    form: CacheFormat[Result],
    make: Callable[[], Result],
    complete: Callable[[Result], bool] = lambda result: True,
) -> Result:
    """Return the cached result, or make it and cache it.

    Args:
        cache: None caches nothing.
        key: hash of everything that decides the result.
        form: how it is written and read.
        make: computes it.
        complete: tells whether a result may be cached; one that was stopped halfway may not.
    """
    result = load_cached(cache, key, form)
    if result is None:
        result = make()
        if complete(result):
            store_cached(cache, key, form, result)
    return result


def load_cached(cache: Cache | None, key: str, form: CacheFormat[Result]) -> Result | None:
    """Return the cached result, or None where it has to be made: it is not there, damaged or of another version."""
    path = cache.get(key, form.suffix) if cache else None
    if cache and path is not None and all(cache.get(key, suffix) for suffix in form.beside):
        with contextlib.suppress(CarvisError, OSError, ValueError, KeyError, TypeError, OverflowError):
            return form.decode(path)
    return None


def store_cached(cache: Cache | None, key: str, form: CacheFormat[Result], result: Result) -> bool:
    """Cache a result; return False where the folder cannot be written, which costs only the time to make it again."""
    if cache is None:
        return False
    try:
        for suffix, encode in {form.suffix: form.encode, **form.beside}.items():
            cache.put(key, suffix, encode(result))
    except (CarvisError, OSError):
        return False
    return True
