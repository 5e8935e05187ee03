"""Embeddings as a small file to pass on: ``embeddings.npz`` beside the evaluation of the same model."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carvis.errors import CarvisError
from carvis.feature_space.result import SOURCES, Embeddings
from carvis.language import Message
from carvis.workspace import ArrayFile, Unusable, atomic_write, open_arrays

# Beside ``metrics.json``; of the demo's training images it is the only file there.
SHIPPED = "embeddings.npz"
_MAX_BYTES = 500_000_000
_NAMES = ("layer", "source", "model", "fingerprint", "dataset", "split", "sha256")
# Of the ten binary digits that float16 keeps behind the first, these are left out: no value is off by more than 0.8 %,
# and the cosine to the exact vector is above 0.9999.
_DROPPED = 4


def write_shipped(embeddings: Embeddings, sha256: str | None, folder: str | Path) -> Path:
    """Write embeddings, with seven significant binary digits, into the folder of an evaluation.

    Args:
        embeddings: what to write.
        sha256: of the model's file, by which a later one is noticed.
        folder: ``data/evaluations/<data set>/<split>/<model>`` of a workspace.

    Raises:
        CarvisError: float16 cannot hold a value, or the folder cannot be written.
    """
    half = _shortened(embeddings.vectors)
    if not np.isfinite(half).all():
        raise CarvisError(
            Message(
                "The embeddings of {model} have values too large for half precision: only the cache holds them.",
                model=embeddings.model,
            )
        )
    arrays: dict[str, Any] = {name: np.array(getattr(embeddings, name, sha256 or "")) for name in _NAMES}
    arrays |= {"ids": embeddings.ids, "labels": embeddings.labels} | _packed(half)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return atomic_write(Path(folder) / SHIPPED, buffer.getvalue())


def read_shipped(path: str | Path) -> tuple[Embeddings, str]:
    """Return what ``write_shipped`` wrote: the embeddings, and the SHA-256 of the model's file or an empty text.

    Raises:
        CarvisError: the file cannot be read, is damaged, or holds something else.
    """
    with open_arrays(path, max_bytes=_MAX_BYTES) as arrays:
        ids = arrays.read("ids", "U", (None,))
        labels = arrays.read("labels", "U", ids.shape)
        half = _unpacked(arrays, len(ids))
        facts: dict[str, Any] = {name: arrays.text(name) for name in _NAMES}
        if not np.isfinite(half).all():
            raise Unusable(Message("its vectors hold NaN or infinity"))
        if len(np.unique(ids)) < len(ids):
            raise Unusable(Message("an image is there twice"))
        if facts["source"] not in SOURCES:
            raise Unusable(Message("its source is {source}, which is unknown", source=facts["source"][:60]))
    sha256 = facts.pop("sha256")
    return Embeddings(ids, labels, half.astype(np.float32), **facts), sha256


def _shortened(vectors: NDArray[np.float32]) -> NDArray[np.float16]:
    """Round to float16 and then to fewer binary digits, ties to even."""
    with np.errstate(over="ignore"):
        bits = vectors.astype(np.float16).view(np.uint16).astype(np.uint32)
    bits += (1 << (_DROPPED - 1)) - 1 + ((bits >> _DROPPED) & 1)
    return (bits >> _DROPPED << _DROPPED).astype(np.uint16).view(np.float16)


def _packed(half: NDArray[np.float16]) -> dict[str, NDArray[Any]]:
    """Split values (N, d) into what compresses best: which are there at all (ReLU clears many), high and low bytes."""
    bits = half.view(np.uint16).ravel()
    there = bits != 0
    values = bits[there] >> _DROPPED
    high, low = (values >> 8).astype(np.uint8), (values & 255).astype(np.uint8)
    return {"width": np.array(half.shape[1]), "nonzero": np.packbits(there), "high": high, "low": low}


def _unpacked(arrays: ArrayFile, rows: int) -> NDArray[np.float16]:
    width = int(arrays.read("width", "iu", ()))
    size = rows * width
    if not 0 < size * 2 <= _MAX_BYTES:
        raise Unusable(Message("its arrays are larger than they should be"))
    packed = arrays.read("nonzero", "u", (-(-size // 8),)).astype(np.uint8)
    there = np.unpackbits(packed, count=size).astype(bool)
    high, low = (arrays.read(name, "u", (int(there.sum()),)).astype(np.uint16) for name in ("high", "low"))
    bits = np.zeros(size, np.uint16)
    bits[there] = ((high << 8) | low) << _DROPPED
    return bits.view(np.float16).reshape(rows, width)
