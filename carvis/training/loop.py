"""The training loop: steps, epochs, the best weights, an early end."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf

from carvis.errors import TrainingError

_REPORT_EVERY = 1.0
_WARM_UP = 0.05
_LOWEST = 0.01


def learning_rate_at(step: int, steps: int, highest: float) -> float:
    """Rise linearly over the first 5 % of the steps, then fall along a cosine to 1 % of the highest rate."""
    warm = max(1, round(_WARM_UP * steps))
    if step < warm:
        return highest * (step + 1) / warm
    share = (step - warm) / max(1, steps - warm)
    return highest * (_LOWEST + (1 - _LOWEST) * 0.5 * (1 + math.cos(math.pi * share)))


@dataclass
class Outcome:
    """What a training came to."""

    best_epoch: int | None = None
    metrics: dict = field(default_factory=dict)
    epochs: int = 0
    steps: int = 0
    reason: str | None = None
    stopped: bool = False


class Loop:
    """Trains a model and leaves it with its best weights.

    Args:
        model: outputs one score a class; the layers that are not trainable are left alone.
        train_batches: epoch (from 0) -> batches (images, labels).
        valid_batches: -> batches (images, labels).
        steps: batches an epoch.
        logits: whether the model ends without softmax.
        emit: called with a kind (``steps``, ``epoch``) and facts.
        on_best: called when an epoch was the best so far.
        stop: asked after each step; a reason ends the training.
    """

    def __init__(
        self,
        model: keras.Model,
        train_batches: Callable,
        valid_batches: Callable,
        *,
        steps: int,
        epochs: int,
        patience: int,
        learning_rate: float,
        label_smoothing: float = 0.0,
        logits: bool = False,
        emit: Callable[..., None] = lambda kind, **facts: None,
        on_best: Callable[[], None] = lambda: None,
        stop: Callable[[], str | None] = lambda: None,
    ):
        self.model = model
        self._train_batches, self._valid_batches = train_batches, valid_batches
        self._steps, self._epochs, self._patience = steps, epochs, patience
        self._rate = learning_rate
        self._emit, self._on_best, self._stop = emit, on_best, stop
        self._optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm=1.0)
        classes = int(model.outputs[0].shape[-1])
        loss = keras.losses.CategoricalCrossentropy(from_logits=logits, label_smoothing=label_smoothing)
        variables = model.trainable_variables
        self._optimizer.build(variables)
        signature = [
            tf.TensorSpec((None, *model.inputs[0].shape[1:]), tf.float32),
            tf.TensorSpec((None,), tf.int64),
        ]

        def score(images, labels, training):
            output = model(images, training=training)
            return loss(tf.one_hot(labels, classes), output), _correct(output, labels)

        @tf.function(input_signature=signature)
        def train_step(images, labels):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([variable.value for variable in variables])
                value, correct = score(images, labels, True)
            self._optimizer.apply(tape.gradient(value, [variable.value for variable in variables]), variables)
            return value, correct

        @tf.function(input_signature=signature)
        def valid_step(images, labels):
            return score(images, labels, False)

        self._train_step, self._valid_step = train_step, valid_step

    def run(self) -> Outcome:
        """Train until the epochs are done, nothing gets better, or it is asked to stop.

        Raises:
            TrainingError: the loss is no number in the first epoch already.
        """
        outcome = Outcome()
        best_key, best_loss, best_accuracy, best_weights, waited = None, math.inf, -1.0, None, 0
        for epoch in range(self._epochs):
            begun = time.monotonic()
            facts = self._epoch(epoch, outcome)
            if outcome.reason:
                break
            facts |= self._validate()
            outcome.epochs = epoch + 1
            key = (facts["val_accuracy"], -facts["val_loss"])
            best = best_key is None or key > best_key
            if best:
                best_key, outcome.best_epoch = key, epoch + 1
                outcome.metrics = {k: facts[k] for k in ("loss", "accuracy", "val_loss", "val_accuracy")}
                best_weights = self.model.get_weights()
            better = facts["val_loss"] < best_loss or facts["val_accuracy"] > best_accuracy
            best_loss = min(best_loss, facts["val_loss"])
            best_accuracy = max(best_accuracy, facts["val_accuracy"])
            waited = 0 if better else waited + 1
            seconds = round(time.monotonic() - begun, 3)
            self._emit("epoch", epoch=epoch + 1, **facts, best=best, seconds=seconds)
            if best:
                self._on_best()
            if waited >= self._patience and epoch + 1 < self._epochs:
                outcome.reason = f"no better validation loss or accuracy for {self._patience} epochs"
                break
            if reason := self._stop():
                outcome.stopped, outcome.reason = True, reason
                break
        if best_weights is not None:
            self.model.set_weights(best_weights)
        elif outcome.reason and not outcome.stopped:
            raise TrainingError(f"{outcome.reason.capitalize()}.")
        return outcome

    def _epoch(self, epoch: int, outcome: Outcome) -> dict:
        total, right, seen, step = 0.0, 0, 0, 0
        begun = reported = time.monotonic()
        rate = self._rate
        for step, (images, labels) in enumerate(self._train_batches(epoch), 1):
            rate = learning_rate_at(outcome.steps, self._steps * self._epochs, self._rate)
            self._optimizer.learning_rate = rate
            value, correct = self._train_step(images, labels)
            if not math.isfinite(value := float(value)):
                outcome.reason = "the loss is no longer a number: try a lower learning rate"
                return {}
            count = int(labels.shape[0])
            total += value * count
            right += int(correct)
            seen += count
            outcome.steps += 1
            clock = time.monotonic()
            if clock - reported >= _REPORT_EVERY or step == self._steps:
                reported = clock
                self._emit(
                    "steps",
                    epoch=epoch + 1,
                    step=step,
                    steps=self._steps,
                    **_means(total, right, seen),
                    learning_rate=rate,
                    images_per_second=round(seen / (clock - begun), 1),
                )
            if reason := self._stop():
                outcome.stopped, outcome.reason = True, reason
                break
        speed = round(seen / max(time.monotonic() - begun, 1e-9), 1)
        return {**_means(total, right, seen), "learning_rate": rate, "images_per_second": speed}

    def _validate(self) -> dict:
        total, right, seen = 0.0, 0, 0
        for images, labels in self._valid_batches():
            value, correct = self._valid_step(images, labels)
            count = int(labels.shape[0])
            total += float(value) * count
            right += int(correct)
            seen += count
        return {f"val_{name}": value for name, value in _means(total, right, seen).items()}


def _means(total: float, right: int, seen: int) -> dict:
    return {"loss": total / max(seen, 1), "accuracy": right / max(seen, 1)}


def _correct(output, labels):
    return tf.reduce_sum(tf.cast(tf.argmax(output, axis=1) == labels, tf.int32))


def parameters(variables) -> int:
    """Count the numbers in some variables."""
    return int(sum(np.prod(variable.shape) for variable in variables))
