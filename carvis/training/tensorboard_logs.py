"""TensorBoard's event files of Keras trainings: which folders hold some, and the epochs in them."""

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from carvis.errors import TableError
from carvis.language import Message
from carvis.tables.limits import MAX_BYTES, too_many
from carvis.workspace import Links, open_regular, os_reason, resolved, walk

if TYPE_CHECKING:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

MOST_FILES = 20_000
_SIDES = ("train", "validation")
_CREATED = re.compile(r"\.tfevents\.(\d+)\.(?:.*\.)?(\d+)\.v2$")
# What Keras before 2.3 called them, with both sides in one file.
_KERAS_2_TAGS = ("loss", "acc", "accuracy", "val_loss", "val_acc", "val_accuracy", "lr")


def tensorboard_folders(root: str | Path, most: int = 500, links: Links | None = None) -> list[Path]:
    """Find the folders below another one that hold TensorBoard's logs of a training each, sorted.

    Args:
        root: need not exist.
        most: event files looked at; of all files, ``MOST_FILES``.
        links: which links are followed; by default those that lead into ``root``.
    """
    return sorted({_training_folder(file) for file in islice(_event_files(resolved(root), links), most)})


def _event_files(folder: Path, links: Links | None = None) -> Iterator[Path]:
    # A folder of images, or the whole of a workspace, may hold millions of other files.
    entries = islice(walk(folder, links), MOST_FILES)
    return (Path(entry.path) for entry in entries if ".tfevents." in entry.name)


def _training_folder(file: Path) -> Path:
    # Keras writes a folder each for training and validation.
    return file.parent.parent if file.parent.name in _SIDES else file.parent


def read_event_files(path: Path) -> list[pd.DataFrame]:
    """Read the epochs of each training logged in a folder, in their order, or of the one of an event file.

    Args:
        path: an event file; the folder of a training; or one above it that holds no other training.

    Raises:
        TableError: no epochs, several folders of trainings, or the package ``tensorboard`` is missing.
    """
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError:
        raise TableError(
            Message("Reading {path} needs the package tensorboard: install it, or use CSV.", path=path)
        ) from None
    # The names of folders say which side they are: "." and ".." have none.
    absolute = resolved(path)
    files = sorted(_event_files(absolute), key=_creation) if absolute.is_dir() else [absolute]
    trainings: list[dict[str, dict[int, float]]] = []
    folders: dict[Path, None] = {}
    for file in files:
        _check(file)
        events = EventAccumulator(str(file), size_guidance={"scalars": 0, "tensors": 0})
        try:
            events.Reload()
        except Exception as error:
            # What tensorboard raises at damaged records is of no kind of its own.
            raise TableError(
                Message("{path} is not a TensorBoard event file, or it is damaged: choose another.", path=file)
            ) from error
        side = "val_" if file.parent.name == _SIDES[1] else ""
        points = {tag: values for tag, values in _scalars(events) if tag.startswith("epoch_") or tag in _KERAS_2_TAGS}
        if not points:
            continue
        folders[_training_folder(file)] = None
        # A training begins its validation file after its own; where only the former is left, each is a training.
        if not trainings or not side or any(f"{side}{_short(tag)}" in trainings[-1] for tag in points):
            trainings.append({})
        trainings[-1] |= {f"{side}{_short(tag)}": values for tag, values in points.items()}
    if not trainings:
        raise TableError(
            Message("{path} has no epochs of a Keras training: choose a TensorBoard log folder.", path=path)
        )
    if len(folders) > 1:
        raise TableError(
            Message(
                "{path} holds {n} trainings in separate folders: choose one of them, such as {first}.",
                path=path,
                n=len(folders),
                first=path / next(iter(folders)).relative_to(absolute),
            )
        )
    return [pd.DataFrame(measures).rename_axis("epoch").sort_index().reset_index() for measures in trainings]


def _check(file: Path) -> None:
    """Refuse what tensorboard would wait for, or read for ever."""
    try:
        with open_regular(file) as event_file:
            size = os.fstat(event_file.fileno()).st_size
    except OSError as error:
        raise TableError(
            Message("{path} cannot be read ({reason}): check the path.", path=file, reason=os_reason(error))
        ) from None
    if size > MAX_BYTES:
        raise too_many(file, Message("bytes"), MAX_BYTES)


def _short(tag: str) -> str:
    return tag.removeprefix("epoch_")


def _creation(file: Path) -> tuple[int, int, str]:
    match = _CREATED.search(file.name)
    return (int(match[1]), int(match[2]), file.name) if match else (0, 0, file.name)


def _scalars(events: "EventAccumulator") -> Iterator[tuple[str, dict[int, float]]]:
    for tag in events.Tags().get("scalars", []):
        yield tag, {event.step: event.value for event in events.Scalars(tag)}
    tensors = events.Tags().get("tensors", [])
    if tensors:
        from tensorboard.util.tensor_util import make_ndarray

        for tag in tensors:
            points = {event.step: make_ndarray(event.tensor_proto) for event in events.Tensors(tag)}
            if all(value.size == 1 and value.dtype.kind == "f" for value in points.values()):
                yield tag, {step: float(value.item()) for step, value in points.items()}
