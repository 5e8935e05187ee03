"""An evaluation's folder: `predictions.parquet`, `metrics.json`, `df2.csv`. Reading it needs no TensorFlow."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
from pyarrow import parquet

from carvis.errors import TableError
from carvis.evaluation.metrics import probability_columns
from carvis.evaluation.result import Evaluation
from carvis.language import Message, as_data, from_data
from carvis.workspace import Workspace, clear_leftovers, free_name, modified, open_regular, settle, staged_folder

FORMAT = 1
_COLUMNS = ["id", "path", "sha256", "label", "predicted", "confidence"]


def evaluation_folder(workspace: Workspace, dataset: str, split: str, model: str) -> Path:
    """Where an evaluation lies in a workspace: `data/evaluations/<data set>/<split>/<model>`."""
    return workspace.evaluations_dir / dataset / split / model


def check_folder(folder: str | Path) -> None:
    """Make sure that an evaluation can be written into a folder without overwriting what somebody else made.

    Raises:
        TableError: a file there has the name of one of ours and belongs to no evaluation.
    """
    folder = Path(folder)
    clear_leftovers(folder)
    if _is_begun(folder):
        return
    try:
        document = json.loads((folder / "metrics.json").read_text("utf-8"))
        if {"format", "setup", "files"} <= document.keys():
            return
    # Damaged or foreign: either way it is not known to be ours.
    except (OSError, ValueError, AttributeError):
        pass
    for name in ("metrics.json", "predictions.parquet", "df2.csv"):
        if (folder / name).exists():
            raise TableError(
                Message(
                    "{path} belongs to no evaluation and would be overwritten: move it away, or choose another folder.",
                    path=folder / name,
                )
            )


def _is_begun(folder: Path) -> bool:
    """Whether a folder holds what an earlier version left of a first evaluation when it was killed: only our table."""
    table = folder / "predictions.parquet"
    if (folder / "metrics.json").exists() or (folder / "df2.csv").exists() or not table.is_file():
        return False
    try:
        with open_regular(table) as file:
            return parquet.read_schema(file).names[: len(_COLUMNS)] == _COLUMNS
    except (OSError, ValueError):
        return False


def save_evaluation(evaluation: Evaluation, folder: str | Path) -> Path:
    """Write an evaluation into `folder`, replacing the evaluation there.

    It appears whole: a process that is killed leaves the old evaluation or the new. `metrics.json` holds the metrics,
    how they were made, and the other files' hashes, so that a changed evaluation is noticed. `df2.csv` (UTF-8 with a
    mark, for Excel) lists the misclassified pictures, most confident first: PATH, TRUE, PRED, CONFIDENCE, MARGIN, ID.
    Its PATH is relative to the workspace (`data/cars/test/Golf/1.jpg`) where folder and data set lie in one, else it
    begins with the data set's folder name. A `df2.csv` that somebody edited since is kept beside it as
    `df2.edited-1.csv`.

    Raises:
        TableError: as `check_folder`.
        CarvisError: the folder cannot be written, or the disk is full.
    """
    folder = Path(folder)
    check_folder(folder)
    workspace = _workspace_of(folder)
    below = None
    if workspace and evaluation.root and evaluation.root.resolve().is_relative_to(workspace):
        below = evaluation.root.resolve().relative_to(workspace).as_posix()
    prefix = (evaluation.setup["dataset"]["name"] if below is None else below).strip("./")
    df2 = _df2(evaluation, prefix)
    predictions = io.BytesIO()
    evaluation.predictions.to_parquet(predictions, index=False, compression="zstd")
    files = {"predictions.parquet": _sha256(predictions.getvalue()), "df2.csv": _sha256(df2)}
    setup = {**evaluation.setup, "dataset": {**evaluation.setup["dataset"], "path": below}}
    # Beside the English sentences what they are made of, so that they can be said in any language.
    setup["messages"] = [as_data(note) for note in setup.get("notes", ())]
    files_left = {name: rows for name, rows in evaluation.metrics.items() if name in _FILES}
    metrics = evaluation.metrics | {name: [_row_of(row) for row in rows] for name, rows in files_left.items()}
    document = {"format": FORMAT, **metrics, "setup": setup, "files": files}
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    with staged_folder(folder, replace=True) as made:
        _keep_edited(folder / "df2.csv", made)
        (made / "predictions.parquet").write_bytes(predictions.getvalue())
        (made / "metrics.json").write_bytes(text.encode("utf-8"))
        (made / "df2.csv").write_bytes(df2)
    return folder


# The lists of files that were not counted, each with its reason.
_FILES = ("unreadable", "not_read")


def _row_of(row: dict) -> dict:
    told = row["reason"]
    return row | {"message": as_data(told)} if isinstance(told, Message) else row


def load_evaluation(folder: str | Path, root: str | Path | None = None) -> Evaluation:
    """Read an evaluation that `Evaluation.save` wrote.

    Args:
        folder: its folder.
        root: the data set's folder on this machine; where not given, it is found if it lies in the folder's workspace.

    Raises:
        TableError: a file is missing, damaged, or only half of the evaluation was written.
    """
    folder = Path(folder)
    settle(folder)
    before = _times(folder)
    try:
        return _load(folder, root)
    except TableError:
        # Another process may have replaced the evaluation between the reading of two of its files.
        settle(folder)
        if _times(folder) == before:
            raise
        return _load(folder, root)


def _times(folder: Path) -> list[int]:
    return [modified(folder / name) for name in ("metrics.json", "predictions.parquet")]


def _load(folder: Path, root: str | Path | None) -> Evaluation:
    data = {}
    for name in ("metrics.json", "predictions.parquet"):
        try:
            data[name] = (folder / name).read_bytes()
        except OSError:
            raise TableError(
                Message("{folder} holds no {name}: evaluate the model on the data set again.", folder=folder, name=name)
            ) from None
    again = Message("evaluate the model on the data set again.")
    try:
        metrics = json.loads(data["metrics.json"])
        version, setup, files = metrics.pop("format"), metrics.pop("setup"), metrics.pop("files")
        below = setup["dataset"].pop("path")
        setup["notes"] = [from_data(note) for note in setup.pop("messages", setup.get("notes", []))]
        for row in (row for name in _FILES for row in metrics.get(name, ())):
            row["reason"] = from_data(row.pop("message", row["reason"]))
        class_names = setup["model"]["class_names"]
        # A text would be taken for a file of names.
        if isinstance(class_names, str) or not all(isinstance(name, str) for name in class_names):
            raise TypeError("class names")
        expected = files["predictions.parquet"]
        complete = {"n", "accuracy", "per_class", "unreadable"} <= metrics.keys()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TableError(Message("{path} is damaged: {again}", path=folder / "metrics.json", again=again)) from None
    if version != FORMAT:
        raise TableError(
            Message(
                "{path} has format {version}, not {format}: {again}",
                path=folder / "metrics.json",
                version=version,
                format=FORMAT,
                again=again,
            )
        )
    if not complete or _sha256(data["predictions.parquet"]) != expected:
        raise TableError(
            Message("{folder} was written only in part or changed since: {again}", folder=folder, again=again)
        )
    try:
        predictions = pd.read_parquet(io.BytesIO(data["predictions.parquet"]))
        # Evaluations made before copies were looked for lack it.
        more = ["copy_of"] if "copy_of" in predictions else []
        predictions = predictions[_COLUMNS + more + probability_columns(class_names)]
    except (OSError, ValueError, KeyError, TypeError):
        raise TableError(
            Message("{path} is damaged: {again}", path=folder / "predictions.parquet", again=again)
        ) from None
    return Evaluation(predictions, metrics, setup, Path(root).resolve() if root else _root(folder, below))


def _workspace_of(folder: Path) -> Path | None:
    """The workspace of a folder at `<workspace>/data/evaluations/<data set>/<split>/<model>`, else None."""
    parents = folder.resolve().parents
    in_place = len(parents) > 4 and (parents[2].name, parents[3].name) == ("evaluations", "data")
    return parents[4] if in_place else None


def _root(folder: Path, below: str | None) -> Path | None:
    workspace = _workspace_of(folder)
    if workspace is None or below is None:
        return None
    root = Path(os.path.realpath(workspace / below))
    return root if root.is_relative_to(workspace) and root.is_dir() else None


def _df2(evaluation: Evaluation, prefix: str) -> bytes:
    wrong = replace(evaluation, root=None).misclassified()
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["PATH", "TRUE", "PRED", "CONFIDENCE", "MARGIN", "ID"])
    for row in wrong.itertuples():
        path = "/".join(part for part in (prefix, row.path) if part)
        writer.writerow([path, row.label, row.predicted, f"{row.confidence:.6f}", f"{row.margin:.6f}", row.id])
    return text.getvalue().encode("utf-8-sig")


def _keep_edited(table: Path, made: Path) -> None:
    """Put a table that somebody has edited, under another name, to what is being made."""
    if not table.exists():
        return
    try:
        written = json.loads((table.parent / "metrics.json").read_text("utf-8"))["files"]["df2.csv"]
    except (OSError, ValueError, KeyError, TypeError):
        written = None
    if _sha256(table.read_bytes()) != written:
        shutil.copy2(table, made / free_name(table).name)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
