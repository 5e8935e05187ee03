"""Training with ``compile`` and ``fit``: what carvis gives Keras, and what it takes from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from typing_extensions import override

from carvis.classifier.output_kind import gives_logits
from carvis.training import callbacks as run_callbacks
from carvis.training.batches import Inputs, batches_in_order, training_batches
from carvis.training.callbacks import CROSSENTROPY, Course
from carvis.training.config import RunConfig
from carvis.training.devices import Devices, is_real_row
from carvis.training.schedule import WarmUpCosine
from carvis.training.whole_model import WholeModelCallbacks

_CLIP_NORM = 1.0


def compiled(
    model: keras.Model,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
    *,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    jit_compile: bool = False,
    devices: Devices | None = None,
    optimizer: keras.Optimizer | None = None,
) -> keras.Model:
    """Return a compiled model of the same layers; the given one stays as it is, and is saved without an optimizer.

    Args:
        model: outputs one score a class.
        from_logits: whether it ends without softmax.
        jit_compile: whether XLA compiles the steps.
        devices: share each batch; the model's variables were made within their scope.
        optimizer: of another model with the same trainable variables; by default a new one.
    """
    devices = devices or Devices([])
    with devices.scope():
        trained = keras.Model(model.inputs[0], model.outputs[0], name=model.name)
        if optimizer is None:
            optimizer = devices.optimizer(learning_rate, _CLIP_NORM)
            optimizer.build(trained.trainable_variables)
        loss = keras.losses.CategoricalCrossentropy(from_logits=from_logits, label_smoothing=label_smoothing)
        shared = len(devices) > 1
        exact = [_RowAccuracy(), _RowCrossentropy(from_logits, label_smoothing)]
        trained.compile(
            optimizer=optimizer,
            loss=loss,
            metrics=None if shared else [keras.metrics.CategoricalAccuracy("accuracy")],
            weighted_metrics=exact if shared else None,
            jit_compile=jit_compile,
        )
    return trained


class _RowAccuracy(keras.metrics.CategoricalAccuracy):
    """Accuracy that counts each real row once: weights also make up for the rows that are repeated."""

    def __init__(self) -> None:
        super().__init__(name="accuracy")

    @override
    def update_state(self, y_true: tf.Tensor, y_pred: tf.Tensor, sample_weight: tf.Tensor | None = None) -> None:
        super().update_state(y_true, y_pred, _is_real(sample_weight))


class _RowCrossentropy(keras.metrics.CategoricalCrossentropy):
    """The loss, counted likewise."""

    def __init__(self, from_logits: bool, label_smoothing: float) -> None:
        super().__init__(name=CROSSENTROPY, from_logits=from_logits, label_smoothing=label_smoothing)

    @override
    def update_state(self, y_true: tf.Tensor, y_pred: tf.Tensor, sample_weight: tf.Tensor | None = None) -> None:
        super().update_state(y_true, y_pred, _is_real(sample_weight))


def _is_real(weights: tf.Tensor | None) -> tf.Tensor | None:
    return None if weights is None else tf.cast(weights > 0, tf.float32)


@dataclass(frozen=True)
class Hooks:
    """What a training tells and asks the run around it.

    Attributes:
        emit: called with a kind of event (``steps``, ``epoch``) and its facts.
        stop_requested: returns the reason of a request to stop, or None.
        before_checkpoint: called with the number of each finished epoch.
        save_best: called after an epoch that was the best so far.
    """

    emit: Callable[..., None] = lambda kind, **facts: None
    stop_requested: Callable[[], str | None] = lambda: None
    before_checkpoint: Callable[[int], None] = lambda epoch: None
    save_best: Callable[[], None] = lambda: None


class Training:
    """A model, the part of it that learns, and what it learns from.

    Args:
        model: the whole of it.
        learning: the part that takes ``train`` and ``valid``; it shares its layers with the model, or is the model.
        config: decides epochs, batch size, learning rate, patience, seed and compilation.

    Attributes:
        course: how far it is; its state is set to resume.
        trained: what ``fit`` trains.
    """

    def __init__(
        self,
        model: keras.Model,
        learning: keras.Model,
        train: Inputs,
        valid: Inputs,
        config: RunConfig,
        devices: Devices | None = None,
    ):
        self.model, self.learning, self.config = model, learning, config
        self._train, self._valid, self._devices = train, valid, devices or Devices([])
        self._n_classes = int(model.outputs[0].shape[-1])
        self.course = Course(config.epochs, len(train.labels), config.batch_size, config.learning_rate, config.patience)
        schedule = WarmUpCosine(config.learning_rate, config.epochs * self.course.steps)
        self._compiled: dict[str, Any] = {
            "from_logits": gives_logits(model),
            "label_smoothing": config.label_smoothing,
            "jit_compile": config.jit_compile,
            "devices": self._devices,
        }
        self.trained = compiled(learning, schedule, **self._compiled)

    @property
    def optimizer_steps(self) -> int:
        """Steps so far, those of an unfinished epoch included."""
        return int(keras.ops.convert_to_numpy(self.trained.optimizer.iterations))

    def fit(
        self,
        hooks: Hooks = Hooks(),
        *,
        checkpoint: Path | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> None:
        """Train until the epochs are done, nothing gets better, or a stop is requested; then restore the best weights.

        Args:
            checkpoint: written after each epoch.
            callbacks: further ones, which see the whole model.
        """
        state = self.course.state
        if state.epochs < self.config.epochs and not run_callbacks.out_of_patience(self.course):
            self.trained.fit(
                training_batches(
                    self._train,
                    self.config.batch_size,
                    self._n_classes,
                    epochs=range(state.epochs, self.config.epochs),
                    seed=self.config.seed,
                    devices=self._devices,
                ),
                epochs=self.config.epochs,
                initial_epoch=state.epochs,
                steps_per_epoch=self.course.steps,
                callbacks=self._callbacks(hooks, checkpoint, callbacks),
                shuffle=False,
                verbose=0,
            )
        if state.best is not None:
            self.learning.set_weights(state.best)

    def _callbacks(
        self, hooks: Hooks, checkpoint: Path | None, further: Sequence[keras.callbacks.Callback]
    ) -> list[keras.callbacks.Callback]:
        is_real = is_real_row(len(self._valid.labels), self.config.batch_size, len(self._devices))
        return [
            run_callbacks.Steps(self.course, hooks.emit),
            run_callbacks.Validation(self.course, self._validation_batches(), self._valid.labels, is_real),
            run_callbacks.BestEpoch(self.course, self.learning),
            # What these change belongs to the epoch that the checkpoint holds.
            *self._with_whole_model(further),
            *(
                [run_callbacks.Checkpoint(self.course, checkpoint, self.learning, hooks.before_checkpoint)]
                if checkpoint
                else []
            ),
            run_callbacks.Epochs(self.course, hooks.emit, hooks.save_best),
            run_callbacks.StopOnRequest(self.course, hooks.stop_requested),
        ]

    def _validation_batches(self) -> tf.data.Dataset:
        return batches_in_order(self._valid, self.config.batch_size, self._n_classes, devices=self._devices)

    def _with_whole_model(self, callbacks: Sequence[keras.callbacks.Callback]) -> list[keras.callbacks.Callback]:
        if not callbacks or self.learning is self.model:
            return list(callbacks)
        optimizer: Any = self.trained.optimizer
        model = compiled(self.model, optimizer.learning_rate, **self._compiled, optimizer=optimizer)
        return [WholeModelCallbacks(callbacks, model)]
