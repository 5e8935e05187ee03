"""The Keras callbacks of a run, in the order in which ``fit`` calls them, and the state that they share.

Keras' own serve where they keep what carvis promises. ``BackupAndRestore`` forgets history and early stopping, repeats
an interrupted epoch from its start with other random numbers, and deletes its backup when a run is stopped;
``EarlyStopping`` and ``ModelCheckpoint`` watch one measure, and cannot be resumed; validation within ``fit`` returns no
predictions, which would take a second pass.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import psutil
import tensorflow as tf
from numpy.typing import NDArray
from typing_extensions import override

from carvis.training.checkpoint import TrainingState, save_state
from carvis.training.end_reasons import LOSS_NOT_FINITE, no_improvement
from carvis.training.schedule import learning_rate_at

CROSSENTROPY = "crossentropy"
_REPORT_SECONDS = 1.0
Logs = dict[str, Any] | None


@dataclass
class Course:
    """What the callbacks of a training know of it together.

    Attributes:
        epochs: at most.
        images, batch_size: trained on, and of them a step.
        learning_rate: the highest.
        patience: epochs without a better validation loss or accuracy after which training ends.
        state: how far it is.
        partial: whether the current epoch ended before its last step; it then does not count.
        reason: why training ended early.
        stopped: whether a person or the system requested that.
        predicted: class indices of the validation images after the last epoch.
    """

    epochs: int
    images: int
    batch_size: int
    learning_rate: float
    patience: int
    state: TrainingState = field(default_factory=TrainingState)
    partial: bool = False
    reason: str | None = None
    stopped: bool = False
    predicted: NDArray[np.integer] = field(default_factory=lambda: np.zeros(0, int))

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return math.ceil(self.images / self.batch_size)

    def learning_rate_at(self, step: int) -> float:
        """Return the learning rate of a step of the whole training, from 0."""
        return learning_rate_at(step, self.epochs * self.steps, self.learning_rate)


class _RunCallback(keras.callbacks.Callback):
    def __init__(self, course: Course):
        super().__init__()
        self.course = course

    @property
    def state(self) -> TrainingState:
        return self.course.state


class Steps(_RunCallback):
    """Reports the steps of an epoch, about once a second, and ends a training whose loss is NaN or infinite.

    Args:
        emit: called with a kind of event and its facts.
    """

    def __init__(self, course: Course, emit: Callable[..., None]):
        super().__init__(course)
        self._emit = emit

    @override
    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._step = 0
        self._start = self._reported = time.monotonic()
        self.course.partial = False

    @override
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._step = batch + 1
        logs = _exact(logs)
        if not math.isfinite(logs["loss"]):
            self.course.reason = LOSS_NOT_FINITE
            self.model.stop_training = self.course.partial = True
            return
        now = time.monotonic()
        if now - self._reported < _REPORT_SECONDS and self._step < self.course.steps:
            return
        self._reported = now
        self._emit(
            "steps",
            epoch=self.state.epochs + 1,
            step=self._step,
            steps=self.course.steps,
            loss=logs["loss"],
            accuracy=logs["accuracy"],
            learning_rate=self.course.learning_rate_at(self.state.steps + batch),
            images_per_second=self._speed(now),
            memory=psutil.Process().memory_info().rss,
        )

    @override
    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self.course.partial |= self._step < self.course.steps
        if logs is not None:
            logs |= _exact(logs)
            logs["learning_rate"] = self.course.learning_rate_at(self.state.steps + self._step - 1)
            logs["images_per_second"] = self._speed(time.monotonic())

    def _speed(self, now: float) -> float:
        images = min(self._step * self.course.batch_size, self.course.images)
        return round(images / max(now - self._start, 1e-9), 1)


def _exact(logs: Logs) -> dict[str, Any]:
    """Return the logs with the loss that counts no repeated row, where several devices share each batch."""
    logs = dict(logs or {})
    return logs | {"loss": logs.get(CROSSENTROPY, logs.get("loss"))}


class Validation(_RunCallback):
    """Adds ``val_loss`` and ``val_accuracy`` to the logs of an epoch, and keeps the predicted classes.

    Args:
        batches: one pass over the validation inputs, in order.
        labels: class indices (N,).
        is_real: which rows of the pass are no repetition.
    """

    def __init__(
        self,
        course: Course,
        batches: tf.data.Dataset,
        labels: NDArray[np.integer],
        is_real: NDArray[np.bool_],
    ):
        super().__init__(course)
        self._batches, self._labels, self._is_real = batches, labels, is_real

    @override
    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.course.partial or logs is None:
            return
        outputs = self.model.predict(self._batches, verbose=0)[self._is_real]
        one_hot = keras.utils.to_categorical(self._labels, outputs.shape[1])
        self.course.predicted = outputs.argmax(axis=1)
        logs["val_loss"] = float(self.model.loss(one_hot, outputs))
        logs["val_accuracy"] = float(np.mean(self.course.predicted == self._labels))


class BestEpoch(_RunCallback):
    """Keeps the weights of the best epoch in memory, and ends a training that no longer gets better.

    The best epoch has the highest validation accuracy, and of equal ones the lowest loss. Training goes on as long as
    either of them improves.

    Args:
        model: whose weights are kept.
    """

    def __init__(self, course: Course, model: keras.Model):
        super().__init__(course)
        self._trained = model

    @override
    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._start = time.monotonic()

    @override
    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.course.partial or logs is None:
            return
        state, loss, accuracy = self.state, logs["val_loss"], logs["val_accuracy"]
        key = (accuracy, -loss)
        is_best = state.best_key is None or key > tuple(state.best_key)
        if is_best:
            state.best_key, state.best_epoch, state.best = key, epoch + 1, self._trained.get_weights()
            state.metrics = {name: logs[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        improved = loss < state.best_loss or accuracy > state.best_accuracy
        state.best_loss, state.best_accuracy = min(state.best_loss, loss), max(state.best_accuracy, accuracy)
        state.waited = 0 if improved else state.waited + 1
        state.epochs, state.steps = epoch + 1, state.steps + self.course.steps
        names = ("loss", "accuracy", "learning_rate", "images_per_second", "val_loss", "val_accuracy")
        state.last = {
            "epoch": epoch + 1,
            **{name: logs[name] for name in names},
            "best": is_best,
            "seconds": round(time.monotonic() - self._start, 3),
        }
        if out_of_patience(self.course):
            self.model.stop_training = True


def out_of_patience(course: Course) -> bool:
    """Tell whether a training ends early as it no longer gets better, and note it as the reason of its end."""
    if course.state.waited < course.patience or course.state.epochs >= course.epochs:
        return False
    course.reason = no_improvement(course.patience)
    return True


class Checkpoint(_RunCallback):
    """Writes what a run needs to resume after each epoch, whole or not at all.

    Args:
        path: of the file.
        model: whose variables are kept.
        before: called first, with the number of the epoch.
    """

    def __init__(self, course: Course, path: Path, model: keras.Model, before: Callable[[int], None]):
        super().__init__(course)
        self._path, self._trained, self._before = path, model, before

    @override
    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if not self.course.partial:
            self._before(epoch + 1)
            save_state(self._path, self.state, self._trained, self.model.optimizer)


class Epochs(_RunCallback):
    """Reports each epoch once its checkpoint is written.

    Args:
        emit: called with ``epoch`` and the facts of the epoch.
        save_best: called after an epoch that was the best so far.
    """

    def __init__(self, course: Course, emit: Callable[..., None], save_best: Callable[[], None]):
        super().__init__(course)
        self._emit, self._save_best = emit, save_best

    @override
    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if not self.course.partial:
            self._emit("epoch", **self.state.last)
            if self.state.last["best"]:
                self._save_best()


class StopOnRequest(_RunCallback):
    """Ends a training after the step at which a stop is requested, or after the epoch.

    Args:
        requested: returns the reason of a request, or None.
    """

    def __init__(self, course: Course, requested: Callable[[], str | None]):
        super().__init__(course)
        self._requested = requested

    @override
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self._stop():
            self.course.partial = True

    @override
    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if not self.course.stopped:
            self._stop()

    def _stop(self) -> bool:
        if reason := self._requested():
            self.course.reason, self.course.stopped = reason, True
            self.model.stop_training = True
        return reason is not None
