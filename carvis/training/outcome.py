"""What is left of a run: the model with its card, and the last facts of its status."""

from dataclasses import dataclass, field
from pathlib import Path

import keras

from carvis.classifier import Classifier, ModelCard, card_path, read_card, save_classifier
from carvis.errors import CarvisError
from carvis.training.checkpoint import STATE
from carvis.training.config import RunConfig
from carvis.training.directory import Recorder, now
from carvis.training.run import Run
from carvis.workspace import children, clear_leftovers


@dataclass(frozen=True)
class Outcome:
    """What a training came to.

    Attributes:
        steps: those of an unfinished epoch included; 0 where nothing was learnt.
        epochs: finished.
        metrics: of the best epoch.
        reason: why it ended early.
        stopped: whether a person or the system requested that.
        images: trained on.
    """

    steps: int = 0
    epochs: int = 0
    best_epoch: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    reason: str | None = None
    stopped: bool = False
    images: int = 0


def finish(
    run: Run, record: Recorder, config: RunConfig, model: keras.Model, outcome: Outcome, by_signal: bool
) -> None:
    """Save the model where anything was learnt, and write how the run ended."""
    state = "stopped" if outcome.stopped else "finished"
    if outcome.reason:
        record.log(f"ended: {outcome.reason}")
    saved = None
    if outcome.steps:
        saved = _already_saved(run, record, outcome) or _save(run, config, model, outcome)
        record.log(f"model written to {run.workspace.relative(saved)}")
        # The model file holds the same weights.
        (run.directory / "checkpoint" / "best.keras").unlink(missing_ok=True)
        record.status(model=run.workspace.relative(saved))
    else:
        record.log("no model: nothing was learnt yet")
    name = run.workspace.relative(saved) if saved else None
    record.event("end", state=state, reason=outcome.reason, model=name)
    record.status(
        state=state,
        reason=outcome.reason,
        model=name,
        epoch=outcome.epochs,
        epochs=config.epochs,
        best_epoch=outcome.best_epoch,
        metrics=outcome.metrics,
        by_signal=by_signal,
        ended=now(),
    )
    if state == "finished":
        # Not before the status is written: a run that is killed here would begin anew.
        (run.directory / STATE).unlink(missing_ok=True)


def _already_saved(run: Run, record: Recorder, outcome: Outcome) -> Path | None:
    """Return the model that an earlier process wrote, be it killed without its last status or no epoch behind."""
    stopped, name = record.before.get("state") == "stopped", record.before.get("model")
    if stopped and not (name and outcome.epochs):
        return None
    clear_leftovers(run.workspace.models_dir)
    paths = [run.workspace.root / name] if name else children(run.workspace.models_dir, folders=False)
    complete = (path for path in paths if path.suffix == ".keras" and path.is_file() and card_path(path).is_file())
    return next((path for path in complete if (name and not stopped) or _is_of(path, run, outcome)), None)


def _is_of(path: Path, run: Run, outcome: Outcome) -> bool:
    """Whether a model came of a run, and of all of its epochs."""
    try:
        card = read_card(path)
    except CarvisError:
        return False
    epochs = {"epochs": outcome.epochs, "best_epoch": outcome.best_epoch}
    return bool(card and card.other.get("run") == run.id and epochs.items() <= card.metrics.items())


def _save(run: Run, config: RunConfig, model: keras.Model, outcome: Outcome) -> Path:
    """Write the model under its name, or the first numbered one that is free."""
    metrics: dict[str, float | None] = {}
    metrics |= {f"valid_{k.removeprefix('val_')}": v for k, v in outcome.metrics.items() if k.startswith("val_")}
    metrics |= {f"train_{k}": outcome.metrics[k] for k in ("loss", "accuracy") if k in outcome.metrics}
    metrics |= {"best_epoch": outcome.best_epoch, "epochs": outcome.epochs, "train_pictures": outcome.images}
    card = ModelCard(
        class_names=list(config.class_names),
        preprocessing=config.preprocessing,
        resize=config.resize,
        recipe=config.recipe,
        backbone=config.backbone,
        parent=Path(config.parent).name if config.parent else None,
        dataset=config.dataset,
        dataset_fingerprint=config.dataset_fingerprint,
        metrics=metrics,
        notes=f"Training was ended early: {outcome.reason}." if outcome.stopped else None,
        other={"weights": config.weights, "run": run.id, "seed": config.seed},
    )
    number = 1
    while True:
        stem = config.name if number == 1 else f"{config.name}-{number}"
        path = run.workspace.models_dir / f"{stem}.keras"
        if not path.exists() and not card_path(path).exists():
            break
        number += 1
    clf = Classifier(
        model,
        list(config.class_names),
        preprocessing=config.scaling,
        resize=config.resize,
        alpha=config.alpha,
        orientation=config.orientation,
        name=stem,
        card=card,
        assumed=config.assumed,
    )
    return save_classifier(clf, path)
