"""Embeddings as a file to pass on: ``embeddings.npz``, half precision, beside the evaluation of the same model."""

import io
from pathlib import Path

import numpy as np

from carvis.errors import CarvisError
from carvis.feature_space.result import SOURCES, Embeddings
from carvis.language import Message
from carvis.workspace import Unusable, atomic_write, open_arrays

# Beside ``metrics.json``; of the demo's training images it is the only file there.
SHIPPED = "embeddings.npz"
_MAX_BYTES = 500_000_000
_NAMES = ("layer", "source", "model", "fingerprint", "dataset", "split", "sha256")


def write_shipped(embeddings: Embeddings, sha256: str | None, folder: str | Path) -> Path:
    """Write embeddings into the folder of an evaluation.

    Args:
        embeddings: what to write.
        sha256: of the model's file, by which a later one is noticed.
        folder: ``data/evaluations/<data set>/<split>/<model>`` of a workspace.

    Raises:
        CarvisError: float16 cannot hold the values, or the folder cannot be written.
    """
    with np.errstate(over="ignore"):
        half = embeddings.vectors.astype(np.float16)
    if (half.astype(np.float32) != embeddings.vectors).any():
        raise CarvisError(
            Message(
                "The embeddings of {model} are too large or too small for half precision: only the cache holds them.",
                model=embeddings.model,
            )
        )
    texts = {name: np.array(getattr(embeddings, name, sha256 or "")) for name in _NAMES}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, ids=embeddings.ids, labels=embeddings.labels, vectors=half, **texts)  # type: ignore[arg-type]  # numpy's stub takes the names for its flag
    return atomic_write(Path(folder) / SHIPPED, buffer.getvalue())


def read_shipped(path: str | Path) -> tuple[Embeddings, str]:
    """Return what ``write_shipped`` wrote: the embeddings, and the SHA-256 of the model's file or an empty text.

    Raises:
        CarvisError: the file cannot be read, is damaged, or holds something else.
    """
    with open_arrays(path, max_bytes=_MAX_BYTES) as arrays:
        ids = arrays.read("ids", "U", (None,))
        labels = arrays.read("labels", "U", ids.shape)
        half = arrays.read("vectors", "f", (len(ids), None))
        facts = {name: arrays.text(name) for name in _NAMES}
        if half.dtype != np.float16 or not half.size or not np.isfinite(half).all():
            raise Unusable(Message("its vectors are no finite numbers in half precision"))
        if len(np.unique(ids)) < len(ids):
            raise Unusable(Message("an image is there twice"))
        if facts["source"] not in SOURCES:
            raise Unusable(Message("its source is {source}, which is unknown", source=facts["source"][:60]))
    sha256 = facts.pop("sha256")
    vectors = half.astype(np.float32)
    return Embeddings(ids, labels, vectors, **facts), sha256  # type: ignore[arg-type]  # the source was looked at
