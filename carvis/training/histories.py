"""Histories of trainings not started here: Keras's ``CSVLogger``, a ``history`` as JSON, TensorBoard events."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from carvis.errors import CarvisError, TableError
from carvis.language import Message, message_of
from carvis.tables.limits import MAX_BYTES, MAX_EPOCHS, MAX_LACKING, MAX_MEASURES, MAX_TRAININGS, too_many
from carvis.training.csv_logs import read_csv_log
from carvis.training.tensorboard_logs import read_event_files
from carvis.workspace import Workspace, os_reason, os_remedy, parse_json, read_regular, shown_path

# Older Keras wrote ``acc``; a learning rate is called ``lr`` there.
_NAMES = {"acc": "accuracy", "val_acc": "val_accuracy", "lr": "learning_rate"}
_MAX_JSON = 100_000_000
_LOGGED = {
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
    "val_categorical_accuracy": "val_accuracy",
    "val_sparse_categorical_accuracy": "val_accuracy",
}


def read_history(
    path: str | Path | BinaryIO,
    name: str | None = None,
    encoding: str | None = None,
    workspace: Workspace | None = None,
) -> pd.DataFrame:
    """Read the history of a training: a row an epoch, with the columns of ``Run.history`` as far as they are known.

    Where several trainings were logged into one file or folder, their epochs are counted on, and a column ``training``
    (1, 2, ...) says which one a row is of; ``seams`` gives where they meet. A training that went on from an epoch that
    is there already takes the place of that epoch and of those after it. ``attrs["notes"]`` says all this in sentences.
    A pickle is never read: opening one can run code.

    Args:
        path: a ``CSVLogger`` file; a JSON object of lists, as ``history.history`` is, or of epochs; a TensorBoard event
            file or the folder that holds some. Or an open file of bytes.
        name: of an open file: its ending says what it holds, and errors name it.
        encoding: of a ``CSVLogger`` file; found out where None.
        workspace: where a relative path begins that leads nowhere from the current folder.

    Raises:
        TableError: the file is none of these, or the package ``tensorboard`` is missing.
    """
    # An open file comes with its name.
    is_open = not isinstance(path, (str, Path))
    source = Path(name or str(path))
    if source.suffix.lower() in (".pkl", ".pickle", ".joblib"):
        raise TableError(
            Message(
                "{shown} is a pickle, which can run code when it is opened: save the history as JSON or CSV.",
                shown=source,
            )
        )
    if not is_open and workspace is not None and not source.exists() and (workspace.root / source).exists():
        source = workspace.root / source
    notes: list[Message] = []
    if not is_open and (source.is_dir() or ".tfevents." in source.name):
        tables = read_event_files(source)
    else:
        try:
            content = read_regular(source, MAX_BYTES) if isinstance(path, (str, Path)) else path.read(MAX_BYTES)
        except OSError as error:
            raise TableError(
                Message(
                    "{path} cannot be read ({reason}): {remedy}.",
                    path=shown_path(source),
                    reason=os_reason(error),
                    remedy=os_remedy(error),
                )
            ) from None
        except CarvisError as error:
            raise TableError(message_of(error)) from None
        if source.suffix.lower() == ".json":
            tables = [_from_json(content, source)]
        else:
            log = read_csv_log(content, source, encoding)
            tables, notes = log.tables, log.notes
    table, replaced = _tidy(tables, source)
    table.attrs["notes"] = [*notes, *_notes(table, replaced)]
    return table


def seams(history: pd.DataFrame) -> list[int]:
    """Return the first epoch of each training after the first in a history."""
    if "training" not in history:
        return []
    return sorted(int(epoch) for epoch in history.groupby("training")["epoch"].min())[1:]


def _notes(table: pd.DataFrame, replaced: int) -> list[Message]:
    starts = seams(table)
    notes = []
    if starts:
        notes.append(
            Message.of_number(
                "This log holds two trainings: the second starts at epoch {epochs}.",
                "This log holds {trainings} trainings: the later ones start at epochs {epochs}.",
                len(starts),
                trainings=len(starts) + 1,
                epochs=", ".join(map(str, starts)),
            )
        )
    if replaced:
        notes.append(
            Message.of_number(
                "{n} epoch was trained again: the later training is shown.",
                "{n} epochs were trained again: the later training is shown.",
                replaced,
            )
        )
    return notes


def _from_json(content: bytes, path: Path) -> pd.DataFrame:
    remedy = Message("save the history with json.dump(history.history, file)")
    # Keras writes NaN where a training went astray.
    history = parse_json(content, path, max_bytes=_MAX_JSON, nan=True, remedy=remedy, error=TableError)
    if isinstance(history, dict) and isinstance(history.get("history"), dict):
        history = history["history"]
    if isinstance(history, dict):
        # pandas writes a table as {column: {row: value}}.
        history = {key: list(value.values()) if isinstance(value, dict) else value for key, value in history.items()}
        history = {key: value for key, value in history.items() if isinstance(value, list)}
        longest = max(map(len, history.values()), default=0)
        if longest > MAX_EPOCHS:
            raise too_many(path, Message("epochs"), MAX_EPOCHS)
        if longest * len(history) - sum(map(len, history.values())) > MAX_LACKING:
            raise too_many(path, Message("empty cells at the ends of its lists"), MAX_LACKING)
        history = {key: value + [None] * (longest - len(value)) for key, value in history.items()}
    elif isinstance(history, list):
        history = [row for row in history if isinstance(row, dict)]
        if len(history) > MAX_EPOCHS:
            raise too_many(path, Message("epochs"), MAX_EPOCHS)
        columns = {key for row in history for key in row}
        if len(columns) * len(history) - sum(map(len, history)) > MAX_LACKING:
            raise too_many(path, Message("empty cells at the ends of its lists"), MAX_LACKING)
    try:
        return pd.DataFrame(history)
    except (ValueError, TypeError):
        raise TableError(
            Message("{path} is not a history: save it with json.dump(history.history, file).", path=path)
        ) from None


def _tidy(tables: list[pd.DataFrame], path: Path) -> tuple[pd.DataFrame, int]:
    named = [_named(table, path) for table in tables]
    if not any("loss" in table or "val_loss" in table for table in named):
        raise TableError(Message("{path} has no column loss: choose the history of a Keras training.", path=path))
    trainings = [training for table in named for training in _trainings(table, path)]
    if not trainings:
        raise TableError(
            Message(("{path} has no epoch with a numeric value: choose the history of a Keras training."), path=path)
        )
    table, replaced = _joined(trainings)
    if "loss" not in table:
        table["loss"] = float("nan")
    measured = [column for column in table if column not in ("epoch", "training")]
    table = table.dropna(axis=0, how="all", subset=measured).reset_index(drop=True)
    if table.empty:
        raise TableError(
            Message(("{path} has no epoch with a numeric value: choose the history of a Keras training."), path=path)
        )
    return table if table["training"].nunique() > 1 else table.drop(columns="training"), replaced


def _named(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    table = table.rename(columns=lambda name: str(name).strip()).rename(columns=_NAMES | _LOGGED)
    table = table.loc[:, ~table.columns.duplicated()]
    if table.shape[1] > MAX_MEASURES:
        raise too_many(path, Message("columns"), MAX_MEASURES)
    return pd.DataFrame({name: _numbers(table[name].to_list()) for name in table})


def _trainings(table: pd.DataFrame, path: Path) -> list[pd.DataFrame]:
    """Part a table where its epochs go back: there another training was appended."""
    if "epoch" not in table:
        return [table.assign(epoch=range(1, len(table) + 1))]
    table = table[table["epoch"].between(0, MAX_EPOCHS)].astype({"epoch": int})
    begins = (table["epoch"].diff() <= 0).cumsum()
    if len(begins) and begins.iloc[-1] >= MAX_TRAININGS:
        raise too_many(path, Message("trainings"), MAX_TRAININGS)
    return [part for _, part in table.groupby(begins)]


def _joined(trainings: list[pd.DataFrame]) -> tuple[pd.DataFrame, int]:
    """Count the epochs of trainings on, from 1; return how many were trained again, too."""
    parts: list[pd.DataFrame] = []
    beginning = offset = replaced = 0
    for number, training in enumerate(trainings, 1):
        first = int(training["epoch"].iloc[0])
        if number == 1:
            # Keras counts from 0; a file may begin later, where the start of it was lost.
            beginning, offset = first, 1 if first == 0 else 0
        elif first <= beginning:
            offset = int(parts[-1]["epoch"].iloc[-1]) + 1 - first
        # Epochs rise through all parts, so that what is trained again stands at their end.
        while parts and parts[-1]["epoch"].iloc[-1] >= first + offset:
            before = parts.pop()
            remaining = before[before["epoch"] < first + offset]
            replaced += len(before) - len(remaining)
            parts += [remaining] if len(remaining) else []
        parts.append(training.assign(epoch=training["epoch"] + offset, training=number))
    rows = pd.concat(parts, ignore_index=True)
    order = ["epoch", *(column for column in rows if column not in ("epoch", "training")), "training"]
    return rows[order], replaced


def _numbers(column: Sequence[object]) -> np.ndarray:
    # Lists and objects, as a damaged history holds them, are no numbers; neither is True.
    values = [
        value if isinstance(value, str | float | int) and not isinstance(value, bool) else None for value in column
    ]
    numbers = pd.to_numeric(np.array(values, object), errors="coerce").astype(float)
    if np.isnan(numbers).all() and any(isinstance(value, str) for value in values):
        # Spreadsheets of many countries write 1,5.
        numbers = pd.to_numeric(np.array([str(value).replace(",", ".") for value in values], object), errors="coerce")
    return numbers
