"""Carry out a run again and again, killed at one moment after the other: ``killed_run.py DIRECTORY``.

Each time it is carried out in a copy of this process, which has imported everything and used nothing yet. Prints the
moments that came.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import keras

from carvis.training import Run, callbacks, directory, execute, features, outcome
from carvis.training import recorded_training as recorded
from carvis.workspace import ArrayWriter


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: object, name: str, when: Callable[..., bool] = lambda *_, **__: True) -> Callable[[], None]:
    """Die when a function is called for which ``when`` holds."""
    original = getattr(owner, name)

    def patched(*args, **options):
        if when(*args, **options):
            die()
        return original(*args, **options)

    return lambda: setattr(owner, name, patched)


def after(owner: object, name: str) -> Callable[[], None]:
    """Die when a function has done its work."""
    original = getattr(owner, name)

    def patched(*args, **options):
        original(*args, **options)
        die()

    return lambda: setattr(owner, name, patched)


def half_written(name: str) -> Callable[[], None]:
    """Die when half of a file is written."""

    def is_it(source: Path, target: Path) -> bool:
        if Path(target).name != name:
            return False
        os.truncate(source, Path(source).stat().st_size // 2)
        return True

    return before(os, "replace", is_it)


def event(kind: str, **facts: object) -> Callable[[], None]:
    """Die instead of reporting an event."""
    return before(
        directory.Recorder,
        "event",
        lambda self, emitted_kind, **emitted: emitted_kind == kind and facts.items() <= emitted.items(),
    )


def batch(epoch: int, step: int) -> Callable[[], None]:
    """Die after a step of an epoch, both from 0."""

    def is_at(self: callbacks.Steps, number: int, logs: object = None) -> bool:
        return self.state.epochs == epoch and number == step

    return before(callbacks.Steps, "on_train_batch_end", is_at)


def epoch_begin(epoch: int) -> Callable[[], None]:
    """Die when an epoch begins."""
    return before(callbacks.Steps, "on_epoch_begin", lambda self, number, logs=None: number == epoch)


# In the order in which a run of six epochs comes to them; in between, each process trains an epoch or more.
MOMENTS: dict[str, Callable[[], None]] = {
    "before the images are read": before(recorded, "read_images"),
    "while the images are read": event("reading"),
    "before the features": before(features.FeatureCache, "fill"),
    "while the features are computed": before(ArrayWriter, "keep"),
    "between two views": before(
        features.FeatureCache, "_entry", lambda self, frozen, plan, images, view, *more: view == 1
    ),
    "before the first epoch": epoch_begin(0),
    "in the first epoch": batch(0, 1),
    "before the first validation": before(callbacks.Validation, "on_epoch_end"),
    "after the first validation": after(callbacks.Validation, "on_epoch_end"),
    "before the first checkpoint": before(callbacks, "save_state"),
    "while the first checkpoint is written": half_written("state.npz"),
    "before the epoch is reported": event("epoch", epoch=1),
    "before the best model is saved": before(recorded, "atomic_path"),
    "between two epochs": epoch_begin(3),
    "in a later epoch": batch(3, 2),
    "in a later validation": after(keras.Model, "predict"),
    "while a later checkpoint is written": half_written("state.npz"),
    "while the best model is saved": half_written("best.keras"),
    "after the last epoch": before(outcome, "finish"),
    "before the model is saved": before(outcome, "save_classifier"),
    "after the model is saved": after(outcome, "save_classifier"),
    "before the end is reported": event("end"),
    "before the last status": before(
        directory.Recorder, "status", lambda self, **facts: facts.get("state") == "finished"
    ),
}


def main() -> None:
    run = sys.argv[1]
    for moment, patch in MOMENTS.items():
        child = os.fork()
        if not child:
            patch()
            execute(Run(run))
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            print(moment, Run(run).state, sep=": ", flush=True)
        elif status:
            sys.exit(f"failed {moment}")


if __name__ == "__main__":
    main()
