"""``Run``: reading a run directory."""

import json
from functools import cached_property
from pathlib import Path

import pandas as pd

from carvis.errors import TrainingError
from carvis.language import Message
from carvis.training.events import read_events
from carvis.workspace import Workspace, lock, refuse_links_out, resolved

CONFIG, STATUS, EVENTS, LOG, LOCK, STOP, OUTPUT = (
    "config.json",
    "status.json",
    "events.jsonl",
    "log.txt",
    "run.lock",
    "STOP",
    "output.txt",
)
ALIVE_STATES = ("running", "stopping")
STATES = ("queued", *ALIVE_STATES, "finished", "stopped", "crashed")
_LOG_END = 20


class Run:
    """A training run, as its directory tells it; each property reads anew what can change.

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
        if not (self.directory / CONFIG).is_file():
            raise TrainingError(
                Message("{directory} is not a run directory: it holds no {config}.", directory=directory, config=CONFIG)
            )
        self._workspace = workspace

    def __repr__(self) -> str:
        return f"Run({self.id!r}, {self.state})"

    def _repr_html_(self) -> str | None:
        from carvis.training.display import run_html

        return run_html(self)

    @property
    def id(self) -> str:
        return self.directory.name

    @cached_property
    def workspace(self) -> Workspace:
        return self._workspace or Workspace(self.directory.parents[2])

    @property
    def config(self) -> dict:
        """Everything that is needed to start this run."""
        return read_json(self.directory / CONFIG)

    @property
    def status(self) -> dict:
        """How far it is: state, reason, epoch, epochs, best_epoch, metrics, model, times.

        A run that says it is running, or waits for its turn, while nobody holds its lock is ``crashed``, with the end
        of its log.
        """
        status = {"state": "queued", "reason": None} | read_json(self.directory / STATUS)
        if _has_a_process(status) and not self.alive:
            # It may have ended between the two looks.
            status |= read_json(self.directory / STATUS)
        if _has_a_process(status) and not self.alive:
            status |= {"state": "crashed", "reason": "The process ended without a word: was it killed?"}
        if status["state"] == "crashed":
            status["log_end"] = self.log(_LOG_END)
        return status

    @property
    def state(self) -> str:
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
        # An epoch that was told twice, since the run began anew, holds as it was told last.
        told = {event.get("epoch"): event for event in self.events()[0] if event.get("kind") == "epoch"}
        rows = [told[epoch] for epoch in sorted(told, key=lambda epoch: (epoch is None, epoch or 0))]
        columns = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
        table = pd.DataFrame(rows, columns=None if rows else columns)
        return table.drop(columns=["kind", "time"], errors="ignore")

    def log(self, lines: int | None = None) -> str:
        """Return the log, or its last lines."""
        path = self.directory / LOG
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        return text if lines is None else "\n".join(text.splitlines()[-lines:])

    @property
    def model_path(self) -> Path | None:
        """The model that came of it, or None."""
        name = self.status.get("model")
        return self.workspace.root / name if name else None

    def classifier(self):
        """Open the model that came of it.

        Raises:
            TrainingError: there is none yet.
        """
        from carvis.classifier import load_classifier

        if self.model_path is None:
            raise TrainingError(
                Message("The run {id} has left no model (it is {state}).", id=self.id, state=self.state)
            )
        return load_classifier(self.model_path)

    def stop(self) -> None:
        """Ask the run to end after the step it is at, keeping what was learnt."""
        (self.directory / STOP).touch()


def _has_a_process(status: dict) -> bool:
    # A run that is only prepared is queued too, but no process has ever taken it up.
    return status["state"] in ALIVE_STATES or (status["state"] == "queued" and "pid" in status)


def read_json(path: Path) -> dict:
    """Read a file of facts; a file that does not exist has none.

    Raises:
        TrainingError: the file is damaged.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise TrainingError(
            Message("{path} cannot be read ({error}): remove this run.", path=path, error=error)
        ) from error
    return facts if isinstance(facts, dict) else {}
