"""``events.jsonl``: appended line by line, read from a byte offset; a torn line is left for later."""

import json
import math
from pathlib import Path

from carvis.workspace import append_regular


class EventLog:
    """Appends events to a file, each as one whole line."""

    def __init__(self, path: str | Path):
        self._file = append_regular(path)
        if self._file.tell() and not path.read_bytes().endswith(b"\n"):
            self._file.write(b"\n")

    def append(self, event: dict) -> None:
        # NaN and infinity are no JSON.
        facts = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in event.items()}
        self._file.write(json.dumps(facts, ensure_ascii=False).encode("utf-8") + b"\n")
        self._file.flush()

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
