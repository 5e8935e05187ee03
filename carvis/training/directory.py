"""``Recorder``: writing a run directory while the run goes on."""

import contextlib
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from carvis.errors import TrainingError
from carvis.language import Message
from carvis.training.config import RunConfig
from carvis.training.event_log import EventLog
from carvis.training.run import CONFIG, EVENTS, LOCK, LOG, STATUS, STOP, read_facts
from carvis.training.schemas import Config, Status
from carvis.workspace import lock, write_json

_logger = logging.getLogger("carvis")
OnEvent = Callable[[dict[str, Any]], object]


def now() -> str:
    """Return the current time as the files of a run hold it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class _LogFile(logging.FileHandler):
    """A log that a full disk leaves shorter, without a traceback on the terminal for each line."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass


class Recorder:
    """Holds the lock of a run and keeps its status, events and log.

    Use it as a context manager: inside, this process is the run.

    Args:
        directory: an existing run directory.
        on_event: called with every event.
        state: ``running``, or ``queued`` for a process that has to wait for its turn.

    Attributes:
        before: the status that an earlier process left, empty for a new run.

    Raises:
        TrainingError: another process holds the lock.
    """

    def __init__(self, directory: Path, on_event: OnEvent | None = None, state: str = "running"):
        self._state = state
        self.directory = directory
        self._on_event = on_event
        self.before: dict[str, Any] = {}
        self._status: dict[str, Any] = {}
        self._lock = lock(directory / LOCK)

    def __enter__(self) -> "Recorder":
        from filelock import Timeout

        try:
            # A reader that asks whether the run is alive holds the lock for an instant.
            self._lock.acquire(timeout=2)
        except Timeout:
            raise TrainingError(
                Message("The run {directory} is already running: stop it first.", directory=self.directory.name)
            ) from None
        try:
            self._begin()
        except BaseException:
            self._lock.release()
            raise
        return self

    def _begin(self) -> None:
        self.before = read_facts(self.directory / STATUS, Status)
        lasting = ("waits_for", "best_epoch", "best_val_accuracy", "epoch", "epochs")
        self._status = {key: self.before[key] for key in lasting if key in self.before}
        self._events = EventLog(self.directory / EVENTS)
        self._handler = _LogFile(self.directory / LOG, encoding="utf-8")
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
        self._level = _logger.level
        _logger.setLevel(logging.INFO)
        _logger.addHandler(self._handler)
        try:
            self.status(state=self._state, reason=None, pid=os.getpid(), started=now(), ended=None)
        except BaseException:
            self._end()
            raise

    def __exit__(self, *_: object) -> None:
        self._end()
        # Obeyed, or too late; before the run begins it may be there already, and counts.
        with contextlib.suppress(OSError):
            (self.directory / STOP).unlink(missing_ok=True)
        self._lock.release()

    def _end(self) -> None:
        _logger.removeHandler(self._handler)
        _logger.setLevel(self._level)
        with contextlib.suppress(OSError):
            self._handler.close()
        self._events.close()

    def status(self, **facts: object) -> None:
        """Change some facts of ``status.json``."""
        self._status |= facts | {"updated": now()}
        write_json(self.directory / STATUS, self._status)

    def event(self, kind: str, **facts: object) -> None:
        """Append one event, and pass it to ``on_event``."""
        event = {"kind": kind, **facts, "time": round(time.time(), 3)}
        self._events.append(event)
        if self._on_event:
            self._on_event({"run": self.directory.name, **event})

    def log(self, text: str) -> None:
        """Append a line to the log."""
        _logger.info(text)

    def warn(self, text: str) -> None:
        """Log what a person should know at once; the command line shows it too."""
        _logger.warning(text)

    def config(self, config: RunConfig) -> None:
        """Write ``config.json``; what a later version added to it stays."""
        before = read_facts(self.directory / CONFIG, Config)
        write_json(self.directory / CONFIG, before | config.to_json())
