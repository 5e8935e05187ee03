"""Embeddings that an evaluation wrote along, or that the demo ships: found and read without TensorFlow."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, NotRequired, Protocol

from typing_extensions import TypedDict

from carvis.errors import CarvisError
from carvis.feature_space.cache import EmbeddingCache
from carvis.feature_space.result import Embeddings
from carvis.feature_space.shipped import SHIPPED, read_shipped
from carvis.workspace import FileStamp, Workspace, check_json, file_stamp, read_json, sha256_of_file


class Evaluated(Protocol):
    """What of an evaluation says where its embeddings lie: ``carvis.Evaluation`` is one."""

    @property
    def setup(self) -> dict[str, Any]:
        """How it was made."""


class _Model(TypedDict):
    name: str
    file: NotRequired[str | None]
    sha256: NotRequired[str | None]
    fingerprint: NotRequired[str | None]


class _Data(TypedDict):
    name: str


class _Setup(TypedDict):
    model: _Model
    dataset: _Data
    split: str
    embeddings: NotRequired[str | None]


class _Document(TypedDict):
    setup: _Setup


def stored_embeddings(
    workspace: Workspace | str | Path, evaluated: Evaluated | tuple[str, str, str]
) -> Embeddings | None:
    """Return the embeddings of an evaluation, without the model: those that it wrote along, else shipped ones.

    Args:
        workspace: the workspace that the evaluation was made in.
        evaluated: an evaluation, or the names of data set, split and model. Under these the demo ships embeddings of
            its training and validation images, too.

    Returns:
        None where there are none (any more), or where the model's file in the workspace was changed since.
    """
    workspace = workspace if isinstance(workspace, Workspace) else Workspace(workspace)
    try:
        if isinstance(evaluated, tuple):
            folder = _folder(workspace, evaluated)
            # Of the demo's training images there are embeddings and no evaluation.
            there = os.path.lexists(folder / "metrics.json")
            setup: _Setup | None = read_json(folder / "metrics.json", _Document)["setup"] if there else None
        else:
            setup = check_json(evaluated.setup, _Setup, "metrics.json")
            folder = _folder(workspace, (setup["dataset"]["name"], setup["split"], setup["model"]["name"]))
    except CarvisError:
        return None
    written = _written(workspace, setup) if setup else None
    return written or _shipped(workspace, folder, setup)


def _folder(workspace: Workspace, names: tuple[str, str, str]) -> Path:
    return workspace.resolve(workspace.evaluations_dir.joinpath(*names))


def _written(workspace: Workspace, setup: _Setup) -> Embeddings | None:
    model, key = setup["model"], setup.get("embeddings")
    if not key or _changed(workspace, model["name"], model.get("file"), model.get("sha256")):
        return None
    entry = EmbeddingCache(workspace).open(key)
    fingerprint = model.get("fingerprint") or ""
    return entry and entry.named(model["name"], fingerprint, setup["dataset"]["name"], setup["split"])


def _shipped(workspace: Workspace, folder: Path, setup: _Setup | None) -> Embeddings | None:
    path = folder / SHIPPED
    if not os.path.lexists(path):
        return None
    try:
        shipped, sha256 = read_shipped(workspace.resolve(path))
    except CarvisError:
        return None
    other = setup is not None and setup["model"].get("fingerprint") not in (None, shipped.fingerprint)
    named = (shipped.dataset, shipped.split, shipped.model) == folder.parts[-3:]
    if other or not named or _changed(workspace, shipped.model, None, sha256):
        return None
    return shipped


def _changed(workspace: Workspace, name: str, file: str | None, sha256: str | None) -> bool:
    """Tell whether the model's file in the workspace is another one now; one that is not there is not changed."""
    if not sha256:
        return False
    models = workspace.models()
    paths = [path for path in models if path.name == file] or [path for path in models if path.stem == name]
    return any(_sha256(str(path), file_stamp(path)) != sha256 for path in paths[:1])


@lru_cache(maxsize=256)
def _sha256(path: str, stamp: FileStamp) -> str | None:
    """Return the hash of a file, read once for each of its stamps."""
    try:
        return sha256_of_file(path)
    except OSError:
        return None
