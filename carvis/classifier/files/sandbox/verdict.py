"""``sandbox_verdict``: a model file opened in a process of its own, which cannot take down the one that serves people.

A TensorFlow model cannot be handed from one process to another. What is large, unusual or slow is therefore opened
twice: first in a sandbox, within a bound of memory and time, and only if that succeeds in the serving process. Which
files need it is for ``criteria`` to say.
"""

import contextlib
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from carvis.classifier.memory_estimate import free_memory, gigabytes
from carvis.errors import CarvisError
from carvis.language import Message, as_data, from_data, message_of
from carvis.startup import module_process
from carvis.workspace import read_json, resolved

SECONDS = 120.0
MOST_MEMORY = 8_000_000_000
_LEAST_MEMORY = 500_000_000
_LOOK_EVERY = 0.05
LONGEST_RESULT = 1_000_000
# What Python and TensorFlow take before any model.
_BASE = 1_500_000_000


@dataclass(frozen=True)
class Verdict:
    """The outcome of opening a model file in a sandbox.

    Attributes:
        refused: the sentence why the file is not opened; None where it was opened.
        kind: ``passed``, ``memory``, ``time``, ``crash`` or ``refused``.
        memory: bytes that it took, or its limit where that did not suffice.
        seconds: from the start of the sandbox to its end.
        file: the path that it had then.
    """

    refused: Message | str | None
    kind: str
    memory: int
    seconds: float
    file: str

    def facts(self) -> dict:
        """What is kept of the trial, as JSON can hold it."""
        return {**vars(self), "refused": as_data(self.refused)}

    @classmethod
    def from_facts(cls, facts: dict) -> "Verdict":
        """Make a verdict from the facts that were kept of it."""
        refused = from_data(facts["refused"])
        kind, memory, seconds = str(facts["kind"]), int(facts["memory"]), float(facts["seconds"])
        if refused is not None and not isinstance(refused, str):
            raise ValueError("no sentence")
        return cls(refused, kind, memory, seconds, str(facts["file"]))


def allowed_memory(most: int) -> int:
    """Return the bytes that a sandbox may take: half of what is free, so that the machine stays usable."""
    return min(max(free_memory() // 2, _LEAST_MEMORY), most)


def sandbox_verdict(path: str | Path, *, seconds: float = SECONDS, memory: int = MOST_MEMORY) -> Verdict:
    """Open a model file and predict one image in a process of its own.

    Args:
        seconds: the most that it may take.
        memory: bytes, the most that it may take above TensorFlow itself.
    """
    path, allowed, start = resolved(path), allowed_memory(memory), time.monotonic()

    def ended(kind: str, refused: Message | None, used: int = 0) -> Verdict:
        return Verdict(refused, kind, used or allowed, round(time.monotonic() - start, 1), str(path))

    with tempfile.TemporaryDirectory(prefix="carvis-sandbox-") as folder:
        result = Path(folder) / "result.json"
        process = _start(path, result, allowed, seconds)
        try:
            limit = _wait(process, start + seconds, allowed)
        finally:
            # Where this process ends first, the end of its input ends it as well.
            process.kill()
            assert process.stdin is not None
            process.stdin.close()
            code = process.wait()
        facts = _result(result)
    if limit == "time":
        return ended("time", _too_slow(path, seconds))
    if limit == "memory" or facts.get("kind") == "memory":
        return ended("memory", _sentence(facts) or too_large(path, allowed))
    if facts.get("kind") == "passed":
        return ended("passed", None, int(facts.get("memory") or 0))
    if sentence := _sentence(facts):
        return ended("refused", sentence)
    return ended("crash", _crashed(path, code))


def _sentence(facts: dict) -> Message | None:
    """Return the sentence that the sandbox wrote, None where it wrote none."""
    sentence = facts.get("refused")
    try:
        return from_data(sentence) if sentence else None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return None


def _start(path: Path, result: Path, allowed: int, seconds: float) -> subprocess.Popen:
    arguments = (str(path), str(result), str(allowed), str(seconds))
    command, environment = module_process("carvis.classifier.files.sandbox.worker", *arguments)
    # One image is predicted on the CPU: the memory of a graphics card belongs to the server.
    environment |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=result.parent,
        env=environment,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _wait(process: subprocess.Popen, end: float, allowed: int) -> str | None:
    """Wait for the end of the sandbox; return which limit it exceeded, if any."""
    with contextlib.suppress(psutil.Error):
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            if time.monotonic() > end:
                return "time"
            # Where the system itself holds it to its bound, this comes second.
            if watched.memory_info().rss > _BASE + allowed:
                return "memory"
            time.sleep(_LOOK_EVERY)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(max(end - time.monotonic(), 0))
        return None
    return "time"


def _result(path: Path) -> dict:
    # It ended before it had written all.
    with contextlib.suppress(CarvisError):
        return read_json(path, dict, max_bytes=LONGEST_RESULT)
    return {}


def _too_slow(path: Path, seconds: float) -> Message:
    return Message(
        "{path} took longer than {seconds} seconds to open and to predict one image, so it is not opened"
        " here: make the model smaller, or use the command line (python -m carvis summary).",
        path=path,
        seconds=f"{seconds:g}",
    )


def too_large(path: Path, allowed: int) -> Message:
    """The sentence on a model that needs more memory than it may have."""
    return Message(
        "{path} needs more than {memory} of memory to predict one image, so it is not opened here: make the"
        " model or its input size smaller, or use a machine with more memory.",
        path=path,
        memory=gigabytes(allowed),
    )


def _crashed(path: Path, code: int) -> Message:
    return Message(
        "{path} crashes TensorFlow when it is opened (exit code {code}), so it is not opened here: save the"
        " model again with the Keras that wrote it.",
        path=path,
        code=code,
    )


def refusal(error: BaseException, path: Path) -> Message:
    """Return the sentence for an error in the sandbox."""
    if isinstance(error, CarvisError):
        sentence = message_of(error)
        return sentence if isinstance(sentence, Message) else Message("{reason}", reason=sentence)
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return Message("{path} cannot be opened ({reason}): save the model again from Keras.", path=path, reason=reason)
