"""Models, opened once and shared by all sessions: one lock beside each."""

import contextlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from carvis.errors import CarvisError
from carvis.workspace import content_hash, read_regular, sha256_of_file
from ui.state import current, unreadable, workspace
from ui.state.file_cache import is_permanent, read_once
from ui.state.garbage import set_aside
from ui.state.i18n import _, of_library
from ui.state.samples import Sample

if TYPE_CHECKING:
    from carvis.classifier import Classifier

_MODELS = 12
_LONGEST_CARD = 20_000_000


@dataclass(frozen=True, eq=False)
class Opened:
    """A model file that was opened, or what is against it."""

    name: str
    classifier: "Classifier | None"
    problem: Exception | None = None
    file: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def clf(self) -> "Classifier":
        """The classifier of a model that is open."""
        if self.classifier is None:
            raise self.problem or CarvisError(f"{self.name} is not open.")
        return self.classifier

    @property
    def untried(self) -> bool:
        """Whether it waits for somebody to ask for it: it is large, unusual or slow."""
        from carvis.classifier.files.sandbox.policy import SandboxNeededError

        return isinstance(self.problem, SandboxNeededError)

    @property
    def error(self) -> str:
        """The sentence why it cannot be opened, in the language in use; empty where it is open."""
        if self.problem is None or isinstance(self.problem, CarvisError):
            return str(of_library(self.problem or ""))
        reason = " ".join(str(self.problem).split())[:200] or type(self.problem).__name__
        sentence = _("{file} cannot be opened ({reason}): save it again, or remove it.")
        return sentence.format(file=self.file, reason=reason)


def sandbox_first(requested: bool = True) -> contextlib.AbstractContextManager[None]:
    """Let what is large, unusual or slow be tried in a process of its own before it is opened in this one.

    Args:
        requested: whether somebody waits for it; else it is not opened until it was tried.
    """
    from carvis.classifier.files.sandbox.policy import sandbox_first

    return sandbox_first(_trials(), requested=requested)


def _trials() -> Path:
    return workspace.get().cache_dir / "model-trials"


def open_model(name: str, *, requested: bool = True) -> Opened:
    """Open a model by its name among the workspace's files. Loads TensorFlow.

    Args:
        requested: whether a person chose it; what is large, unusual or slow is not opened unasked.
    """
    path = workspace.model_files()[name]
    try:
        with sandbox_first(requested):
            return _open(*_key(name, path))
    # A file from elsewhere may break its loader in any way; the page shows the other models all the same.
    except Exception as problem:
        return Opened(name, None, problem.with_traceback(None), path.name)


def _key(name: str, path: Path) -> tuple:
    return name, *_stamp(path), *_stamp(path.with_suffix(".json")), _lender(path), _label_files(path)


def can_be_retried(name: str) -> bool:
    """Tell whether a file was refused for what may differ next time: the memory and the time there were."""
    from carvis.classifier.files.sandbox.policy import stored_verdict

    verdict = stored_verdict(workspace.model_files()[name], _trials())
    return verdict is not None and verdict.kind in ("memory", "time")


def forget(name: str) -> None:
    """Forget that a file could not be opened."""
    from carvis.classifier.files.sandbox.policy import forget_verdict

    path = workspace.model_files()[name]
    forget_verdict(path, _trials())
    _open.clear(*_key(name, path))


def _lender(path: Path) -> str:
    """Return the data set that lends its class names to a model whose card tells none, else nothing."""
    from carvis.classifier import read_card

    try:
        card = read_card(path)
    except CarvisError:
        card = None
    return "" if card and card.class_names else current.dataset_name()


def _label_files(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a file of class names beside a model does."""
    from carvis.classifier.files.label_file import files_beside

    return tuple(map(_stamp, files_beside(path)))


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), stat.st_mtime_ns, stat.st_size


def stamp_of(sample: Sample) -> object:
    """Return what tells whether an image is still the same."""
    source = sample.source
    return content_hash(source) if isinstance(source, bytes) else _stamp(source)


@st.cache_resource(max_entries=_MODELS, show_spinner=False)
def _open(
    name: str,
    path: str,
    time: int,
    size: int,
    card: str,
    card_time: int,
    card_size: int,
    lender: str,
    label_files: tuple[tuple[str, int, int], ...],
) -> Opened:
    from carvis.classifier import load_classifier
    from carvis.classifier.files.sandbox.policy import SandboxNeededError

    set_aside("TensorFlow")
    dataset = None
    with contextlib.suppress(CarvisError):
        dataset = workspace.dataset(lender) if lender else None
    try:
        return Opened(name, load_classifier(path, data=dataset))
    except CarvisError as problem:
        # A model that waits for its trial may be opened later; other permanent errors are cached.
        if isinstance(problem, SandboxNeededError) or not is_permanent(problem):
            raise
        return Opened(name, None, problem.with_traceback(None), Path(path).name)


def is_model(path: Path) -> bool:
    """Tell, from what a model file says of itself, whether it may be opened: it is whole and holds no code."""
    try:
        _check(path)
    except Exception:
        return False
    return True


def openable(files: dict[str, Path]) -> list[str]:
    """Return the names of those files that may be opened; the page names the others, each with the reason."""
    return list(unreadable.each("model", files, _check))


def _check(path: Path) -> None:
    _inspected(*_stamp(path))


@read_once(max_entries=256)
def _inspected(path: str, time: int, size: int) -> None:
    from carvis.classifier.files.inspection import read_model_file

    read_model_file(path)


def file_key(name: str) -> str:
    """Name a model by all that decides its predictions, without opening it."""
    path = workspace.model_files()[name]
    card = path.with_suffix(".json")
    times = path.stat().st_mtime_ns, card.stat().st_mtime_ns if card.exists() else 0
    return _hashed(str(path), *times, _lender(path), _label_files(path))


@st.cache_data(max_entries=64, show_spinner=False)
def _hashed(path: str, time: int, card_time: int, lender: str, label_files: tuple[tuple[str, int, int], ...]) -> str:
    card = b""
    # An invalid card decides nothing; opening the model reports it.
    with contextlib.suppress(CarvisError, OSError):
        card = read_regular(Path(path).with_suffix(".json"), _LONGEST_CARD) if card_time else b""
    parts = sha256_of_file(path), card, lender
    return content_hash("model file", *parts, *([list(map(list, label_files))] if label_files else []))
