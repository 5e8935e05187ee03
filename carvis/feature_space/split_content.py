"""What the images of a split hold, by their files' content, which is read only where a file changed."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from carvis.progress import Progress, advance, no_progress
from carvis.workspace import (
    Cache,
    CacheFormat,
    Column,
    Workspace,
    content_hash,
    file_stamp,
    load_cached,
    read_parquet,
    sha256_of_file,
    store_cached,
)
from carvis.workspace.parquet_file import TEXT

_MAX_BYTES = 100_000_000
_COLUMNS = {"image": Column("text", unique=True), "stamp": TEXT, "sha256": TEXT}
# Of each file, by a hash of its path: its stamp, and the SHA-256 of its content then.
_Known = dict[str, tuple[str, str]]


def _encode(known: _Known) -> bytes:
    buffer = io.BytesIO()
    table = pd.DataFrame([(image, *facts) for image, facts in known.items()], columns=list(_COLUMNS), dtype=object)
    table.to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()


def _decode(path: Path) -> _Known:
    table = read_parquet(path, _COLUMNS, max_bytes=_MAX_BYTES)
    return {image: (stamp, digest) for image, stamp, digest in table.itertuples(index=False)}


_FORMAT = CacheFormat(".parquet", _encode, _decode)


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
        self._names: list[str] = []
        self._stamps: list[str] = []
        if workspace:
            # Of their place, too: two data sets may hold files of the same names, sizes and times.
            self._names = [hashlib.sha256(os.fsencode(path)).hexdigest()[:32] for path in self._paths]
            self._stamps = [" ".join(map(str, file_stamp(path))) for path in self._paths]
        folder = os.path.commonpath([os.path.dirname(path) for path in self._paths]) if self._paths else ""
        self._key = content_hash("image contents", folder)

    def of(self, hashes: Sequence[str | None]) -> str | None:
        """Return one hash for the SHA-256 of each file, and remember them; None where a file could not be read."""
        self._remember(hashes, self._remembered())
        return None if None in hashes else content_hash(list(zip(self._ids, hashes, strict=True)))

    def read(self, progress: Progress = no_progress) -> str | None:
        """Return one hash for all files, reading those that changed; None where one cannot be read."""
        hashes = self.hashes(progress)
        return None if None in hashes else content_hash(list(zip(self._ids, hashes, strict=True)))

    def hashes(self, progress: Progress = no_progress) -> list[str | None]:
        """Return the SHA-256 of each file, reading those that changed; None where one cannot be read."""
        known = self._remembered()
        found: list[str | None] = [None] * len(self._paths)
        changed = list(range(len(self._paths)))
        if self._cache:
            facts = [known.get(name, ("", "")) for name in self._names]
            found = [digest if stamp == now else None for (stamp, digest), now in zip(facts, self._stamps)]
            changed = [place for place, digest in enumerate(found) if digest is None]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for n, digest in enumerate(pool.map(content_of, [self._paths[place] for place in changed])):
                found[changed[n]] = digest
                if n % 64 == 63:
                    advance(progress, n + 1, len(changed))
        if changed:
            self._remember(found, known)
        return found

    def _remembered(self) -> _Known:
        return load_cached(self._cache, self._key, _FORMAT) or {}

    def _remember(self, hashes: Sequence[str | None], known: _Known) -> None:
        if not self._cache:
            return
        facts = zip(self._names, self._stamps, hashes, strict=True)
        now = {name: (stamp, digest) for name, stamp, digest in facts if digest is not None}
        # Images of classes that only another model knows are remembered, too, but not those of all times.
        merged = known | now
        merged = now if len(merged) > 2 * len(now) else merged
        if merged != known:
            store_cached(self._cache, self._key, _FORMAT, merged)


def changed_images(samples: pd.DataFrame, recorded: Mapping[str, str], workspace: Workspace) -> tuple[str, ...]:
    """Return the ids of images whose content is another now; those that are not there are not among them.

    Args:
        samples: as ``Dataset.samples`` returns them.
        recorded: the SHA-256 of each image then, by id.
        workspace: as for ``SplitContent``.
    """
    there = samples[samples["id"].isin(recorded.keys())]
    hashes = SplitContent(there, workspace).hashes()
    return tuple(one for one, digest in zip(there["id"], hashes) if digest and digest != recorded[one])


def content_of(path: str | Path) -> str | None:
    """Return the SHA-256 of a file; None where it cannot be read."""
    try:
        return sha256_of_file(path)
    except OSError:
        return None
