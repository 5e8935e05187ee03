"""``replay/``: a run's predictions for its validation images after each epoch, and, on request, its weights."""

import io
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.errors import TrainingError
from carvis.language import Message
from carvis.training.run import CONFIG, Run
from carvis.workspace import Unusable, atomic_write, open_arrays, refusal

if TYPE_CHECKING:
    import keras

    from carvis.classifier import Classifier
    from carvis.workspace.array_file import ArrayFile

FOLDER = "replay"
_IMAGES = "pictures.npz"
_MAX_BYTES = 4_000_000_000
_REMEDY = Message("choose another epoch")


def begin(run: Run, ids: Sequence[str], labels: NDArray[np.integer]) -> None:
    """Write which images validate, and their labels; later files hold one prediction for each, in this order."""
    path = run.directory / FOLDER / _IMAGES
    if not path.exists() or not any(path.parent.glob("epoch-*.npz")):
        _write(path, ids=np.array(ids), labels=np.asarray(labels, np.int32))


def keep_epoch(run: Run, epoch: int, predicted: NDArray[np.integer], model: "keras.Model | None" = None) -> None:
    """Write the predictions after an epoch.

    Args:
        epoch: from 1.
        predicted: class indices (N,).
        model: where given, the weights of its trainable layers are kept too, halved to float16.
    """
    weights: dict[str, NDArray[np.floating]] = {}
    for layer in model._flatten_layers(include_self=False) if model else ():
        # A model within a model repeats the weights of its layers.
        if layer.trainable_weights and not getattr(layer, "layers", None):
            weights |= {f"weight:{weight.path}": np.asarray(weight, np.float16) for weight in layer.weights}
    _write(run.directory / FOLDER / f"epoch-{epoch:04d}.npz", answers=np.asarray(predicted, np.int32), **weights)


def _write(path: Path, **arrays: NDArray[Any]) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # its stub takes the names for options
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
        matches = (re.fullmatch(r"epoch-(\d+)\.npz", path.name) for path in self.folder.glob("epoch-*.npz"))
        return sorted(int(match[1]) for match in matches if match) if (self.folder / _IMAGES).is_file() else []

    @cached_property
    def images(self) -> pd.DataFrame:
        """The validation images: id and label, in the order of the predictions."""
        names = self._class_names
        with self._open(_IMAGES) as file:
            ids, labels = file.read("ids", "U", (None,)), file.read("labels", "iu", (None,))
            if len(ids) != len(labels) or not _within(labels, names):
                raise Unusable(_foreign())
            return pd.DataFrame({"id": ids.astype(str), "label": names[labels]})

    def predictions(self, epoch: int) -> pd.Series:
        """Return the predicted class of each validation image after an epoch.

        Raises:
            TrainingError: the epoch was not kept, or its file is damaged.
        """
        names = self._class_names
        with self._open(_name(epoch)) as file:
            classes = file.read("answers", "iu", (None,))
            if not _within(classes, names):
                raise Unusable(_foreign())
        if len(classes) != len(self.images):
            raise TrainingError(
                Message(
                    "Epoch {epoch} of {run} validated other images: choose another epoch.",
                    epoch=epoch,
                    run=self.run.id,
                )
            )
        return pd.Series(names[classes], index=self.images.index)

    def confusion(self, epoch: int) -> pd.DataFrame:
        """Return counts of validation images after an epoch: true class down, predicted class across."""
        names = list(self._class_names)
        counts = pd.crosstab(self.images["label"], self.predictions(epoch))
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
        model = load_classifier(path, class_names=list(config.class_names)).model
        weights = {weight.path: weight for weight in model.weights}
        with self._open(_name(epoch)) as file:
            for name in (name for name in file.names if name.startswith("weight:")):
                weight = weights.get(name.removeprefix("weight:"))
                if weight is None:
                    raise Unusable(Message("its weights belong to another model than {path}", path=path))
                weight.assign(file.read(name, "f", tuple(weight.shape)).astype(np.float32))
        return Classifier(
            model,
            list(config.class_names),
            preprocessing=config.scaling,
            resize=config.resize,
            alpha=config.alpha,
            orientation=config.orientation,
            name=f"{self.run.id}, epoch {epoch}",
        )

    @property
    def _class_names(self) -> NDArray[np.str_]:
        names = self.run.config.get("class_names")
        if names is None:
            raise TrainingError(
                refusal(self.run.directory / CONFIG, Message("{place} is missing", place="class_names"), _REMEDY)
            )
        return np.array(names)

    def _open(self, name: str) -> "AbstractContextManager[ArrayFile]":
        if not (self.folder / name).exists():
            raise TrainingError(
                Message("The run {run} has no {name}: choose another epoch.", run=self.run.id, name=name)
            )
        return open_arrays(self.folder / name, max_bytes=_MAX_BYTES, remedy=_REMEDY, error=TrainingError)


def _within(classes: NDArray[np.integer], names: NDArray[np.str_]) -> bool:
    return not len(classes) or bool(classes.min() >= 0 and classes.max() < len(names))


def _foreign() -> Message:
    return Message("its classes are not those of the run")


def _name(epoch: int) -> str:
    return f"epoch-{epoch:04d}.npz"
