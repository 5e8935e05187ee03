"""``train`` and ``execute``: a run from its configuration to the saved model."""

import contextlib
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from carvis.classifier.cpu import has_bfloat16
from carvis.classifier.runtime_errors import is_memory, sentence_of
from carvis.dataset import Dataset
from carvis.errors import CarvisError, TrainingError
from carvis.language import Message
from carvis.progress import Progress, partial_progress
from carvis.training.config import Options, RunConfig
from carvis.training.demo_images import Supply, await_images
from carvis.training.directory import OnEvent, Recorder, now
from carvis.training.end_reasons import CTRL_C_TWICE, PARENT_STOPPED
from carvis.training.preparation import prepare
from carvis.training.processes import turn
from carvis.training.recipes import DEFAULTS, RecipeName
from carvis.training.run import CONFIG, STOP, Run
from carvis.training.stop_request import StopRequest
from carvis.workspace import Workspace

if TYPE_CHECKING:
    import keras


def train(
    recipe: RecipeName,
    data: Dataset | str | Path,
    *,
    progress: Progress | None = None,
    on_event: OnEvent | None = None,
    callbacks: "Sequence[keras.callbacks.Callback]" = (),
    workspace: Workspace | None = None,
    run_dir: str | Path | None = None,
    **options: Unpack[Options],
) -> Run:
    """Train a model and write it, with its card, to ``models/`` of the workspace.

    Ctrl-C, SIGTERM or a file ``STOP`` in the run directory end it after the current step; the best weights so far
    are then saved all the same, and the run is ``stopped``.

    Args:
        recipe: ``own``, ``transfer`` or ``fine-tune`` (which trains a transfer model first where no parent is given).
        data: a data set or its folder. Without validation images a share of the training images validates.
        progress: called with (epochs done, epochs at most), an epoch in parts, or in per cent where a transfer model is
            trained first; True stops after the current step.
        on_event: called with each event of the run: a dict with ``kind`` (``reading``, ``begin``, ``steps``,
            ``epoch``, ``end``), ``run`` (its id) and facts.
        callbacks: Keras callbacks for ``fit``. Their model is the whole model; their logs hold loss, accuracy,
            val_loss, val_accuracy and learning_rate. A run that resumes begins with new ones.
        backbone: as ``build_model``; ``own`` with a backbone trains all of it from the start.
        weights: None, ``imagenet`` or a file, as ``build_model``; by default ``imagenet`` where the backbone has them
            and the recipe is not ``own``.
        input_size: side, or (height, width); by default the backbone's.
        epochs, batch_size, learning_rate, patience: by default as ``DEFAULTS`` has them for the recipe.
        seed: of the weights, the order and the augmentation: equal seeds give equal histories on one machine.
        parent: fine-tune starts from this transfer model: a file, a run, or a run's id.
        augment: whether training images are mirrored, cropped and relit.
        views: how many augmented views of each image there are, shown in turn; 0 makes a new one each epoch. By
            default ``DEFAULTS`` has it for the recipe.
        cache: whether the output of the frozen layers is kept on disk and computed once a view; it takes ``views``, or
            images that are not augmented.
        replay: whether the weights after each epoch are kept, halved, to look at the model as it was.
        mixed_precision: whether layers compute in bfloat16, which processors and graphics cards with units for it do
            in a half to a fifth of the time; the weights and the model file stay float32.
        jit_compile: whether XLA compiles the steps of ``fit``: often faster on graphics cards, slow to start.
        devices: names such as ``GPU:0`` that share each batch; by default all graphics cards of this machine.
        cache_precision: ``float32``, ``float16`` to halve the disk space, or ``auto`` for the first that fits.
        preprocessing, resize: bound to the model; by default what its weights take, and bilinear.
        width, head_units, dropout, open_from: as ``build_model``.
        label_smoothing: share of the target spread evenly over all classes.
        name: of the model file; a number is added where the name is taken.
        workspace: where ``models/`` and ``data/runs/`` lie.
        run_dir: another folder for this run, new or empty.

    Raises:
        TrainingError: it cannot start, or it failed; the log in the run directory says where.
    """
    run = prepare(recipe, data, workspace=workspace, run_dir=run_dir, **options)
    return execute(run, progress=progress, on_event=on_event, callbacks=callbacks)


def execute(
    run: Run,
    *,
    progress: Progress | None = None,
    on_event: OnEvent | None = None,
    callbacks: "Sequence[keras.callbacks.Callback]" = (),
    stop_files: tuple[Path, ...] = (),
    queue: bool = False,
    supply: Supply | None = None,
) -> Run:
    """Carry out a prepared run in this process, or resume one that ended before it was finished.

    A run that resumes after its last finished epoch gives the same history as one that never ended.

    Args:
        run: as ``prepare`` returns it, or one that stopped or crashed.
        progress, on_event, callbacks: as ``train``.
        stop_files: further files that request a stop by being there.
        queue: wait in state ``queued`` while another run that waits its turn is carried out in the workspace.
        supply: makes the training images of the demo where they are not drawn yet, as ``carvis.demo.draw_missing``:
            called with the data set's folder, and a function to call with how many are done and to do, which returns
            True to stop.

    Raises:
        TrainingError: as ``train``; or the run is finished already.
    """
    if run.state == "finished":
        raise TrainingError(
            Message("The run {run} is finished: start a new one from its model with --parent.", run=run.id)
        )
    state = "queued" if queue else "running"
    stop = StopRequest(run.directory / STOP, *stop_files)
    listener = _Listener(run, stop, progress, on_event)
    with Recorder(run.directory, listener, state) as record, stop:
        execution = _Execution(run, record, stop, listener, tuple(callbacks), supply)
        try:
            if queue:
                execution.in_turn()
            else:
                execution.carry_out()
        except KeyboardInterrupt:
            record.log("interrupted twice: ended at once; the best weights so far are in checkpoint/best.keras")
            record.status(state="stopped", reason=CTRL_C_TWICE, by_signal=True, ended=now())
        except BaseException as error:
            reason = str(error) if isinstance(error, CarvisError) else f"{type(error).__name__}: {error}"
            record.log(traceback.format_exc().rstrip())
            # On a full disk the status cannot be written either: a run that nobody carries out counts as crashed.
            with contextlib.suppress(CarvisError):
                record.status(state="crashed", reason=reason.splitlines()[0], ended=now())
            if isinstance(error, CarvisError) or not isinstance(error, Exception):
                raise
            raise TrainingError(_sentence(error, run)) from error
    return run


def _sentence(error: Exception, run: Run) -> Message:
    if is_memory(error):
        return Message("Not enough memory: choose a smaller --batch-size or --input-size.")
    if sentence := sentence_of(error, run.config.get("parent") or Message("The model of run {run}", run=run.id)):
        return sentence
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return Message("The run failed ({reason}): see {log}.", reason=first, log=run.directory / "log.txt")


@dataclass
class _Listener:
    """Passes on the events of a run, and counts its epochs in them."""

    run: Run
    stop: StopRequest
    progress: Progress | None
    on_event: OnEvent | None
    done: float = 0

    def __call__(self, event: dict[str, Any]) -> None:
        if self.on_event:
            self.on_event(event)
        if "epoch" in event:
            self.done = event["epoch"] - (1 - event["step"] / event["steps"] if event["kind"] == "steps" else 0)
        if self.progress and self.progress(self.done, self.run.complete_config.epochs):
            self.stop.by_callback = True


@dataclass(frozen=True)
class _Execution:
    """A run that this process carries out."""

    run: Run
    record: Recorder
    stop: StopRequest
    listener: _Listener
    callbacks: "tuple[keras.callbacks.Callback, ...]"
    supply: Supply | None

    def in_turn(self) -> None:
        """Wait for the turn of the run, and carry it out."""
        behind = None

        def waits(first: str) -> bool:
            nonlocal behind
            if first != behind:
                behind = first
                self.record.log(f"waits for run {first}")
                self.record.status(behind=first)
            return self.stop.reason is not None

        with turn(self.run, waits) as has_turn:
            if not has_turn:
                self._stopped()
                return
            self.record.status(state="running", started=now(), behind=None)
            self.carry_out()

    def carry_out(self) -> None:
        """Train from the start, or from the last finished epoch, and save the model."""
        run, record, config = self.run, self.record, self.run.complete_config
        if config.awaits_images:
            supplied = await_images(run, config, record, self.stop, self.supply)
            if supplied is None:
                self._stopped()
                return
            config = supplied
        data = Dataset(run.workspace.root / config.data)
        record.log(f"{config.recipe} on {config.dataset}, run {run.id}")
        if config.needs_parent:
            parent = self._train_parent(data, config)
            if parent.state != "finished" or parent.model_path is None:
                by_signal = parent.status.get("by_signal")
                record.status(state="stopped", reason=PARENT_STOPPED, by_signal=by_signal, ended=now())
                return
            config = replace(config, parent=run.workspace.relative(parent.model_path))
            record.config(config)
            record.status(waits_for=None)
        # A run that waits for its turn, or for images, does without TensorFlow.
        import keras

        from carvis.training.devices import Devices
        from carvis.training.initial_model import initial_model
        from carvis.training.outcome import finish
        from carvis.training.recorded_training import RecordedTraining

        keras.utils.set_random_seed(config.seed)
        devices = Devices(config.devices)
        if len(devices) > 1:
            record.log(f"each batch is shared by {', '.join(devices.names)}")
        if config.mixed_precision and not devices.gpu and not has_bfloat16():
            record.warn("This processor has no bfloat16 units: mixed precision will be slower here, not faster.")
        with devices.scope():
            model, config = initial_model(run, config, data, record)
        record.config(config)
        training = RecordedTraining(run, record, self.stop, self.callbacks)
        outcome = training.learn(model, data, config, devices)
        finish(run, record, config, model, outcome, self.stop.by_signal)

    def _stopped(self) -> None:
        self.record.status(state="stopped", reason=self.stop.reason, by_signal=self.stop.by_signal, ended=now())

    def _train_parent(self, data: Dataset, config: RunConfig) -> Run:
        """Train the transfer model that fine-tuning starts from, or resume it."""
        run, id_before = self.run, self.record.before.get("waits_for")
        if id_before and (run.workspace.runs_dir / id_before / CONFIG).is_file():
            parent = Run(run.workspace.runs_dir / id_before, run.workspace)
            if parent.state == "finished":
                return parent
        else:
            parent = _prepare_parent(run, data, config)
        self.record.log(f"no parent was given: run {parent.id} trains the head first")
        self.record.status(waits_for=parent.id, epoch=0, epochs=config.epochs)
        head_progress, progress = None, self.listener.progress
        if progress:
            head_progress, self.listener.progress = (partial_progress(progress, *part) for part in ((0, 50), (50, 100)))
        stop_files = (run.directory / STOP,)
        return execute(parent, progress=head_progress, on_event=self.listener.on_event, stop_files=stop_files)


def _prepare_parent(run: Run, data: Dataset, config: RunConfig) -> Run:
    recipe = DEFAULTS[config.recipe].parent
    assert recipe is not None
    return prepare(
        recipe,
        data,
        workspace=run.workspace,
        backbone=config.backbone,
        weights=config.weights_file(run.workspace),
        input_size=config.input_size,
        epochs=config.epochs,
        batch_size=config.batch_size,
        seed=config.seed,
        augment=config.augment,
        views=config.views,
        cache=config.cache,
        cache_precision=config.cache_precision,
        mixed_precision=config.mixed_precision,
        jit_compile=config.jit_compile,
        devices=config.devices,
        preprocessing=config.preprocessing,
        resize=config.resize,
        label_smoothing=config.label_smoothing,
        head_units=config.head_units,
        dropout=config.dropout,
    )
