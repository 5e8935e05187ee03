"""The log of errors that nobody foresaw, each under a number that a person can quote."""

import contextlib
import hashlib
import logging
import os
import stat
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from carvis.workspace import append_regular
from ui.state import workspace

UPLOADS = "parts_uploads"
NAME = "data/logs/dashboard.log"
# One older file of this size is kept beside it.
MOST_BYTES = 1_000_000
_MOST_ENTRY, _MOST_MESSAGE, _MOST_FRAMES, _MOST_CAUSES = 20_000, 500, 40, 4
# The same error again within so many seconds takes one line: a live part of a page may meet it every two seconds.
_REPEATED_WITHIN, _MOST_LOGGED = 60.0, 200
_LOGGER = logging.getLogger("carvis.dashboard")
_lock = threading.Lock()
_logged: dict[str, float] = {}


@dataclass(frozen=True)
class Entry:
    """An error's number, and whether the log could be written."""

    number: str
    written: bool


def record(problem: BaseException) -> Entry:
    """Write an error with its traceback into the workspace's log and to the server's stderr; this never raises.

    The number is made of the error itself, so that a page that meets it again shows the same one. What was uploaded
    in this session may stand in an error's message, so then no message is written.
    """
    number, written = "000000", False
    with contextlib.suppress(Exception):
        number = _number(problem)
        text = _entry(number, problem)
        with contextlib.suppress(Exception):
            _LOGGER.error(text)
        with _lock:
            written = _write(_file(), text)
    return Entry(number, written)


def _number(problem: BaseException) -> str:
    locations = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in _frames(problem)]
    identity = repr((type(problem).__name__, str(problem), locations))
    return hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:6]


def _frames(problem: BaseException) -> traceback.StackSummary:
    return traceback.extract_tb(problem.__traceback__, limit=-_MOST_FRAMES)


def _entry(number: str, problem: BaseException) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    now = time.monotonic()
    with _lock:
        repeated = number in _logged and now - _logged[number] < _REPEATED_WITHIN
        if not repeated:
            _logged[number] = now
        while len(_logged) > _MOST_LOGGED:
            _logged.pop(next(iter(_logged)))
    if repeated:
        return f"{at} error {number} again\n"
    lines = [f"{at} error {number} on {_page()}\n"]
    private = holds_uploads()
    for error in _chain(problem):
        message = " ".join(str(error).split())[:_MOST_MESSAGE]
        if private and message:
            message = "(its message is not kept: this session holds uploaded files)"
        kind = type(error)
        lines += ["Traceback (most recent call last):\n", *_frames(error).format()]
        lines.append(f"{kind.__module__}.{kind.__qualname__}: {message}\n")
    return "".join(lines)[:_MOST_ENTRY] + "\n"


def _chain(problem: BaseException) -> list[BaseException]:
    """Return an error and what caused it, the first cause first."""
    errors: list[BaseException] = []
    error: BaseException | None = problem
    while error is not None and error not in errors and len(errors) < _MOST_CAUSES:
        errors.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return errors[::-1]


def _page() -> str:
    try:
        return (st.context.url or "no page").rsplit("/", 1)[-1][:200] or "the first page"
    except Exception:
        return "no page"


def holds_uploads() -> bool:
    """Tell whether files were uploaded in this session, or whether that cannot be known."""
    try:
        if get_script_run_ctx(suppress_warning=True) is None:
            return True
        # Annotations are kept after the widget that took them is gone.
        return bool(st.session_state.get(UPLOADS)) or any(map(_is_upload, st.session_state.values()))
    except Exception:
        return True


def _is_upload(value: object) -> bool:
    return isinstance(value, UploadedFile) or (isinstance(value, list) and any(map(_is_upload, value)))


def _file() -> Path:
    # Anew: what a run remembers of it is out of reach of a thread that makes a download.
    space = workspace.find()
    return space.resolve(space.root / NAME)


def _write(path: Path, text: str) -> bool:
    """Append to the log, which is rotated at its full size."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            if path.lstat().st_size + len(text) > MOST_BYTES and stat.S_ISREG(path.lstat().st_mode):
                os.replace(path, path.with_name(f"{path.name}.1"))
        with append_regular(path, buffering=0) as file:
            file.write(text.encode("utf-8", "replace"))
    except OSError:
        return False
    return True
