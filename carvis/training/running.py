"""``train`` and ``execute``: a run from its configuration to the saved model."""

import contextlib
import math
import traceback
from collections.abc import Callable
from pathlib import Path

import keras

from carvis.classifier.cpu import has_bfloat16
from carvis.classifier.output_kind import gives_logits
from carvis.classifier.runtime_errors import is_memory, sentence_of
from carvis.dataset import Dataset
from carvis.errors import CarvisError, TrainingError
from carvis.language import Message
from carvis.training import replay
from carvis.training.awaited_images import Supply, await_images
from carvis.training.checkpoint import STATE, keep, take_up
from carvis.training.devices import Devices
from carvis.training.features import CacheStopped
from carvis.training.feeding import feeding
from carvis.training.finishing import finish
from carvis.training.launching import turn
from carvis.training.loop import Loop, Outcome, parameters
from carvis.training.pictures import split_samples
from carvis.training.preparing import prepare
from carvis.training.reading import read_pictures
from carvis.training.recorder import Recorder, now
from carvis.training.run import CONFIG, STOP, Run
from carvis.training.starting import starting_model
from carvis.training.stopping import StopRequest
from carvis.workspace import atomic_path


def train(recipe: str, data: Dataset | str | Path, *, progress: Callable[[dict], None] | None = None, **wanted) -> Run:
    """Train a model and write it, with its card, to ``models/`` of the workspace.

    Ctrl-C, SIGTERM or a file ``STOP`` in the run directory end it after the step it is at; the best weights so far
    are then saved all the same, and the run is ``stopped``.

    Args:
        recipe: ``own``, ``transfer`` or ``fine-tune`` (which trains a transfer model first where no parent is given).
        data: a data set or its folder. Without validation pictures a share of the training pictures validates.
        progress: called with each event of the run: a dict with ``kind`` (``reading``, ``begin``, ``steps``,
            ``epoch``, ``end``), ``run`` (its id) and facts.
        backbone: as ``build_model``; ``own`` with a backbone trains all of it from the start.
        weights: None, ``imagenet`` or a file, as ``build_model``; by default ``imagenet`` where the backbone has them
            and the recipe is not ``own``.
        input_size: side, or (height, width); by default the backbone's.
        epochs, batch_size, learning_rate, patience: by default as ``DEFAULTS`` has them for the recipe.
        seed: of the weights, the order and the augmentation: equal seeds give equal histories on one machine.
        parent: fine-tune starts from this transfer model: a file, a run, or a run's id.
        augment: whether training pictures are mirrored, cropped and relit.
        views: how many augmented views of each picture there are, shown in turn; 0 makes a new one each epoch. By
            default ``DEFAULTS`` has it for the recipe.
        cache: whether what the frozen layers make of the pictures is kept on disk and computed once a view; it takes
            ``views``, or pictures that are not augmented.
        replay: whether the weights after each epoch are kept, halved, to look at the model as it was.
        mixed_precision: whether layers compute in bfloat16, which processors and graphics cards with units for it do
            in a half to a fifth of the time; the weights and the model file stay float32.
        devices: names such as ``GPU:0`` that share each batch; by default all graphics cards of this machine.
        cache_precision: ``float32``, ``float16`` to halve the disk space, or ``auto`` for the first that fits.
        preprocessing, resize: bound to the model; by default what its weights take, and bilinear.
        width, head_units, dropout, open_from: as ``build_model``.
        label_smoothing: share of the target spread evenly over all classes.
        name: of the model file; a number is added where the name is taken.
        workspace: where ``models/`` and ``data/runs/`` lie.
        run_dir: another folder for this run, new or empty.

    Raises:
        TrainingError: it cannot start, or it broke off; the log in the run directory says where.
    """
    run = prepare(recipe, data, **wanted)
    return execute(run, progress=progress)


def execute(
    run: Run,
    *,
    progress: Callable[[dict], None] | None = None,
    stop_files: tuple[Path, ...] = (),
    queue: bool = False,
    supply: Supply | None = None,
) -> Run:
    """Carry out a prepared run in this process, or go on with one that ended before it was finished.

    A run that goes on after its last finished epoch gives the same history as one that never ended.

    Args:
        run: as ``prepare`` returns it, or one that stopped or crashed.
        progress: as ``train``.
        stop_files: further files that ask it to stop by being there.
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
    with Recorder(run.directory, progress, state) as record, StopRequest(run.directory / STOP, *stop_files) as stop:
        try:
            if queue:
                _in_turn(run, record, stop, progress, supply)
            else:
                _carry_out(run, record, stop, progress, supply)
        except KeyboardInterrupt:
            record.log("interrupted twice: ended at once; the best weights so far are in checkpoint/best.keras")
            record.status(state="stopped", reason="Ctrl-C twice", by_signal=True, ended=now())
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
    return Message("The run broke off ({reason}): see {log}.", reason=first, log=run.directory / "log.txt")


def _in_turn(run: Run, record: Recorder, stop: StopRequest, progress, supply: Supply | None) -> None:
    told = None

    def waits(first: str) -> bool:
        nonlocal told
        if first != told:
            told = first
            record.log(f"waits for run {first}")
            record.status(behind=first)
        return stop.reason is not None

    with turn(run, waits) as mine:
        if not mine:
            record.status(state="stopped", reason=stop.reason, by_signal=stop.by_signal, ended=now())
            return
        record.status(state="running", started=now(), behind=None)
        _carry_out(run, record, stop, progress, supply)


def _carry_out(run: Run, record: Recorder, stop: StopRequest, progress, supply: Supply | None) -> None:
    config = run.complete_config
    if config["awaits_images"] and not await_images(run, config, record, stop, supply):
        record.status(state="stopped", reason=stop.reason, by_signal=stop.by_signal, ended=now())
        return
    data = Dataset(run.workspace.root / config["data"])
    record.log(f"{config['recipe']} on {config['dataset']}, run {run.id}")
    if config["recipe"] == "fine-tune" and config["parent"] is None:
        first = _train_parent(run, data, record, progress)
        config["parent"] = run.workspace.relative(first.model_path) if first.state == "finished" else None
        record.config(config)
        if config["parent"]:
            record.status(waits_for=None)
        if config["parent"] is None:
            facts = {"reason": "the transfer run before it was stopped", "by_signal": first.status.get("by_signal")}
            record.status(state="stopped", **facts, ended=now())
            return
    keras.utils.set_random_seed(config["seed"])
    devices = Devices(config["devices"])
    if len(devices) > 1:
        record.log(f"each batch is shared by {', '.join(devices.names)}")
    if config["mixed_precision"] and not devices.gpu and not has_bfloat16():
        record.warn("This processor has no bfloat16 units: mixed precision will be slower here, not faster.")
    with devices.scope():
        model = starting_model(run, config, data, record)
    record.config(config)

    train_samples, valid_samples, said = split_samples(data, config["seed"])
    if said:
        record.warn(said)
    for split in ("train", "valid"):
        for note in data.notes(split) if split in data.splits else ():
            record.warn(f"{split}: {note}")
    missing = sorted(set(config["class_names"]) - set(train_samples["label"]))
    if missing:
        record.warn(f"There are no training pictures of {', '.join(missing)}: the model will hardly predict them.")
    pictures = read_pictures(data, train_samples, valid_samples, config, model, record, stop)
    if stop.reason:
        outcome = Outcome(reason=stop.reason, stopped=True)
        finish(run, record, config, model, outcome, len(pictures[0]), stop.by_signal)
        return
    if not len(pictures[1]) or len(set(pictures[0].labels)) < 2:
        raise TrainingError(
            Message(
                "{root} has too few pictures that can be read: see the log of run {run}.", root=data.root, run=run.id
            )
        )
    try:
        outcome = _train(model, *pictures, config, run, record, stop, devices)
    except CacheStopped:
        outcome = Outcome(reason=stop.reason, stopped=True)
    finish(run, record, config, model, outcome, len(pictures[0]), stop.by_signal)


def _train_parent(run: Run, data: Dataset, record: Recorder, progress) -> Run:
    """Train the transfer model that fine-tuning starts from, or go on with it."""
    begun = record.before.get("waits_for")
    if begun and (run.workspace.runs_dir / begun / CONFIG).is_file():
        first = Run(run.workspace.runs_dir / begun, run.workspace)
        if first.state == "finished":
            return first
    else:
        first = _prepare_parent(run, data)
    record.log(f"no parent was given: run {first.id} trains the head first")
    record.status(waits_for=first.id, epoch=0, epochs=run.config["epochs"])
    execute(first, progress=progress, stop_files=(run.directory / STOP,))
    return first


def _prepare_parent(run: Run, data: Dataset) -> Run:
    config = run.complete_config
    shared = ("backbone", "weights", "batch_size", "seed", "augment", "preprocessing", "resize", "label_smoothing")
    kept = ("head_units", "dropout", "views", "cache", "cache_precision", "mixed_precision", "devices")
    wanted = {key: config[key] for key in (*shared, *kept)}
    if wanted["weights"] not in (None, "imagenet"):
        wanted["weights"] = run.workspace.root / wanted["weights"]
    return prepare(
        "transfer",
        data,
        **wanted,
        input_size=tuple(config["input_size"]),
        epochs=config["epochs"],
        workspace=run.workspace,
    )


def _train(
    model, train_pictures, valid_pictures, config, run: Run, record: Recorder, stop: StopRequest, devices: Devices
) -> Outcome:
    steps = math.ceil(len(train_pictures) / config["batch_size"])
    record.event(
        "begin",
        pictures=len(train_pictures),
        valid_pictures=len(valid_pictures),
        steps=steps,
        epochs=config["epochs"],
        parameters=model.count_params(),
        trainable=parameters(model.trainable_variables),
    )

    def emit(kind: str, **facts) -> None:
        record.event(kind, **facts)
        record.status(epoch=facts["epoch"], epochs=config["epochs"], step=facts.get("step", steps), steps=steps)
        if kind == "epoch":
            record.log(
                f"epoch {facts['epoch']}/{config['epochs']}: loss {facts['loss']:.4f},"
                f" accuracy {facts['accuracy']:.4f}, val_loss {facts['val_loss']:.4f},"
                f" val_accuracy {facts['val_accuracy']:.4f},"
                f" {facts['seconds']:.1f} s{', best so far' if facts['best'] else ''}"
            )
            if facts["best"]:
                record.status(best_epoch=facts["epoch"], best_val_accuracy=facts["val_accuracy"])

    def keep_best() -> None:
        with atomic_path(run.directory / "checkpoint" / "best.keras") as temporary:
            model.save(temporary)

    def keep_epoch(loop: Loop) -> None:
        replay.keep_epoch(run, loop.standing.epochs, loop.answers, model if config["replay"] else None)
        keep(loop, run.directory / STATE)

    def asked() -> str | None:
        if stop.reason:
            record.status(state="stopping")
        return stop.reason

    replay.begin(run, valid_pictures.ids, valid_pictures.labels)
    views = [None] if not config["augment"] else list(range(min(config["views"] or math.inf, config["epochs"])))
    learning, feed, validate = feeding(model, train_pictures, valid_pictures, views, config, run, record, asked)
    loop = Loop(
        learning,
        feed,
        validate,
        steps=steps,
        epochs=config["epochs"],
        patience=config["patience"],
        learning_rate=config["learning_rate"],
        label_smoothing=config["label_smoothing"],
        logits=gives_logits(model),
        mixed=config["mixed_precision"],
        devices=devices,
        emit=emit,
        on_best=keep_best,
        on_epoch=keep_epoch,
        stop=asked,
    )
    if (run.directory / STATE).is_file():
        take_up(loop, run.directory / STATE)
        done = loop.standing.epochs
        record.event("resumed", epoch=done)
        record.log(f"goes on after epoch {done}")
        # The process may have ended between keeping the epoch and telling it.
        if done and done not in set(run.history["epoch"]):
            emit("epoch", **loop.standing.last)
    return loop.run()
