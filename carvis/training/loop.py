"""The training loop: steps, epochs, the best weights, an early end."""

import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np
import psutil
import tensorflow as tf

from carvis.errors import TrainingError
from carvis.language import Message
from carvis.training.devices import Devices
from carvis.training.precision import mixed_precision

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


@dataclass
class Standing:
    """All that a loop must know to go on after a finished epoch, besides the values of its variables.

    Attributes:
        best_key: accuracy and negated loss of the best epoch so far.
        waited: epochs since the last one that was better in loss or accuracy.
        last: the facts of the last finished epoch.
    """

    epochs: int = 0
    steps: int = 0
    best_epoch: int | None = None
    best_key: tuple[float, float] | None = None
    best_loss: float = math.inf
    best_accuracy: float = -1.0
    waited: int = 0
    metrics: dict = field(default_factory=dict)
    last: dict = field(default_factory=dict)


class Loop:
    """Trains a model and leaves it with its best weights.

    Args:
        model: outputs one score a class; the layers that are not trainable are left alone.
        train_batches: epoch (from 0) -> batches (images, labels).
        valid_batches: -> batches (images, labels).
        steps: batches an epoch.
        logits: whether the model ends without softmax.
        mixed: whether layers compute in bfloat16.
        devices: share each batch; the model's variables were made within their scope.
        emit: called with a kind (``steps``, ``epoch``) and facts.
        on_best: called when an epoch was the best so far.
        on_epoch: called after each epoch, before it is told, to keep what ``checkpoint`` holds.
        stop: asked after each step; a reason ends the training.

    Attributes:
        standing, best: how far it is, and the weights of the best epoch; set both, and ``variables``, to go on where
            another loop ended.
        answers: class indices of the validation pictures after the last epoch.
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
        mixed: bool = False,
        devices: Devices | None = None,
        emit: Callable[..., None] = lambda kind, **facts: None,
        on_best: Callable[[], None] = lambda: None,
        on_epoch: Callable[["Loop"], None] = lambda loop: None,
        stop: Callable[[], str | None] = lambda: None,
    ):
        self.model = model
        self._train_batches, self._valid_batches = train_batches, valid_batches
        self._steps, self._epochs, self._patience = steps, epochs, patience
        self._rate = learning_rate
        self._emit, self._on_best, self._on_epoch, self._stop = emit, on_best, on_epoch, stop
        devices = devices or Devices([])
        self.standing, self.best, self.answers = Standing(), None, np.zeros(0, int)
        with devices.scope():
            self._optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm=1.0)
            self._optimizer.build(model.trainable_variables)
        classes = int(model.outputs[0].shape[-1])
        losses = keras.losses.CategoricalCrossentropy(
            from_logits=logits, label_smoothing=label_smoothing, reduction=None
        )
        variables = model.trainable_variables
        signature = [
            tf.TensorSpec((None, *model.inputs[0].shape[1:]), tf.float32),
            tf.TensorSpec((None,), tf.int64),
        ]

        def judge(images, labels, weights, training):
            with mixed_precision(model, mixed):
                output = model(images, training=training)
            right = tf.cast(tf.argmax(output, axis=1) == labels, tf.float32)
            loss = tf.reduce_sum(weights * losses(tf.one_hot(labels, classes), output))
            return loss, tf.reduce_sum(weights * right), tf.argmax(output, axis=1)

        @tf.function(input_signature=signature)
        def train_step(images, labels):
            rows = tf.cast(tf.shape(images)[0], tf.float32)

            def learn(images, labels, weights):
                watched = [variable.value for variable in variables]
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch(watched)
                    loss, right, _ = judge(images, labels, weights, training=True)
                    mean = loss / rows
                return mean, right, tape.gradient(mean, watched)

            means, right, gradients = zip(*devices.each(learn, images, labels), strict=True)
            self._optimizer.apply([tf.add_n(parts) for parts in zip(*gradients, strict=True)], variables)
            return tf.add_n(means), tf.add_n(right)

        @tf.function(input_signature=signature)
        def valid_step(images, labels):
            rows = tf.shape(images)[0]
            ask = functools.partial(judge, training=False)
            sums, right, answers = zip(*devices.each(ask, images, labels), strict=True)
            return tf.add_n(sums) / tf.cast(rows, tf.float32), tf.add_n(right), tf.concat(answers, axis=0)[:rows]

        self._train_step, self._valid_step = train_step, valid_step

    def run(self) -> Outcome:
        """Train until the epochs are done, nothing gets better, or it is asked to stop.

        Raises:
            TrainingError: the loss is no number in the first epoch already.
        """
        now = self.standing
        outcome = Outcome(now.best_epoch, now.metrics, now.epochs, now.steps)
        for epoch in range(now.epochs, self._epochs):
            if reason := self._given_up():
                outcome.reason = reason
                break
            begun = time.monotonic()
            facts = self._epoch(epoch, outcome)
            if outcome.reason:
                break
            facts |= self._validate()
            best = self._judge(epoch, facts, outcome)
            facts = {"epoch": epoch + 1, **facts, "best": best, "seconds": round(time.monotonic() - begun, 3)}
            now.last = facts
            self._on_epoch(self)
            self._emit("epoch", **facts)
            if best:
                self._on_best()
            if reason := self._stop():
                outcome.stopped, outcome.reason = True, reason
                break
        if self.best is not None:
            self.model.set_weights(self.best)
        elif outcome.reason and not outcome.stopped:
            raise TrainingError(Message("{reason}.", reason=outcome.reason.capitalize()))
        return outcome

    def measure(self, images, labels, times: int = 2) -> tuple[float, float]:
        """Return the seconds that a training step and a validation step take; what is learnt by it is not undone."""
        found = []
        for step in (self._train_step, self._valid_step):
            float(step(images, labels)[0])
            begun = time.monotonic()
            for _ in range(times):
                float(step(images, labels)[0])
            found.append((time.monotonic() - begun) / times)
        return found[0], found[1]

    @property
    def variables(self) -> list:
        """Everything that an epoch changes: the model's variables, its random state included, and the optimizer's."""
        return [*self.model.variables, *self._optimizer.variables]

    def _given_up(self) -> str | None:
        if self.standing.waited >= self._patience:
            return f"no better validation loss or accuracy for {self._patience} epochs"
        return None

    def _judge(self, epoch: int, facts: dict, outcome: Outcome) -> bool:
        """Bring the standing up to date after an epoch, and tell whether it was the best so far."""
        now = self.standing
        key = (facts["val_accuracy"], -facts["val_loss"])
        best = now.best_key is None or key > tuple(now.best_key)
        if best:
            now.best_key, now.best_epoch = key, epoch + 1
            now.metrics = {k: facts[k] for k in ("loss", "accuracy", "val_loss", "val_accuracy")}
            self.best = self.model.get_weights()
        better = facts["val_loss"] < now.best_loss or facts["val_accuracy"] > now.best_accuracy
        now.best_loss = min(now.best_loss, facts["val_loss"])
        now.best_accuracy = max(now.best_accuracy, facts["val_accuracy"])
        now.waited = 0 if better else now.waited + 1
        now.epochs, now.steps = epoch + 1, outcome.steps
        outcome.epochs, outcome.best_epoch, outcome.metrics = now.epochs, now.best_epoch, now.metrics
        return best

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
                    memory=psutil.Process().memory_info().rss,
                )
            if reason := self._stop():
                outcome.stopped, outcome.reason = True, reason
                break
        speed = round(seen / max(time.monotonic() - begun, 1e-9), 1)
        return {**_means(total, right, seen), "learning_rate": rate, "images_per_second": speed}

    def _validate(self) -> dict:
        total, right, seen, answers = 0.0, 0, 0, []
        for images, labels in self._valid_batches():
            value, correct, answer = self._valid_step(images, labels)
            answers.append(answer.numpy())
            count = int(labels.shape[0])
            total += float(value) * count
            right += int(correct)
            seen += count
        self.answers = np.concatenate(answers) if answers else np.zeros(0, int)
        return {f"val_{name}": value for name, value in _means(total, right, seen).items()}


def _means(total: float, right: int, seen: int) -> dict:
    return {"loss": total / max(seen, 1), "accuracy": right / max(seen, 1)}


def parameters(variables) -> int:
    """Count the numbers in some variables."""
    return int(sum(np.prod(variable.shape) for variable in variables))
