"""``fit`` within a run: what it trains on, what its events and files say, and what it came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from carvis.dataset import Dataset
from carvis.errors import TrainingError
from carvis.language import Message
from carvis.training import replay
from carvis.training.checkpoint import STATE, load_best, load_state
from carvis.training.config import RunConfig
from carvis.training.devices import Devices
from carvis.training.directory import Recorder
from carvis.training.features import CacheStopped
from carvis.training.fit import Hooks, Training
from carvis.training.image_set import ImageSet, split_samples
from carvis.training.initial_model import count_parameters
from carvis.training.outcome import Outcome
from carvis.training.precision import MixedPrecision
from carvis.training.run import Run
from carvis.training.stop_request import StopRequest
from carvis.training.training_data import read_images, resumed_part, training_inputs
from carvis.workspace import atomic_path


@dataclass(frozen=True)
class RecordedTraining:
    """The training of a run, recorded in its directory."""

    run: Run
    record: Recorder
    stop: StopRequest
    callbacks: Sequence[keras.callbacks.Callback] = ()

    def learn(self, model: keras.Model, data: Dataset, config: RunConfig, devices: Devices) -> Outcome:
        """Read the images, train, and leave the model with its best weights."""
        record = self.record
        train_samples, valid_samples, note = split_samples(data, config.seed)
        if note:
            record.warn(note)
        for split in ("train", "valid"):
            for note in data.notes(split) if split in data.splits else ():
                record.warn(f"{split}: {note}")
        missing = sorted(set(config.class_names) - set(train_samples["label"]))
        if missing:
            record.warn(f"There are no training images of {', '.join(missing)}: the model will hardly predict them.")
        channels = int(model.inputs[0].shape[-1])
        train, valid = read_images(
            data, train_samples, valid_samples, config, channels, record, lambda: self.stop.reason
        )
        if self.stop.reason:
            return self._before_training(model, config)
        if not len(valid) or len(set(train.labels)) < 2:
            raise TrainingError(
                Message(
                    "{root} has too few readable images: see the log of run {run}.",
                    root=data.root,
                    run=self.run.id,
                )
            )
        try:
            return self._fit(model, train, valid, config, devices)
        except CacheStopped:
            return self._before_training(model, config)

    def _before_training(self, model: keras.Model, config: RunConfig) -> Outcome:
        """End before anything was trained: a run that resumes leaves the model as its best epoch so far made it."""
        checkpoint = self.run.directory / STATE
        if not checkpoint.is_file():
            return Outcome(reason=self.stop.reason, stopped=True)
        state = load_best(checkpoint, resumed_part(model, config))
        begun = [event.get("pictures") or 0 for event in self.run.events()[0] if event["kind"] == "begin"]
        images = int(begun[-1]) if begun else 0
        return Outcome(
            state.steps, state.epochs, state.best_epoch, state.metrics, self.stop.reason, stopped=True, images=images
        )

    def _fit(
        self, model: keras.Model, train: ImageSet, valid: ImageSet, config: RunConfig, devices: Devices
    ) -> Outcome:
        run, record = self.run, self.record
        record.event(
            "begin",
            pictures=len(train),
            valid_pictures=len(valid),
            steps=-(-len(train) // config.batch_size),
            epochs=config.epochs,
            parameters=model.count_params(),
            trainable=count_parameters(model.trainable_variables),
        )
        replay.begin(run, valid.ids, valid.labels)
        learning, train_inputs, valid_inputs, config = training_inputs(
            model, train, valid, config, run, record, self._stop_requested
        )
        training = Training(model, learning, train_inputs, valid_inputs, config, devices)
        course = training.course

        def emit(kind: str, **facts: Any) -> None:
            self._emit(kind, facts, config.epochs, course.steps)

        if (run.directory / STATE).is_file():
            course.state = load_state(run.directory / STATE, learning, training.trained.optimizer)
            done = course.state.epochs
            record.event("resumed", epoch=done)
            record.log(f"resumes after epoch {done}")
            # The process may have ended between the checkpoint of the epoch and its event.
            if done and done not in set(run.history["epoch"]):
                emit("epoch", **course.state.last)

        def keep_epoch(epoch: int) -> None:
            replay.keep_epoch(run, epoch, course.predicted, model if config.replay else None)

        with MixedPrecision(learning, config.mixed_precision) as precision:

            def save_best() -> None:
                with precision.suspended(), atomic_path(run.directory / "checkpoint" / "best.keras") as temporary:
                    model.save(temporary)

            hooks = Hooks(emit, self._stop_requested, keep_epoch, save_best)
            training.fit(hooks, checkpoint=run.directory / STATE, callbacks=self.callbacks)
        state = course.state
        if course.reason and not course.stopped and state.best is None:
            raise TrainingError(Message("{reason}.", reason=course.reason[0].upper() + course.reason[1:]))
        return Outcome(
            training.optimizer_steps,
            state.epochs,
            state.best_epoch,
            state.metrics,
            course.reason,
            course.stopped,
            len(train),
        )

    def _stop_requested(self) -> str | None:
        if self.stop.reason:
            self.record.status(state="stopping")
        return self.stop.reason

    def _emit(self, kind: str, facts: dict[str, Any], epochs: int, steps: int) -> None:
        self.record.event(kind, **facts)
        self.record.status(epoch=facts["epoch"], epochs=epochs, step=facts.get("step", steps), steps=steps)
        if kind == "epoch":
            self.record.log(
                f"epoch {facts['epoch']}/{epochs}: loss {facts['loss']:.4f}, accuracy {facts['accuracy']:.4f},"
                f" val_loss {facts['val_loss']:.4f}, val_accuracy {facts['val_accuracy']:.4f},"
                f" {facts['seconds']:.1f} s{', best so far' if facts['best'] else ''}"
            )
            if facts["best"]:
                self.record.status(best_epoch=facts["epoch"], best_val_accuracy=facts["val_accuracy"])
