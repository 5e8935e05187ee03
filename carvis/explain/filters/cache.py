"""Patterns kept on disk, one file a filter, named by everything that made it."""

import contextlib
import io

import numpy as np

from carvis.errors import CarvisError
from carvis.workspace import Cache, content_hash, open_arrays

# Raise it when the same settings draw other pictures than before.
_EDITION = 2
_MAX_BYTES = 100_000_000


class Kept:
    """The patterns of one layer in a cache.

    Args:
        cache: None keeps nothing.
        made_by: JSON-able facts about everything that decides a pattern but the filter.
    """

    def __init__(self, cache: Cache | None, made_by: dict):
        self.cache = cache
        self._made_by = made_by | {"edition": _EDITION}

    def _key(self, index: int) -> str:
        return content_hash("filter pattern", self._made_by, index)

    def get(self, index: int) -> tuple[np.ndarray, int] | None:
        """Return a filter's pattern and the number of the start at which it answered, None where it is to be made."""
        path = self.cache.get(self._key(index), ".npz") if self.cache else None
        # A file that something else damaged or removed is made again.
        if path is not None:
            with contextlib.suppress(CarvisError), open_arrays(path, max_bytes=_MAX_BYTES) as kept:
                return kept.read("image", "u", (None, None, 3)), int(kept.read("attempt", "iu", ()))
        return None

    def put(self, index: int, image: np.ndarray, attempt: int) -> None:
        """Keep a pattern; a folder that cannot be written keeps nothing, and the work goes on."""
        if self.cache:
            buffer = io.BytesIO()
            np.savez(buffer, image=image, attempt=attempt)
            with contextlib.suppress(CarvisError):
                self.cache.put(self._key(index), ".npz", buffer.getvalue())
