"""Patterns kept on disk, one file a filter, named by everything that made it."""

import contextlib
import io
from pathlib import Path

import numpy as np

from carvis.classifier import Classifier
from carvis.errors import CarvisError
from carvis.explain.filters.patterns import Pattern
from carvis.explain.filters.settings import FilterSettings
from carvis.workspace import Cache, content_hash, open_arrays

# Raise it when the same settings draw other images than before.
_EDITION = 2
_MAX_BYTES = 100_000_000
SUFFIX = ".npz"


def pattern_key(clf: Classifier, layer: str, index: int, settings: FilterSettings) -> str:
    """Return the name in the cache of the pattern of one filter."""
    made_by = {"fingerprint": clf.fingerprint, "layer": layer, **settings.as_dict(), "edition": _EDITION}
    return content_hash("filter pattern", made_by, index)


def encode(pattern: Pattern) -> bytes:
    """Return the content of a pattern's file."""
    buffer = io.BytesIO()
    np.savez(buffer, image=pattern.image, attempt=pattern.attempt)
    return buffer.getvalue()


def decode(path: Path) -> Pattern:
    """Read a pattern's file.

    Raises:
        CarvisError: it is damaged.
    """
    with open_arrays(path, max_bytes=_MAX_BYTES) as arrays:
        return Pattern(arrays.read("image", "u", (None, None, 3)), int(arrays.read("attempt", "iu", ())))


def load_pattern(cache: Cache | None, key: str) -> Pattern | None:
    """Return a pattern from the cache, None where it is to be made."""
    path = cache.get(key, SUFFIX) if cache else None
    if path is not None:
        with contextlib.suppress(CarvisError):
            return decode(path)
    return None


def store_pattern(cache: Cache | None, key: str, pattern: Pattern) -> None:
    """Keep a pattern; a folder that cannot be written keeps nothing, and the work goes on."""
    if cache:
        with contextlib.suppress(CarvisError):
            cache.put(key, SUFFIX, encode(pattern))
