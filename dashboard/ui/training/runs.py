"""The workspace's runs: which can be read, which go on, which are shown."""

import time
from pathlib import Path
from typing import Literal

import streamlit as st

from carvis.errors import TrainingError
from carvis.training.run import CONFIG, STATUS, Run
from ui.state import selection, unreadable, workspace
from ui.state.i18n import N_, _

MOST_SHOWN = 3
_SHOWN = "_runs_shown"
_START_TIMEOUT = 180.0
Colour = Literal["gray", "blue", "orange", "green", "red"]
STATE: dict[str, tuple[str, str, Colour]] = {
    "queued": (N_("queued"), ":material/schedule:", "gray"),
    "running": (N_("running"), ":material/play_circle:", "blue"),
    "stopping": (N_("stopping"), ":material/stop_circle:", "orange"),
    "finished": (N_("finished"), ":material/check_circle:", "green"),
    "stopped": (N_("stopped"), ":material/stop_circle:", "orange"),
    "crashed": (N_("crashed"), ":material/error:", "red"),
}


def readable() -> dict[str, Run]:
    """Return the workspace's runs by id, the newest first; those that cannot be read are named on the page."""
    space = workspace.get()
    return unreadable.each("run", {folder.name: folder for folder in reversed(space.runs())}, _opened)


def _opened(folder: Path) -> Run:
    """Open a run once what all of the page rests on can be read."""
    sentence = _("{path} has no valid run state: delete this run.")
    run = Run(folder, workspace.get())
    if str(run.status["state"]) not in STATE or not isinstance(run.config, dict):
        raise TrainingError(sentence.format(path=folder / STATUS))
    return run


def first_shown(runs: dict[str, Run]) -> list[str]:
    """Return the runs to show by default: the running ones, else the newest; unchanged until the page is left."""
    shown = [name for name in st.session_state.get(_SHOWN, []) if name in runs]
    if selection.arrived() or not shown:
        alive = [name for name, run in runs.items() if is_running(run)]
        shown = (alive or list(runs)[:1])[:MOST_SHOWN]
    st.session_state[_SHOWN] = shown
    return shown


def is_running(run: Run) -> bool:
    """Return whether a run is running or about to: on a busy computer starting takes long."""
    if run.alive:
        return True
    with unreadable.item("run", run.id):
        status = run.status
        if status["state"] == "queued" and "pid" not in status:
            return time.time() - (run.directory / CONFIG).stat().st_mtime < _START_TIMEOUT
    return False
