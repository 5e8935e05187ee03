"""``start`` and ``resume``: a run in a process of its own, which outlives whoever started it."""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Unpack

from carvis.dataset import Dataset
from carvis.errors import CarvisError, TrainingError
from carvis.language import Message
from carvis.startup import module_process
from carvis.training.config import Options
from carvis.training.preparation import prepare
from carvis.training.recipes import RecipeName
from carvis.training.run import LOCK, OUTPUT, STOP, Run
from carvis.training.schemas import ALIVE_STATES
from carvis.workspace import Workspace, append_regular, lock, read_regular

_TURN = ".turn.lock"
_POLL_SECONDS = 0.5
_MAX_OUTPUT = 100_000_000
_STARTS_WITHIN = 20.0


def start(
    recipe: RecipeName,
    data: Dataset | str | Path,
    *,
    workspace: Workspace | None = None,
    run_dir: str | Path | None = None,
    **options: Unpack[Options],
) -> Run:
    """Train in a process of its own; arguments as ``train``.

    It goes on when this process ends. Where another run started so is under way in the workspace, it waits in state
    ``queued`` for its turn.

    Raises:
        TrainingError: an option does not exist or does not fit.
    """
    return _launch(prepare(recipe, data, workspace=workspace, run_dir=run_dir, **options))


def resume(run: Run) -> Run:
    """Resume, in a process of its own, a run that was stopped or has crashed, after its last finished epoch.

    Raises:
        TrainingError: the run is finished, or is running already.
    """
    if run.alive:
        raise TrainingError(Message("The run {run} is already running: follow it, or stop it first.", run=run.id))
    if run.state == "finished":
        raise TrainingError(
            Message("The run {run} is finished: start a new one from its model with --parent.", run=run.id)
        )
    (run.directory / STOP).unlink(missing_ok=True)
    return _launch(run)


def _launch(run: Run) -> Run:
    # Something missing there is reported at once.
    _ = run.complete_config
    arguments = ("train", "--run-dir", str(run.directory), "--workspace", str(run.workspace.root))
    command, environment = module_process("carvis", *arguments)
    # A process group of its own gets neither the Ctrl-C of a terminal nor the end of its session.
    detached = {"creationflags": 0x00000008 | 0x00000200} if os.name == "nt" else {"start_new_session": True}
    with append_regular(run.directory / OUTPUT) as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=run.workspace.root,
            env=environment,
            **detached,
        )
    end = time.monotonic() + _STARTS_WITHIN
    while not run.alive and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    if process.poll() not in (None, 0) and not run.alive:
        output_lines = read_regular(run.directory / OUTPUT, _MAX_OUTPUT).decode("utf-8", "replace").strip().splitlines()
        last = output_lines[-1].removeprefix("carvis: ") if output_lines else "its process ended at once"
        raise TrainingError(Message("The run {run} could not start: {last}", run=run.id, last=last))
    return run


@contextlib.contextmanager
def turn(run: Run, waits: Callable[[str], bool]) -> Iterator[bool]:
    """Hold the workspace's turn, of which there is one, while a run is carried out.

    The operating system frees it when its holder dies. Call it while holding the run's own lock: a run that waits
    is known by that.

    Args:
        waits: called twice a second with the id of the run that is waited for; returns True to give up.

    Yields:
        Whether it is this run's turn.
    """
    from filelock import Timeout

    turn_lock = lock(run.workspace.runs_dir / _TURN)
    while True:
        first = _ahead(run)
        if first is None:
            try:
                turn_lock.acquire(timeout=0)
                break
            except Timeout:
                first = next((other.id for other in _others(run) if other.state in ALIVE_STATES), "")
        if waits(first):
            yield False
            return
        time.sleep(_POLL_SECONDS)
    try:
        yield True
    finally:
        turn_lock.release()


def _ahead(run: Run) -> str | None:
    """Name a run that waits for longer than this one."""
    waiting = [other for other in _others(run) if other.state == "queued" and other.alive]
    place = (run.config.get("created", ""), run.id)
    return next((other.id for other in waiting if (other.config.get("created", ""), other.id) < place), None)


def _others(run: Run) -> list[Run]:
    folders = (folder for folder in run.workspace.runs() if folder != run.directory and (folder / LOCK).exists())
    # A damaged neighbour is no reason to wait.
    return [other for folder in folders if (other := _readable(folder, run.workspace))]


def _readable(folder: Path, workspace: Workspace) -> Run | None:
    try:
        run = Run(folder, workspace)
        return run if run.status and run.config else None
    except CarvisError:
        return None
