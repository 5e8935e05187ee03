"""``events.jsonl``: appended line by line, read from a byte offset; a torn line is left for later."""

import contextlib
import errno
import json
import math
import os
from pathlib import Path

from carvis.errors import CarvisError
from carvis.language import Message


class EventLog:
    """Appends events to a file, each as one whole line."""

    def __init__(self, path: str | Path):
        self._path = Path(path)
        # Without a buffer: what a full disk does not take is not tried again at another moment.
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115
        if self._file.tell() and not path.read_bytes().endswith(b"\n"):
            self._file.write(b"\n")

    def append(self, event: dict) -> None:
        """Append one event.

        Raises:
            CarvisError: the disk is full, or cannot be written; no part of the line is left.
        """
        # NaN and infinity are no JSON.
        facts = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in event.items()}
        line = json.dumps(facts, ensure_ascii=False).encode("utf-8") + b"\n"
        end = os.fstat(self._file.fileno()).st_size
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(end)
            raise CarvisError(
                Message(
                    "{path} could not be written ({reason}): {remedy}.",
                    path=self._path,
                    reason=error.strerror or str(error),
                    remedy=Message("free some space or choose another folder"),
                )
            ) from error

    def close(self) -> None:
        self._file.close()


def read_events(path: str | Path, offset: int = 0) -> tuple[list[dict], int]:
    """Read the events from a byte offset on.

    Returns:
        the events, and the offset to go on from: after the last whole line. A line that is no JSON object is
        left out, and so is a file that does not exist.
    """
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    whole = data[: data.rfind(b"\n") + 1]
    events = []
    for line in whole.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events, offset + len(whole)
