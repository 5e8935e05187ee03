"""The progress protocol: how everything that takes time says how far it is, and how it is asked to stop."""

from collections.abc import Callable

from carvis.errors import StoppedError
from carvis.language import Message

# Called with (done, total), in whatever is counted, from time to time; returns True to ask the work to stop.
Progress = Callable[[float, float], bool | None]


def no_progress(done: float, total: float) -> None:
    """Ignore progress: the default where no progress function is given."""


def partial_progress(progress: Progress, start: float, stop: float) -> Progress:
    """Return the progress of one stage of a longer work, which it takes from ``start`` to ``stop`` per cent."""

    def stage(done: float, total: float) -> bool | None:
        return progress(start + (stop - start) * done / max(total, 1), 100)

    return stage


def advance(progress: Progress, done: float, total: float) -> None:
    """Report progress from work whose partial result is of no use.

    Raises:
        StoppedError: the caller asked to stop.
    """
    if progress(done, total):
        raise StoppedError(Message("Stopped."))
