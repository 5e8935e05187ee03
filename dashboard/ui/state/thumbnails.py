"""Thumbnails, from the workspace's cache on disk where they are known."""

import contextlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import streamlit as st

from carvis.errors import CarvisError
from carvis.images import thumbnail
from carvis.language import message_of, replaced
from carvis.workspace import Cache, content_hash, os_sentence, read_regular
from ui.state import workspace
from ui.state.i18n import of_library

# Raised when the same file would be read differently.
_VERSION = 2
_THUMBNAIL_BYTES = 200_000_000


def thumbnails(paths: Sequence[str | None], size: int = 320) -> list[bytes | str]:
    """Return a small JPEG of each image, from the disk cache where it is known, or the sentence why there is none."""
    cache = _thumbnail_cache(workspace.get().cache_dir)
    with ThreadPoolExecutor(4) as pool:
        results = pool.map(lambda path: _thumbnail(cache, path, size), paths)
        return [result if isinstance(result, bytes) else _caption(path, result) for path, result in zip(paths, results)]


def _caption(path: str | None, sentence: str) -> str:
    """Return the sentence shown in place of an image: short, with the file's name but not its folders."""
    return of_library(replaced(sentence, f"{os.path.dirname(path)}{os.sep}", "") if path else sentence)


@st.cache_resource(max_entries=4, show_spinner=False)
def _thumbnail_cache(folder: Path) -> Cache:
    return Cache(folder / "thumbnails", _THUMBNAIL_BYTES)


def _thumbnail(cache: Cache, path: str | None, size: int) -> bytes | str:
    if not path:
        return ""
    try:
        stat = Path(path).stat()
    except OSError as error:
        return os_sentence(error)
    key = content_hash(str(path), stat.st_mtime_ns, stat.st_size, size, _VERSION)
    # A cached file that cannot be read, such as a pipe in its place, is recomputed.
    with contextlib.suppress(OSError, CarvisError):
        if file := cache.get(key, ".jpg"):
            return read_regular(file, _THUMBNAIL_BYTES)
    try:
        content = thumbnail(path, size)
    except CarvisError as error:
        return message_of(error)
    try:
        cache.put(key, ".jpg", content)
    except CarvisError:
        return content  # A workspace that cannot be written still shows its images.
    return content
