"""What the images of a split hold, as one hash: by their files' content, which is read only where a file changed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import pandas as pd
from annotated_types import Len

from carvis.progress import Progress, advance, no_progress
from carvis.workspace import (
    Cache,
    CacheFormat,
    Workspace,
    content_hash,
    file_stamp,
    json_text,
    load_cached,
    read_json,
    sha256_of_file,
    store_cached,
)

_MAX_BYTES = 10_000_000
_HASH = CacheFormat(
    ".json",
    lambda digest: json_text(digest).encode(),
    lambda path: read_json(path, Annotated[str, Len(64, 64)]),
)


class SplitContent:
    """The content of the images of a split as they lie on the disk when this is made.

    Args:
        samples: as ``Dataset.samples`` returns them.
        workspace: remembers the hash of files that have not changed since; None reads them each time.
    """

    def __init__(self, samples: pd.DataFrame, workspace: Workspace | None):
        self._ids: list[str] = samples["id"].tolist()
        self._paths: list[str] = samples["path"].tolist()
        self._cache = Cache(workspace.cache_dir / "image-contents", _MAX_BYTES) if workspace else None
        # Of their place, too: two data sets may hold files of the same names, sizes and times.
        stamps = [[path, *file_stamp(path)] for path in self._paths] if workspace else []
        self._key = content_hash("image contents", self._ids, stamps)

    def known(self) -> str | None:
        """Return the hash where it is remembered."""
        return load_cached(self._cache, self._key, _HASH)

    def of(self, hashes: Sequence[str | None]) -> str | None:
        """Return the hash for the SHA-256 of each file, and remember it; None where a file could not be read."""
        if None in hashes:
            return None
        digest = content_hash(list(zip(self._ids, hashes, strict=True)))
        store_cached(self._cache, self._key, _HASH, digest)
        return digest

    def read(self, progress: Progress = no_progress) -> str | None:
        """Return the hash, reading the files where it is not remembered; None where one cannot be read."""
        if digest := self.known():
            return digest
        hashes = []
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for digest in pool.map(content_of, self._paths):
                hashes.append(digest)
                if len(hashes) % 64 == 0:
                    advance(progress, len(hashes), len(self._paths))
        return self.of(hashes)


def content_of(path: str | Path) -> str | None:
    """Return the SHA-256 of a file; None where it cannot be read."""
    try:
        return sha256_of_file(path)
    except OSError:
        return None
