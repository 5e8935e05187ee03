"""Reading an evaluation back from its folder. Needs no TensorFlow."""

from __future__ import annotations

import os
from pathlib import Path

from carvis.errors import TableError
from carvis.evaluation.predictions_file import MAX_BYTES, check_agreement, check_classes, read_predictions
from carvis.evaluation.result import Evaluation
from carvis.evaluation.schema import FORMAT, Document
from carvis.evaluation.storage import FILES, sha256, workspace_of
from carvis.language import Message
from carvis.workspace import (
    Unusable,
    finish_moves,
    modified,
    not_empty,
    read_content,
    read_json,
    refusal,
    refuse_links_out,
    resolved,
)


def load_evaluation(folder: str | Path, root: str | Path | None = None) -> Evaluation:
    """Read an evaluation that `Evaluation.save` wrote.

    Args:
        folder: its folder.
        root: the data set's folder on this machine; where not given, it is found if it lies in the folder's workspace.

    Raises:
        TableError: a file is missing, damaged, or only half of the evaluation was written.
        PathError: a link in the folder leads out of it.
    """
    folder = not_empty(folder, Message("the evaluation's folder"))
    refuse_links_out(folder)
    finish_moves(folder)
    before = _times(folder)
    try:
        return _load(folder, root)
    except TableError:
        # Another process may have replaced the evaluation between the reading of two of its files.
        finish_moves(folder)
        if _times(folder) == before:
            raise
        return _load(folder, root)


def _times(folder: Path) -> list[int]:
    return [modified(folder / name) for name in ("metrics.json", "predictions.parquet")]


def _load(folder: Path, root: str | Path | None) -> Evaluation:
    for name in ("metrics.json", "predictions.parquet"):
        if not (folder / name).exists():
            raise TableError(
                Message("{folder} holds no {name}: evaluate the model on the data set again.", folder=folder, name=name)
            )
    remedy = Message("evaluate the model on the data set again")
    path = folder / "metrics.json"
    metrics = read_json(path, Document, newest=FORMAT, remedy=remedy, error=TableError)
    table = read_content(folder / "predictions.parquet", MAX_BYTES, remedy, TableError)
    version, setup, files = metrics.pop("format"), metrics.pop("setup"), metrics.pop("files")
    if version != FORMAT:
        reason = Message("it has format {version}, not {format}", version=version, format=FORMAT)
        raise TableError(refusal(path, reason, remedy))
    below = setup["dataset"].pop("path")
    setup["notes"] = setup.pop("messages", setup.get("notes", []))
    for row in (row for name in FILES for row in metrics.get(name, ())):
        row["reason"] = row.pop("message", row["reason"])
    if sha256(table) != files.get("predictions.parquet"):
        raise TableError(
            Message("{folder} was written only in part or changed since: {again}.", folder=folder, again=remedy)
        )
    path = folder / "predictions.parquet"
    predictions = read_predictions(table, setup["model"]["class_names"], path, remedy)
    root = resolved(root) if root else _root(folder, below)
    try:
        check_agreement(predictions, metrics, setup)
        if root:
            check_classes(predictions, root)
    except Unusable as problem:
        raise TableError(refusal(folder, problem.args[0], remedy)) from problem
    return Evaluation(predictions, metrics, setup, root)


def _root(folder: Path, below: str | None) -> Path | None:
    workspace = workspace_of(folder)
    if workspace is None or below is None:
        return None
    root = Path(os.path.realpath(workspace / below))
    return root if root.is_relative_to(workspace) and os.path.isdir(root) else None
