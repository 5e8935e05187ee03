"""A request to end a run early: Ctrl-C, one of the operating system, a file named ``STOP``, or a callback's."""

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any, Self

from carvis.training.end_reasons import CALLBACK, CTRL_C, SIGTERM, stop_file


class StopRequest:
    """Turns Ctrl-C (SIGINT) and SIGTERM into a request to stop, which training follows after the current step.

    A second Ctrl-C does not wait: it raises KeyboardInterrupt. Signals are taken over only in the main thread,
    and given back at the end of the block.

    Args:
        files: each requests the same by being there.

    Attributes:
        by_callback: set to request the same.
    """

    def __init__(self, *files: Path):
        self._files = files
        self._signal: int | None = None
        self.by_callback = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._signal is not None:
            raise KeyboardInterrupt
        self._signal = number

    @property
    def reason(self) -> str | None:
        """Why to stop, or None to continue."""
        if self._signal is not None:
            return CTRL_C if self._signal == signal.SIGINT else SIGTERM
        if self.by_callback:
            return CALLBACK
        return next((stop_file(file.name) for file in self._files if file.exists()), None)

    @property
    def by_signal(self) -> bool:
        """Whether a signal requested it."""
        return self._signal is not None
