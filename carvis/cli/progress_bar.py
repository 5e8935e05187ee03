"""The progress bar of every verb that takes time."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from carvis.progress import Progress

Item = TypeVar("Item")


@contextlib.contextmanager
def progress_bar(
    title: str, *, count: bool = False, transient: bool = False, stop: Callable[[], bool] = lambda: False
) -> Iterator[Progress]:
    """Show a progress bar on a terminal, and nothing elsewhere.

    Args:
        title: what is being done.
        count: show how many of how many are done, instead of per cent.
        transient: remove the bar at the end.
        stop: asked at each step whether the work is to stop.

    Yields:
        The progress callback for the library.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    done_column = MofNCompleteColumn() if count else TaskProgressColumn()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), done_column, TimeRemainingColumn())
    with Bar(*columns, disable=not sys.stdout.isatty(), transient=transient) as bar:
        task = bar.add_task(title, total=None)

        def progress(done: float, total: float) -> bool:
            bar.update(task, completed=done, total=total)
            return stop()

        yield progress


def tracked(items: Sequence[Item], progress: Progress) -> Iterator[Item]:
    """Yield items and report how many of them are done."""
    for done, item in enumerate(items):
        progress(done, len(items))
        yield item
    progress(len(items), len(items))
