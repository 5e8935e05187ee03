"""Killing a process before each of its steps on the disk, or in the middle of a file that it writes."""

import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# What the interpreter tells of, with the places among the arguments of each path and of the folder that it begins in.
_STEPS = {
    "os.rename": ((0, 2), (1, 3)), "os.remove": ((0, 1),), "os.mkdir": ((0, 2),), "os.rmdir": ((0, 1),),
    "os.link": ((0, 2), (1, 3)), "os.symlink": ((1, 2),), "os.truncate": ((0, None),), "os.chmod": ((0, 2),),
    "sqlite3.connect": ((0, None),),
}  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True)
class Moment:
    """When to kill: before a step (from 1), or once a file that it opens has so many bytes."""

    step: int
    size: int | None = None

    def __str__(self) -> str:
        return f"step {self.step}" + ("" if self.size is None else f" after {self.size} bytes")


@dataclass(frozen=True)
class Ended:
    """How an action ended: whether it was killed, what it raised, and the steps it took, each a word and a path."""

    killed: bool
    problem: str
    steps: tuple[tuple[str, str], ...]


def in_a_process(act: Callable[[], object], place: Path, moment: Moment | None = None) -> Ended:
    """Carry an action out in a copy of this process, which is killed at a moment of its steps below a folder.

    Args:
        act: what to do; returning a number other than 0 counts as a problem.
        place: only steps on paths below it count.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _be_killed(act, str(place), moment, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as said:
        lines = [json.loads(line) for line in said.read().splitlines(keepends=True) if line.endswith(b"\n")]
    status = os.waitpid(child, 0)[1]
    problem = next((line["problem"] for line in lines if "problem" in line), "")
    if not os.WIFSIGNALED(status) and not any("problem" in line for line in lines):
        problem = f"ended with {status} and without a word"
    killed = os.WIFSIGNALED(status)
    if killed and os.WTERMSIG(status) not in (signal.SIGKILL, signal.SIGXFSZ):
        problem = f"died of signal {os.WTERMSIG(status)}"
    return Ended(killed, problem, tuple((line["step"], line["path"]) for line in lines if "step" in line))


def _be_killed(act: Callable[[], object], place: str, moment: Moment | None, said: int) -> None:
    """Act, tell of each step and end, killed or not: never return."""
    count = 0

    def step(event: str, arguments: tuple) -> None:
        nonlocal count
        paths = _paths(event, arguments)
        if not any(path.startswith(place) for path in paths):
            return
        count += 1
        os.write(said, json.dumps({"step": event, "path": paths[-1].removeprefix(place)}).encode() + b"\n")
        if moment is None or count != moment.step:
            return
        if moment.size is None:
            os.kill(os.getpid(), signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (moment.size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    code, problem = 1, ""
    try:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        sys.addaudithook(step)
        result = act()
        if isinstance(result, int) and result:
            problem = f"exit code {result}"
        code = 0
    except BaseException:
        problem = traceback.format_exc()
    finally:
        os.write(said, json.dumps({"problem": problem}).encode() + b"\n")
        os._exit(code)


def _paths(event: str, arguments: tuple) -> list[str]:
    if event == "open":
        path, _mode, flags = arguments
        places = [(path, -1)] if isinstance(flags, int) and flags & _WRITES else []
    else:
        places = [(arguments[i], -1 if j is None else arguments[j]) for i, j in _STEPS.get(event, ())]
    return [_absolute(os.fsdecode(path), folder) for path, folder in places if not isinstance(path, int)]


def _absolute(path: str, folder: int) -> str:
    begin = os.getcwd() if folder == -1 else os.readlink(f"/proc/self/fd/{folder}")
    return os.path.normpath(os.path.join(begin, path))
