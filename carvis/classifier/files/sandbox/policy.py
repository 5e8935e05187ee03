"""Which model files are opened at once, and which in a sandbox first.

A verdict is cached by the content of the file, so that the sandbox runs once for each file.
"""

import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from carvis import __version__
from carvis.classifier.files.sandbox.criteria import sandbox_reason
from carvis.classifier.files.sandbox.verdict import (
    LONGEST_RESULT,
    MOST_MEMORY,
    SECONDS,
    Verdict,
    allowed_memory,
    sandbox_verdict,
)
from carvis.classifier.memory_estimate import free_memory, gigabytes
from carvis.errors import CarvisError, ModelError
from carvis.language import Message, replaced
from carvis.workspace import Cache, content_hash, json_text, read_json, sha256_of_file

# Raised where an older verdict says less than a new one would.
_FORMAT = 1
# Retry with this many times the memory of a refused attempt.
_MORE = 1.25
_ONE_AT_A_TIME = threading.Lock()


class SandboxNeededError(ModelError):
    """A model file needs a sandbox before it is opened, and no one has requested it."""


@dataclass(frozen=True)
class _Gate:
    cache: Cache
    requested: bool
    seconds: float
    memory: int


_gate: ContextVar[_Gate | None] = ContextVar("gate", default=None)


@contextlib.contextmanager
def sandbox_first(
    folder: str | Path, *, requested: bool = True, seconds: float = SECONDS, memory: int = MOST_MEMORY
) -> Iterator[None]:
    """Let ``load_classifier`` open what is large, unusual or slow in a sandbox first, within the block.

    Args:
        folder: of the cached verdicts.
        requested: whether a person waits for it; else such a file raises ``SandboxNeededError`` until it has a verdict.
        seconds, memory: the limits of the sandbox.
    """
    token = _gate.set(_Gate(Cache(folder, 5_000_000), requested, seconds, memory))
    try:
        yield
    finally:
        _gate.reset(token)


def check_file(path: Path) -> bool:
    """Check a model file before it is opened, in a sandbox where one is needed and requested.

    Returns:
        Whether its memory has to be checked once it is built: it has no verdict.

    Raises:
        SandboxNeededError: it needs a sandbox, and no one has requested it.
        ModelError: the sandbox could not open it, or it needs more memory than is free now.
    """
    gate = _gate.get()
    # What is not a file is refused when it is opened.
    if gate is None or not path.is_file():
        return False
    if verdict := _stored_verdict(path, gate):
        _judge(verdict, path)
        return False
    if reason := _why_tried(str(path), *_stamp(path)):
        check_in_sandbox(path, reason)
        return False
    return True


def check_in_sandbox(path: Path, reason: Message) -> None:
    """Open a model file in a sandbox; return where it succeeds.

    Raises:
        SandboxNeededError, ModelError: as ``check_file``.
    """
    gate = _gate.get()
    if gate is None:
        return
    with contextlib.nullcontext() if not gate.requested else _ONE_AT_A_TIME:
        verdict = _stored_verdict(path, gate)
        if verdict is None and not gate.requested:
            raise SandboxNeededError(
                Message("{file} is not opened automatically: {reason}.", file=path.name, reason=reason)
            )
        if verdict is None:
            verdict = sandbox_verdict(path, seconds=gate.seconds, memory=gate.memory)
            facts = json_text(verdict.facts()).encode()
            # On a full disk the sandbox runs again next time.
            with contextlib.suppress(OSError):
                gate.cache.put(_key(path), ".json", facts)
    _judge(verdict, path)


def forget_verdict(path: str | Path, folder: str | Path) -> None:
    """Drop the verdict on a model file, so that the sandbox runs again."""
    if cached := Cache(folder).get(_key(Path(path)), ".json"):
        cached.unlink(missing_ok=True)


def stored_verdict(path: str | Path, folder: str | Path) -> Verdict | None:
    """Return the cached verdict on a model file, None where there is none."""
    return _cached_verdict(Path(path), Cache(folder))


def _judge(verdict: Verdict, path: Path) -> None:
    if verdict.refused is not None:
        raise ModelError(replaced(verdict.refused, verdict.file, str(path)))
    if verdict.memory > (free := free_memory()):
        raise ModelError(
            Message(
                "{path} needs {needed} of memory, but {free} are free: close other programs and open it again.",
                path=path,
                needed=gigabytes(verdict.memory),
                free=gigabytes(free),
            )
        )


def _stored_verdict(path: Path, gate: _Gate) -> Verdict | None:
    verdict = _cached_verdict(path, gate.cache)
    # More memory may suffice.
    if verdict and verdict.kind == "memory" and allowed_memory(gate.memory) > _MORE * verdict.memory:
        return None
    return verdict


def _cached_verdict(path: Path, cache: Cache) -> Verdict | None:
    file = cache.get(_key(path), ".json")
    if file is None:
        return None
    try:
        return Verdict.from_facts(read_json(file, dict, max_bytes=LONGEST_RESULT))
    # Not ours, or damaged: the sandbox runs again.
    except (CarvisError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _key(path: Path) -> str:
    return content_hash("model trial", _FORMAT, *_versions(), _sha256(str(path), *_stamp(path)))


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


# A page asks at each of its runs, and an architecture may be 20 MB of text.
@lru_cache(maxsize=256)
def _why_tried(path: str, time: int, size: int) -> Message | None:
    return sandbox_reason(path)


@lru_cache(maxsize=256)
def _sha256(path: str, time: int, size: int) -> str:
    return sha256_of_file(path)


@lru_cache(maxsize=1)
def _versions() -> tuple[str, ...]:
    versions = [__version__]
    for package in ("keras", "tensorflow"):
        try:
            versions.append(version(package))
        except PackageNotFoundError:
            versions.append("")
    return tuple(versions)
