"""Embeddings in the workspace's cache: named by model and images, bounded, and checked when they are opened."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from typing_extensions import TypedDict

from carvis.errors import CarvisError
from carvis.feature_space.result import Embeddings, Source
from carvis.workspace import (
    ArrayCache,
    ArrayWriter,
    Column,
    Workspace,
    content_hash,
    json_text,
    read_content,
    read_json,
    read_parquet,
)
from carvis.workspace.json_schema import Count, Positive
from carvis.workspace.parquet_file import TEXT

MAX_BYTES = 4_000_000_000
# Another number where the same model and images would now give other embeddings.
FORMAT = 2
# What the files beside the vectors take, about.
_BYTES_AN_ID, _BYTES_OF_FACTS = 100, 4000
_FACTS, _TABLE = "embeddings.json", "images.parquet"
_KEY = re.compile(r"[0-9a-f]{64}")
_COLUMNS = {"id": Column("text", unique=True), "label": TEXT}


class _Facts(TypedDict):
    format: int
    layer: str
    source: Source
    rows: Count
    width: Positive
    table: str


class Entry(NamedTuple):
    """What is kept under a key: of which images, whatever the names of model and data set.

    Attributes:
        ids, labels: of the N images.
        vectors: float32 (N, d), read-only and memory-mapped.
        layer, source: as in ``Embeddings``.
    """

    ids: NDArray[np.str_]
    labels: NDArray[np.str_]
    vectors: NDArray[np.float32]
    layer: str
    source: Source

    def named(self, model: str, fingerprint: str, dataset: str, split: str) -> Embeddings:
        """Return the embeddings, with the names of what they are of."""
        return Embeddings(*self, model=model, fingerprint=fingerprint, dataset=dataset, split=split)


def embedding_key(fingerprint: str, content: str) -> str:
    """Return the name of an entry.

    Args:
        fingerprint: of the model, with its preprocessing and resize.
        content: of the images, as ``SplitContent`` gives it.
    """
    return content_hash("embeddings", FORMAT, fingerprint, content)


class EmbeddingCache:
    """The embeddings that a workspace keeps."""

    def __init__(self, workspace: Workspace, max_bytes: int = MAX_BYTES):
        self._arrays = ArrayCache(workspace.cache_dir / "embeddings", max_bytes)

    def open(self, key: str) -> Entry | None:
        """Return an entry; None where there is none, and where it is damaged, which drops it."""
        # It may come from a file that anybody wrote.
        if not _KEY.fullmatch(key):
            return None
        folder = self._arrays.folder / key
        if folder.is_symlink() or not folder.is_dir():
            return None
        with contextlib.suppress(CarvisError):
            facts: _Facts = read_json(folder / _FACTS, _Facts)
            table = read_content(folder / _TABLE, MAX_BYTES)
            if facts["format"] == FORMAT and content_hash(table) == facts["table"]:
                images = read_parquet(table, _COLUMNS, path=folder / _TABLE)
                vectors = self._arrays.get(key, (facts["rows"], facts["width"]), "float32")
                if vectors is None:
                    return None
                if len(images) == len(vectors) and _finite(vectors):
                    ids, labels = (np.array(images[name], np.str_) for name in _COLUMNS)
                    return Entry(ids, labels, vectors, facts["layer"], facts["source"])
        self._arrays.drop(key)
        return None

    @contextlib.contextmanager
    def writing(self, rows: int, width: int) -> Iterator[ArrayWriter | None]:
        """Yield what takes the vectors of a new entry; None where there is no room, or the cache cannot be written."""
        with contextlib.ExitStack() as stack:
            writer = None
            with contextlib.suppress(CarvisError, OSError):
                size = rows * width * np.dtype(np.float32).itemsize + rows * _BYTES_AN_ID + _BYTES_OF_FACTS
                if size <= self._arrays.room():
                    self._arrays.make_room(size)
                    writer = stack.enter_context(self._arrays.writing())
            yield writer

    def keep(
        self, writer: ArrayWriter, key: str, ids: Sequence[str], labels: Sequence[str], layer: tuple[str, Source, int]
    ) -> Entry:
        """Keep the vectors that a writer took.

        Args:
            writer: took one vector for each image.
            key: as ``embedding_key`` gives it.
            ids, labels: of the images.
            layer: path, source and width, as of ``EmbeddingLayer``.

        Raises:
            CarvisError, OSError: the cache cannot be written.
        """
        path, source, width = layer
        buffer = io.BytesIO()
        pd.DataFrame({"id": ids, "label": labels}, dtype=object).to_parquet(buffer, index=False, compression="zstd")
        table = buffer.getvalue()
        facts: _Facts = {
            "format": FORMAT, "layer": path, "source": source, "rows": len(ids), "width": width,
            "table": content_hash(table),
        }  # fmt: skip

        def write(folder: Path) -> None:
            (folder / _FACTS).write_text(json_text(facts) + "\n", encoding="utf-8")
            (folder / _TABLE).write_bytes(table)

        vectors = writer.keep(key, (len(ids), width), "float32", others=write)
        return Entry(np.array(ids, np.str_), np.array(labels, np.str_), vectors, path, source)


def _finite(vectors: NDArray[np.float32]) -> bool:
    """Tell whether all values are finite, without as much memory as they take."""
    return all(bool(np.isfinite(vectors[i : i + 1024]).all()) for i in range(0, len(vectors), 1024))
