"""An evaluation's folder: its place in a workspace, and writing `predictions.parquet`, `metrics.json`, `df2.csv`."""

from __future__ import annotations

import contextlib
import hashlib
import io
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyarrow import parquet

from carvis.errors import CarvisError, TableError
from carvis.evaluation.schema import FORMAT
from carvis.language import Message, as_data
from carvis.tables import to_csv
from carvis.workspace import (
    Workspace,
    clear_leftovers,
    free_name,
    json_text,
    not_empty,
    open_regular,
    read_json,
    resolved,
    sha256_of_file,
    staged_folder,
)

if TYPE_CHECKING:
    from carvis.evaluation.result import Evaluation

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
    if _is_unfinished(folder):
        return
    # Damaged or foreign: either way it is not known to be ours.
    with contextlib.suppress(CarvisError):
        document = read_json(folder / "metrics.json", dict)
        if {"format", "setup", "files"} <= document.keys():
            return
    for name in ("metrics.json", "predictions.parquet", "df2.csv"):
        if (folder / name).exists():
            raise TableError(
                Message(
                    "{path} is not part of an evaluation and would be overwritten: move it away, or choose "
                    "another folder.",
                    path=folder / name,
                )
            )


def _is_unfinished(folder: Path) -> bool:
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
    mark, for Excel) lists the misclassified images, most confident first: PATH, TRUE, PRED, CONFIDENCE, MARGIN, ID.
    Its PATH is relative to the workspace (`data/cars/test/Golf/1.jpg`) where folder and data set lie in one, else it
    begins with the data set's folder name. A `df2.csv` that somebody edited since is kept beside it as
    `df2.edited-1.csv`.

    Raises:
        TableError: as `check_folder`.
        CarvisError: the folder cannot be written, or the disk is full.
    """
    folder = not_empty(folder, Message("the evaluation's folder"))
    table = folder / "df2.csv"
    check_folder(folder)
    workspace = workspace_of(folder)
    below = None
    if workspace and evaluation.root and resolved(evaluation.root).is_relative_to(workspace):
        below = resolved(evaluation.root).relative_to(workspace).as_posix()
    prefix = (evaluation.setup["dataset"]["name"] if below is None else below).strip("./")
    df2 = _df2(evaluation, prefix)
    predictions = io.BytesIO()
    evaluation.predictions.to_parquet(predictions, index=False, compression="zstd")
    files = {"predictions.parquet": sha256(predictions.getvalue()), "df2.csv": sha256(df2)}
    setup = {**evaluation.setup, "dataset": {**evaluation.setup["dataset"], "path": below}}
    # Beside the English sentences what they are made of, so that they can be said in any language.
    setup["messages"] = [as_data(note) for note in setup.get("notes", ())]
    files_left = {name: rows for name, rows in evaluation.metrics.items() if name in FILES}
    metrics = evaluation.metrics | {name: [_row_of(row) for row in rows] for name, rows in files_left.items()}
    document = {"format": FORMAT, **metrics, "setup": setup, "files": files}
    text = json_text(document, indent=1) + "\n"
    with staged_folder(folder, replace=True) as staged:
        _keep_edited(table, staged)
        (staged / "predictions.parquet").write_bytes(predictions.getvalue())
        (staged / "metrics.json").write_bytes(text.encode("utf-8"))
        (staged / "df2.csv").write_bytes(df2)
    return folder


# The lists of files that were not counted, each with its reason.
FILES = ("unreadable", "not_read")


def _row_of(row: dict) -> dict:
    reason = row["reason"]
    return row | {"message": as_data(reason)} if isinstance(reason, Message) else row


def workspace_of(folder: Path) -> Path | None:
    """The workspace of a folder at `<workspace>/data/evaluations/<data set>/<split>/<model>`, else None."""
    parents = resolved(folder).parents
    in_place = len(parents) > 4 and (parents[2].name, parents[3].name) == ("evaluations", "data")
    return parents[4] if in_place else None


def _df2(evaluation: Evaluation, prefix: str) -> bytes:
    wrong = replace(evaluation, root=None).misclassified()
    rows: list[list[object]] = []
    row: Any
    for row in wrong.itertuples():
        path = "/".join(part for part in (prefix, row.path) if part)
        numbers = (Decimal(f"{value:.6f}") for value in (row.confidence, row.margin))
        rows.append([path, row.label, row.predicted, *numbers, row.id])
    return to_csv(rows, ["PATH", "TRUE", "PRED", "CONFIDENCE", "MARGIN", "ID"]).encode("utf-8-sig")


def _keep_edited(table: Path, staged: Path) -> None:
    """Put a table that somebody has edited, under another name, to what is being made."""
    # Of a link only the link itself is replaced: what it leads to stays, and is copied nowhere.
    if table.is_symlink() or not table.is_file():
        return
    saved_hash = None
    with contextlib.suppress(CarvisError, KeyError, TypeError):
        saved_hash = read_json(table.parent / "metrics.json", dict)["files"]["df2.csv"]
    if sha256_of_file(table) != saved_hash:
        shutil.copy2(table, staged / free_name(table).name)


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
