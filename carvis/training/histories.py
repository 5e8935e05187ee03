"""Histories of trainings not started here: Keras's ``CSVLogger``, a ``history`` as JSON, TensorBoard events."""

import io
import json
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from carvis.errors import TableError

# Older Keras wrote ``acc``; a learning rate is called ``lr`` there.
_NAMES = {"acc": "accuracy", "val_acc": "val_accuracy", "lr": "learning_rate"}
_MOST_EPOCHS = 1_000_000
_LOGGED = {
    "categorical_accuracy": "accuracy",
    "sparse_categorical_accuracy": "accuracy",
    "val_categorical_accuracy": "val_accuracy",
    "val_sparse_categorical_accuracy": "val_accuracy",
}


def read_history(path: str | Path | BinaryIO, name: str | None = None) -> pd.DataFrame:
    """Read the history of a training: a row an epoch, with the columns of ``Run.history`` as far as they are known.

    A pickle is never read: opening one can run code.

    Args:
        path: a ``CSVLogger`` file; a JSON object of lists, as ``history.history`` is, or of epochs; a TensorBoard event
            file or the folder that holds some. Or an open file of bytes.
        name: of an open file: its ending says what it holds, and errors name it.

    Raises:
        TableError: the file is none of these, or the package ``tensorboard`` is missing.
    """
    shown = Path(name or path)
    if shown.suffix.lower() in (".pkl", ".pickle", ".joblib"):
        raise TableError(f"{shown} is a pickle, which can run code when it is opened: save the history as JSON or CSV.")
    if name is None and (shown.is_dir() or ".tfevents." in shown.name):
        return _tidy(_from_tensorboard(shown), shown)
    try:
        content = shown.read_bytes() if name is None else path.read()
    except OSError as error:
        raise TableError(f"{shown} cannot be read ({error.strerror or error}): check the path.") from None
    return _tidy((_from_json if shown.suffix.lower() == ".json" else _from_csv)(content, shown), shown)


def tensorboard_folders(root: str | Path, most: int = 500) -> list[Path]:
    """Find the folders below another one that hold TensorBoard's logs of a training each, sorted.

    Args:
        root: need not exist.
        most: event files looked at.
    """
    found = set()
    for file in islice(Path(root).rglob("*.tfevents.*"), most):
        # Keras writes a folder each for training and validation.
        both = file.parent.name in ("train", "validation")
        found.add(file.parent.parent if both else file.parent)
    return sorted(found)


def _from_csv(content: bytes, path: Path) -> pd.DataFrame:
    try:
        # A CSVLogger may use any separator, and a killed process leaves half a line behind.
        return pd.read_csv(io.BytesIO(content), sep=None, engine="python", on_bad_lines="skip", encoding="utf-8-sig")
    except Exception as error:
        raise TableError(f"{path} is not a table of a training: name a CSVLogger file.") from error


def _from_json(content: bytes, path: Path) -> pd.DataFrame:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise TableError(f"{path} is not JSON: save the history with json.dump(history.history, file).") from None
    if isinstance(found, dict) and isinstance(found.get("history"), dict):
        found = found["history"]
    if isinstance(found, dict):
        # pandas writes a table as {column: {row: value}}.
        found = {key: list(value.values()) if isinstance(value, dict) else value for key, value in found.items()}
        found = {key: value for key, value in found.items() if isinstance(value, list)}
        longest = max(map(len, found.values()), default=0)
        found = {key: value + [None] * (longest - len(value)) for key, value in found.items()}
    try:
        return pd.DataFrame(found)
    except (ValueError, TypeError):
        raise TableError(f"{path} is not a history: save it with json.dump(history.history, file).") from None


def _from_tensorboard(path: Path) -> pd.DataFrame:
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError:
        raise TableError(f"{path} is read with the package tensorboard: install it, or use CSV.") from None
    folder = path if path.is_dir() else path.parent
    found: dict[str, dict[int, float]] = {}
    folders = sorted({file.parent for file in folder.rglob("*.tfevents.*")}) if path.is_dir() else [path]
    for one in folders:
        events = EventAccumulator(str(one), size_guidance={"scalars": 0, "tensors": 0})
        events.Reload()
        # Keras writes a folder each for training and validation.
        side = "val_" if "valid" in str(one.name if one.is_dir() else one.parent.name) else ""
        for tag, points in _scalars(events):
            if tag.startswith("epoch_"):
                found.setdefault(side + tag.removeprefix("epoch_"), {}).update(points)
    if not found:
        raise TableError(f"{path} holds no epochs of a Keras training: name the folder that TensorBoard logs to.")
    return pd.DataFrame(found).rename_axis("epoch").sort_index().reset_index()


def _scalars(events):
    for tag in events.Tags().get("scalars", []):
        yield tag, {event.step: event.value for event in events.Scalars(tag)}
    tensors = events.Tags().get("tensors", [])
    if tensors:
        from tensorboard.util.tensor_util import make_ndarray

        for tag in tensors:
            points = {event.step: make_ndarray(event.tensor_proto) for event in events.Tensors(tag)}
            if all(value.size == 1 and value.dtype.kind == "f" for value in points.values()):
                yield tag, {step: float(value.item()) for step, value in points.items()}


def _tidy(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    table = table.rename(columns=lambda name: str(name).strip()).rename(columns=_NAMES | _LOGGED)
    table = table.loc[:, ~table.columns.duplicated()].apply(_numbers)
    if "loss" not in table and "val_loss" not in table:
        raise TableError(f"{path} has no column loss: name the history of a Keras training.")
    if "loss" not in table:
        table["loss"] = float("nan")
    if "epoch" in table:
        table = table[table["epoch"].between(0, _MOST_EPOCHS)]
        # Keras counts from 0; the last of several equal epochs holds, as where a training was started again.
        table = table.assign(epoch=table["epoch"].astype(int) + (1 if table["epoch"].min() == 0 else 0))
        table = table.drop_duplicates("epoch", keep="last").sort_values("epoch", ignore_index=True)
    else:
        table.insert(0, "epoch", range(1, len(table) + 1))
    table = table.dropna(axis=0, how="all", subset=[column for column in table if column != "epoch"])
    if table.empty:
        raise TableError(f"{path} holds no epoch with a number in it: name the history of a Keras training.")
    return table


def _numbers(column: pd.Series) -> pd.Series:
    found = pd.to_numeric(column, errors="coerce")
    if found.isna().all() and not column.isna().all():
        # Spreadsheets of many countries write 1,5.
        found = pd.to_numeric(column.astype(str).str.replace(",", ".", regex=False), errors="coerce")
    return found
