"""Embeddings that an evaluation wrote along, or that the demo ships: found and read without TensorFlow."""

from __future__ import annotations

import contextlib
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, Protocol

from typing_extensions import TypedDict

from carvis.dataset import Dataset
from carvis.errors import CarvisError
from carvis.feature_space.cache import EmbeddingCache
from carvis.feature_space.result import Embeddings
from carvis.feature_space.shipped import SHIPPED, read_shipped
from carvis.feature_space.split_content import changed_images
from carvis.workspace import (
    Column,
    FileStamp,
    Workspace,
    check_json,
    file_stamp,
    read_json,
    read_parquet,
    sha256_of_file,
)
from carvis.workspace.parquet_file import TEXT

if TYPE_CHECKING:
    import pandas as pd


class Evaluated(Protocol):
    """What of an evaluation says where its embeddings lie, and of which images: ``carvis.Evaluation`` is one."""

    @property
    def setup(self) -> dict[str, Any]:
        """How it was made."""

    @property
    def predictions(self) -> pd.DataFrame:
        """By image id and sha256, among others."""

    @property
    def root(self) -> Path | None:
        """The data set's folder; None where it is not known."""


class _Model(TypedDict):
    name: str
    file: NotRequired[str | None]
    sha256: NotRequired[str | None]
    fingerprint: NotRequired[str | None]


class _Data(TypedDict):
    name: str
    path: NotRequired[str | None]


class _Setup(TypedDict):
    model: _Model
    dataset: _Data
    split: str
    embeddings: NotRequired[str | None]


class _Document(TypedDict):
    setup: _Setup


_HASHES = {"id": Column("text", unique=True), "sha256": TEXT}


def stored_embeddings(
    workspace: Workspace | str | Path, evaluated: Evaluated | tuple[str, str, str]
) -> Embeddings | None:
    """Return the embeddings of an evaluation, without the model: those that it wrote along, else shipped ones.

    Args:
        workspace: the workspace that the evaluation was made in.
        evaluated: an evaluation, or the names of data set, split and model. Under these the demo ships embeddings of
            its training and validation images, too.

    Returns:
        None where there are none (any more), or where the model's file in the workspace was changed since. An image
        whose file is another now has no vector: ``Embeddings.changed`` names it.
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
    found = (_written(workspace, setup) if setup else None) or _shipped(workspace, folder, setup)
    if found is None or setup is None:
        return found
    with contextlib.suppress(CarvisError):
        if isinstance(evaluated, tuple):
            recorded = read_parquet(workspace.resolve(folder / "predictions.parquet"), _HASHES)
            root = setup["dataset"].get("path")
            place = workspace.resolve(workspace.root / root) if root else None
        else:
            recorded, place = evaluated.predictions, evaluated.root
        if place is not None:
            hashes = dict(zip(recorded["id"], recorded["sha256"]))
            return found.without(changed_images(Dataset(place).samples(found.split), hashes, workspace))
    return found


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
