"""``replay/``: what a run answered to its validation pictures after each epoch, and, on request, its weights."""

import io
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carvis.errors import TrainingError
from carvis.images import USUAL
from carvis.language import Message
from carvis.training.run import CONFIG, Run
from carvis.workspace import Unusable, atomic_write, open_arrays, refusal

if TYPE_CHECKING:
    import keras

    from carvis.classifier import Classifier

FOLDER = "replay"
_PICTURES = "pictures.npz"
_MAX_BYTES = 4_000_000_000
_REMEDY = Message("choose another epoch")


def begin(run: Run, ids: list[str], labels: np.ndarray) -> None:
    """Write which pictures validate, and their classes; later files hold one answer for each, in this order."""
    path = run.directory / FOLDER / _PICTURES
    if not path.exists() or not any(path.parent.glob("epoch-*.npz")):
        _write(path, ids=np.array(ids), labels=np.asarray(labels, np.int32))


def keep_epoch(run: Run, epoch: int, answers: np.ndarray, model: "keras.Model | None" = None) -> None:
    """Write the answers after an epoch.

    Args:
        epoch: from 1.
        answers: class indices (N,).
        model: where given, the weights of its layers that learn are kept too, halved to float16.
    """
    kept = {}
    for layer in model._flatten_layers(include_self=False) if model else ():
        # A model within a model repeats the weights of its layers.
        if layer.trainable_weights and not getattr(layer, "layers", None):
            kept |= {f"weight:{weight.path}": np.asarray(weight, np.float16) for weight in layer.weights}
    _write(run.directory / FOLDER / f"epoch-{epoch:04d}.npz", answers=np.asarray(answers, np.int32), **kept)


def _write(path: Path, **arrays) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    atomic_write(path, buffer.getvalue())


class Replay:
    """A run as it was after each of its epochs.

    Args:
        run: it may be going on.
    """

    def __init__(self, run: Run):
        self.run = run
        self.folder = run.directory / FOLDER

    @property
    def epochs(self) -> list[int]:
        """The epochs that were kept, in order; none for a run that was started before carvis kept any."""
        found = (re.fullmatch(r"epoch-(\d+)\.npz", path.name) for path in self.folder.glob("epoch-*.npz"))
        return sorted(int(match[1]) for match in found if match) if (self.folder / _PICTURES).is_file() else []

    @cached_property
    def pictures(self) -> pd.DataFrame:
        """The validation pictures: id and label, in the order of the answers."""
        names = self._class_names
        with self._open(_PICTURES) as file:
            ids, labels = file.read("ids", "U", (None,)), file.read("labels", "iu", (None,))
            if len(ids) != len(labels) or not _within(labels, names):
                raise Unusable(_foreign())
            return pd.DataFrame({"id": ids.astype(str), "label": names[labels]})

    def answers(self, epoch: int) -> pd.Series:
        """Return the class that was predicted for each validation picture after an epoch.

        Raises:
            TrainingError: the epoch was not kept, or its file is damaged.
        """
        names = self._class_names
        with self._open(_name(epoch)) as file:
            answers = file.read("answers", "iu", (None,))
            if not _within(answers, names):
                raise Unusable(_foreign())
            answers = names[answers]
        if len(answers) != len(self.pictures):
            raise TrainingError(
                Message(
                    "Epoch {epoch} of {run} validated other pictures: choose another epoch.",
                    epoch=epoch,
                    run=self.run.id,
                )
            )
        return pd.Series(answers, index=self.pictures.index)

    def confusion(self, epoch: int) -> pd.DataFrame:
        """Return counts of validation pictures after an epoch: true class down, predicted class across."""
        names = list(self._class_names)
        counts = pd.crosstab(self.pictures["label"], self.answers(epoch))
        return counts.reindex(index=names, columns=names, fill_value=0)

    def has_weights(self, epoch: int) -> bool:
        """Tell whether the weights after an epoch were kept."""
        with self._open(_name(epoch)) as file:
            return any(name.startswith("weight:") for name in file.names)

    def classifier(self, epoch: int) -> "Classifier":
        """Open the model as it was after an epoch, its weights rounded to float16.

        Raises:
            TrainingError: the weights were not kept, or no model file of this run is there to put them into.
        """
        from carvis.classifier import Classifier, load_classifier

        files = [path for path in (self.run.model_path, self.run.directory / "checkpoint" / "best.keras") if path]
        path = next((path for path in files if path.is_file()), None)
        if path is None or not self.has_weights(epoch):
            raise TrainingError(
                Message(
                    "The weights after epoch {epoch} of {run} were not kept: train with --replay.",
                    epoch=epoch,
                    run=self.run.id,
                )
            )
        config = self.run.complete_config
        model = load_classifier(path, class_names=config["class_names"]).model
        places = {weight.path: weight for weight in model.weights}
        with self._open(_name(epoch)) as file:
            for name in (name for name in file.names if name.startswith("weight:")):
                place = places.get(name.removeprefix("weight:"))
                if place is None:
                    raise Unusable(Message("its weights are of another model than {path}", path=path))
                place.assign(file.read(name, "f", tuple(place.shape)).astype(np.float32))
        return Classifier(
            model,
            config["class_names"],
            preprocessing=config["preprocessing"],
            resize=config["resize"],
            alpha=config.get("alpha", USUAL.alpha),
            orientation=config.get("orientation", USUAL.orientation),
            name=f"{self.run.id}, epoch {epoch}",
        )

    @property
    def _class_names(self) -> np.ndarray:
        names = self.run.config.get("class_names")
        if names is None:
            raise TrainingError(
                refusal(self.run.directory / CONFIG, Message("{place} is missing", place="class_names"), _REMEDY)
            )
        return np.array(names)

    def _open(self, name: str):
        if not (self.folder / name).exists():
            raise TrainingError(
                Message("The run {run} has not kept {name}: choose another epoch.", run=self.run.id, name=name)
            )
        return open_arrays(self.folder / name, max_bytes=_MAX_BYTES, remedy=_REMEDY, error=TrainingError)


def _within(places: np.ndarray, names: np.ndarray) -> bool:
    return not len(places) or bool(places.min() >= 0 and places.max() < len(names))


def _foreign() -> Message:
    return Message("it is of other classes than the run")


def _name(epoch: int) -> str:
    return f"epoch-{epoch:04d}.npz"
