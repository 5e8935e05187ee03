"""Timing two things in turns, so that whatever else the machine does falls on both."""

import statistics
import time
from collections.abc import Callable


def compare(
    name: str, ours: Callable[[], object], other: Callable[[], object], pairs: int = 10, part: float = 1.0
) -> str:
    """Return a line with the medians of both, in milliseconds, and the median ratio of ours to the other.

    Args:
        part: the share of ours that the other does; its time is divided by it.
    """
    ours(), other()
    times = [(_seconds(ours), _seconds(other) / part) for _ in range(pairs)]
    first, second = (statistics.median(column) * 1000 for column in zip(*times, strict=True))
    ratio = statistics.median(one / two for one, two in times)
    return f"{name}: {first:.0f} ms against {second:.0f} ms, ratio {ratio:.3f} (median of {pairs} pairs)"


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
