"""``Run``: reading a run directory."""

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from carvis.errors import TrainingError
from carvis.language import Message
from carvis.training.config import RunConfig
from carvis.training.end_reasons import KILLED
from carvis.training.event_log import read_events
from carvis.training.schemas import ALIVE_STATES, NUMBERS, Config, Status
from carvis.workspace import (
    Workspace,
    lock,
    open_regular,
    read_json,
    refusal,
    refuse_links_out,
    resolve_inside,
    resolved,
)

if TYPE_CHECKING:
    from carvis.classifier import Classifier

CONFIG, STATUS, EVENTS, LOG, LOCK, STOP, OUTPUT = (
    "config.json",
    "status.json",
    "events.jsonl",
    "log.txt",
    "run.lock",
    "STOP",
    "output.txt",
)
# An error within a Keras callback comes with a long trace.
_LOG_END = 40
_LOG_BYTES = 10_000_000
_REMEDY = Message("repair it, or remove this run")


class Run:
    """A training run, as its directory describes it; each property reads again what can change.

    Args:
        directory: holds ``config.json``.
        workspace: where relative paths begin; by default three folders above (``<workspace>/data/runs/<id>``).

    Raises:
        TrainingError: the folder is no run directory.
        PathError: a link in it leads out of it.
    """

    def __init__(self, directory: str | Path, workspace: Workspace | None = None):
        self.directory = resolved(directory)
        refuse_links_out(self.directory)
        # One of them may be damaged or gone: who reads it says so.
        if not any(os.path.lexists(self.directory / name) for name in (CONFIG, STATUS)):
            raise TrainingError(
                Message(
                    "{directory} is not the folder of a run: it holds no {config}. `python -m carvis runs`"
                    " lists the runs.",
                    directory=directory,
                    config=CONFIG,
                )
            )
        self._workspace = workspace

    def __repr__(self) -> str:
        return f"Run({self.id!r}, {self.state})"

    def _repr_html_(self) -> str | None:
        from carvis.training.display import run_html

        return run_html(self)

    @property
    def id(self) -> str:
        """The name of the run's folder."""
        return self.directory.name

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace that the run lies in."""
        return self._workspace or Workspace(self.directory.parents[2])

    @property
    def config(self) -> dict:
        """The facts of ``config.json``; one of an earlier version may lack some.

        Raises:
            TrainingError: the file is damaged.
        """
        return read_facts(self.directory / CONFIG, Config)

    @property
    def complete_config(self) -> RunConfig:
        """The complete configuration.

        Raises:
            TrainingError: something is missing, or the file is damaged.
        """
        config = self.config
        for name in RunConfig.required():
            if name not in config:
                reason = Message("{place} is missing", place=name)
                raise TrainingError(refusal(self.directory / CONFIG, reason, _REMEDY))
        return RunConfig.from_json(config)

    @property
    def status(self) -> dict:
        """The facts of ``status.json``: state, reason, epoch, epochs, best_epoch, metrics, model, times.

        A run that says it is running, or waits for its turn, while nobody holds its lock is ``crashed``, with the end
        of its log.
        """
        status = {"state": "queued", "reason": None} | read_facts(self.directory / STATUS, Status)
        if _has_a_process(status) and not self.alive:
            # It may have ended in between.
            status |= read_facts(self.directory / STATUS, Status)
        if _has_a_process(status) and not self.alive:
            status |= {"state": "crashed", "reason": KILLED}
        if status["state"] == "crashed":
            status["log_end"] = self.log(_LOG_END)
        return status

    @property
    def state(self) -> str:
        """The state in ``status.json``; a dead run without an end is ``crashed``."""
        return self.status["state"]

    @property
    def alive(self) -> bool:
        """Whether a process holds the lock of this run."""
        from filelock import Timeout

        path = self.directory / LOCK
        if not path.exists():
            return False
        holder = lock(path)
        try:
            holder.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:
            return False
        holder.release()
        return False

    def events(self, offset: int = 0) -> tuple[list[dict], int]:
        """Return the events from a byte offset on, and the offset to go on from."""
        return read_events(self.directory / EVENTS, offset)

    @property
    def history(self) -> pd.DataFrame:
        """One row an epoch: epoch, loss, accuracy, val_loss, val_accuracy, learning_rate, images_per_second, ..."""
        # An epoch that was trained twice, since the run began anew, counts as it was trained last.
        epochs = (event for event in self.events()[0] if event.get("kind") == "epoch" and event.get("epoch"))
        latest = {event["epoch"]: event for event in epochs}
        rows = [latest[epoch] for epoch in sorted(latest)]
        columns = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
        table = pd.DataFrame(rows, columns=None if rows else columns).drop(columns=["kind", "time"], errors="ignore")
        # What is null in all epochs has no type.
        return table.astype({name: float for name in table if name in NUMBERS and table[name].dtype == object})

    def log(self, lines: int | None = None) -> str:
        """Return the log, or its last lines; of a very long one its end."""
        path = self.directory / LOG
        if not path.is_file():
            return ""
        with open_regular(path) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _LOG_BYTES))
            text = file.read(_LOG_BYTES).decode("utf-8", "replace")
        return text if lines is None else "\n".join(text.splitlines()[-lines:])

    @property
    def model_path(self) -> Path | None:
        """The model that was trained, or None.

        Raises:
            PathError: the file of its status names one outside the workspace.
        """
        name = self.status.get("model")
        return resolve_inside(name, [self.workspace.root, self.workspace.models_dir]) if name else None

    def classifier(self) -> "Classifier":
        """Open the model that was trained.

        Raises:
            TrainingError: there is none yet.
        """
        from carvis.classifier import load_classifier

        if self.model_path is None:
            raise TrainingError(Message("The run {id} has no model (it is {state}).", id=self.id, state=self.state))
        return load_classifier(self.model_path)

    def stop(self) -> None:
        """Request that the run ends after the current step, keeping what was learnt."""
        (self.directory / STOP).touch()


def _has_a_process(status: dict) -> bool:
    # A run that is only prepared is queued too, but no process has started it.
    return status["state"] in ALIVE_STATES or (status["state"] == "queued" and "pid" in status)


def read_facts(path: Path, schema: type) -> dict:
    """Read a file of facts; a file that does not exist has none.

    Raises:
        TrainingError: the file is damaged.
    """
    if not path.exists():
        return {}
    return read_json(path, schema, nan=None, newest=1, remedy=_REMEDY, error=TrainingError)
