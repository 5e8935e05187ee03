"""Letting model files pass to be opened: at once, or after a trial in a process of its own.

What came of a trial is kept by the content of the file, so that it costs its seconds once.
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

# Another number where what was kept says less than it would now.
_FORMAT = 1
# More memory than at the refused trial, by so much, is worth another one.
_MORE = 1.25
_ONE_AT_A_TIME = threading.Lock()


class SandboxNeededError(ModelError):
    """A model file would have to be tried before it is opened, and nobody has requested for that."""


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
    """Let ``load_classifier`` try what is large, unusual or slow in a process of its own first, within the block.

    Args:
        folder: what came of it is kept there.
        requested: whether a person waits for it; else such a file raises ``SandboxNeededError`` until it was tried.
        seconds, memory: the most that a trial may take.
    """
    token = _gate.set(_Gate(Cache(folder, 5_000_000), requested, seconds, memory))
    try:
        yield
    finally:
        _gate.reset(token)


def check_file(path: Path) -> bool:
    """Let a model file pass to be opened here, trying it first where that is requested for and needed.

    Returns:
        Whether it has yet to be looked at once it is built: it was not tried.

    Raises:
        SandboxNeededError: it would have to be tried, and nobody has requested for that.
        ModelError: it did not come through, or it takes more memory than is free now.
    """
    gate = _gate.get()
    # What is no file is told where it is opened.
    if gate is None or not path.is_file():
        return False
    if known := _known(path, gate):
        _judge(known, path)
        return False
    if reason := _why_tried(str(path), *_stamp(path)):
        check_in_sandbox(path, reason)
        return False
    return True


def check_in_sandbox(path: Path, reason: Message) -> None:
    """Try a model file; return where it came through.

    Raises:
        SandboxNeededError, ModelError: as ``check_file``.
    """
    gate = _gate.get()
    if gate is None:
        return
    with contextlib.nullcontext() if not gate.requested else _ONE_AT_A_TIME:
        known = _known(path, gate)
        if known is None and not gate.requested:
            raise SandboxNeededError(
                Message("{file} is not opened automatically: {reason}.", file=path.name, reason=reason)
            )
        if known is None:
            known = sandbox_verdict(path, seconds=gate.seconds, memory=gate.memory)
            kept = json_text(known.facts()).encode()
            # A full disk costs another trial next time, nothing else.
            with contextlib.suppress(OSError):
                gate.cache.put(_key(path), ".json", kept)
    _judge(known, path)


def forget_verdict(path: str | Path, folder: str | Path) -> None:
    """Forget what came of trying a model file, so that it is tried again."""
    if kept := Cache(folder).get(_key(Path(path)), ".json"):
        kept.unlink(missing_ok=True)


def kept_verdict(path: str | Path, folder: str | Path) -> Verdict | None:
    """Return what came of trying a model file, None where it was not tried."""
    return _kept(Path(path), Cache(folder))


def _judge(known: Verdict, path: Path) -> None:
    if known.refused is not None:
        raise ModelError(replaced(known.refused, known.file, str(path)))
    if known.memory > (free := free_memory()):
        raise ModelError(
            Message(
                "{path} needs {needed} of memory, but {free} are free: close other programs and open it again.",
                path=path,
                needed=gigabytes(known.memory),
                free=gigabytes(free),
            )
        )


def _known(path: Path, gate: _Gate) -> Verdict | None:
    found = _kept(path, gate.cache)
    # More memory than there was may suffice.
    if found and found.kind == "memory" and allowed_memory(gate.memory) > _MORE * found.memory:
        return None
    return found


def _kept(path: Path, cache: Cache) -> Verdict | None:
    kept = cache.get(_key(path), ".json")
    if kept is None:
        return None
    try:
        return Verdict.from_facts(read_json(kept, dict, max_bytes=LONGEST_RESULT))
    # Not ours, or not whole: it is tried again.
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
    found = [__version__]
    for package in ("keras", "tensorflow"):
        try:
            found.append(version(package))
        except PackageNotFoundError:
            found.append("")
    return tuple(found)
