"""Ending a run early: Ctrl-C, a request of the operating system, or a file named ``STOP``."""

import signal
import threading
from pathlib import Path


class StopRequest:
    """Turns Ctrl-C (SIGINT) and SIGTERM into a request that the loop answers after the step it is at.

    A second Ctrl-C does not wait: it raises KeyboardInterrupt. Signals are taken over only in the main thread,
    and given back at the end of the block.

    Args:
        files: each asks for the same by being there.
    """

    def __init__(self, *files: Path):
        self._files = files
        self._signal: int | None = None
        self._before: dict = {}

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number, _frame) -> None:
        if self._signal is not None:
            raise KeyboardInterrupt
        self._signal = number

    @property
    def reason(self) -> str | None:
        """Why to stop, or None to go on."""
        if self._signal is not None:
            return "Ctrl-C" if self._signal == signal.SIGINT else "asked to end (SIGTERM)"
        return next((f"asked to stop by the file {file.name}" for file in self._files if file.exists()), None)

    @property
    def by_signal(self) -> bool:
        return self._signal is not None
