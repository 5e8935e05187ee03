"""Patterns kept on disk, one file a filter, named by everything that made it."""

import io
from pathlib import Path

import numpy as np

from carvis.classifier import Classifier
from carvis.explain.filters.patterns import Pattern
from carvis.explain.filters.settings import FilterSettings
from carvis.workspace import CacheFormat, content_hash, open_arrays

# Raise it when the same settings draw other images than before.
_EDITION = 2
_MAX_BYTES = 100_000_000


def pattern_key(clf: Classifier, layer: str, index: int, settings: FilterSettings) -> str:
    """Return the name in the cache of the pattern of one filter."""
    made_by = {"fingerprint": clf.fingerprint, "layer": layer, **settings.as_dict(), "edition": _EDITION}
    return content_hash("filter pattern", made_by, index)


def _encode(pattern: Pattern) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, image=pattern.image, attempt=pattern.attempt)
    return buffer.getvalue()


def _decode(path: Path) -> Pattern:
    with open_arrays(path, max_bytes=_MAX_BYTES) as arrays:
        return Pattern(arrays.read("image", "u", (None, None, 3)), int(arrays.read("attempt", "iu", ())))


PATTERN_FORMAT = CacheFormat(".npz", _encode, _decode)
