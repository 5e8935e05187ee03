"""``events.jsonl``: appended line by line, read from a byte offset; a torn line is left for later."""

import contextlib
import errno
import os
from pathlib import Path

from carvis.errors import CarvisError, TrainingError
from carvis.language import Message
from carvis.training.schemas import Event
from carvis.workspace import (
    append_regular,
    check_json,
    json_text,
    not_written,
    open_regular,
    os_reason,
    parse_json,
    refusal,
)

_MAX_BYTES = 500_000_000
_LONGEST_LINE, _MAX_DEPTH = 100_000, 10


class EventLog:
    """Appends events to a file, each as one whole line."""

    def __init__(self, path: str | Path):
        self._path = Path(path)
        # Without a buffer: what a full disk does not take is not tried again at another moment.
        self._file = append_regular(path, buffering=0)
        if self._file.tell() and not _ends_with_a_line(self._path):
            self._file.write(b"\n")

    def append(self, event: dict) -> None:
        """Append one event.

        Raises:
            CarvisError: the disk is full, or cannot be written; no part of the line is left.
        """
        line = json_text(event).encode("utf-8") + b"\n"
        end = os.fstat(self._file.fileno()).st_size
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(end)
            raise CarvisError(not_written(self._path, error)) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _ends_with_a_line(path: Path) -> bool:
    with open_regular(path) as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def read_events(path: str | Path, offset: int = 0) -> tuple[list[dict], int]:
    """Read the events from a byte offset on.

    Returns:
        the events, and the offset to go on from: after the last whole line. A line that is no JSON object, or whose
        facts are of the wrong type, is ignored, and so is a file that does not exist.

    Raises:
        TrainingError: the file cannot be read, or is far too large.
    """
    try:
        with open_regular(path) as file:
            file.seek(offset)
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return [], offset
    except OSError as problem:
        raise TrainingError(refusal(path, os_reason(problem))) from problem
    if len(data) > _MAX_BYTES:
        raise TrainingError(refusal(path, Message("it is larger than {limit} MB", limit=f"{_MAX_BYTES / 1e6:,g}")))
    complete = data[: data.rfind(b"\n") + 1]
    events = []
    for line in complete.splitlines():
        with contextlib.suppress(CarvisError):
            event = parse_json(line, path, max_bytes=_LONGEST_LINE, max_depth=_MAX_DEPTH, nan=None)
            events.append(check_json(event, Event, path))
    return events, offset + len(complete)
