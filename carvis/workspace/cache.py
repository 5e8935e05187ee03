"""A bounded cache of files named by the hash of everything that made them."""

import contextlib
import os
from pathlib import Path

from carvis.workspace.files import atomic_write


class Cache:
    """A folder of files named by the hash of everything that made them, kept below ``max_bytes``."""

    def __init__(self, folder: str | Path, max_bytes: int = 500_000_000):
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self._written_since_trim = None

    def _path(self, key: str, suffix: str) -> Path:
        return self.folder / key[:2] / f"{key}{suffix}"

    def get(self, key: str, suffix: str) -> Path | None:
        """Return the cached file, or None where it has to be made."""
        path = self._path(key, suffix)
        # We make no links here: one would show a file from elsewhere in place of what was made.
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
        for path in self.folder.glob("*/*"):
            # What is being written now.
            if path.parent.name.startswith("."):
                continue
            with contextlib.suppress(OSError):
                stat = path.stat()
                files.append((stat.st_mtime, stat.st_size, path))
        excess = sum(size for _, size, _ in files) - self.max_bytes
        for _, size, path in sorted(files, key=lambda entry: entry[0]):
            if excess <= 0:
                break
            path.unlink(missing_ok=True)
            excess -= size
