"""Building folders aside and putting them in place whole, or not at all."""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from carvis.errors import CarvisError
from carvis.language import Message
from carvis.workspace.os_errors import not_written
from carvis.workspace.temporary import (
    NEW,
    PREFIX,
    TEMPORARY,
    WHOLE,
    clear_leftovers,
    final_place,
    move,
    temporary_folder,
)


class FolderTakenError(CarvisError):
    """A folder that must be new already has content."""


@contextlib.contextmanager
def staged_folder(target: str | Path, replace: bool = False) -> Iterator[Path]:
    """Yield an empty temporary folder that becomes ``target``, whole or not at all, once the block ends without error.

    A target that is not there appears by one renaming. Into one that is there the new files are moved one by one, each
    taking the place of its namesake; what else lies there stays. A process that is killed before the first move leaves
    the old files; one that is killed later leaves the rest of its moves to the next start, or to whoever calls
    ``finish_moves`` or ``clear_leftovers``. A file that was changed in between is kept as ``<stem>.edited-1<suffix>``.

    Args:
        target: the folder.
        replace: whether files may be replaced where it holds something.

    Raises:
        FolderTakenError: it holds something and ``replace`` is False.
        CarvisError: it cannot be written, or the disk is full; what lies in ``target`` is then as it was.
    """
    target = Path(os.path.abspath(target))
    with write_errors(target):
        inside = target.is_dir() and not _can_be_replaced(target)
        if inside:
            clear_leftovers(target)
        if not replace and _holds_something(target):
            raise _taken(target)
        with temporary_folder(target if inside else target.parent) as temporary:
            new = temporary / (NEW if inside else target.name)
            new.mkdir()
            yield new
            if inside:
                _decide(new, target)
            else:
                _appear(new, target, replace)


@contextlib.contextmanager
def write_errors(target: str | Path) -> Iterator[None]:
    """Raise one sentence on why a file or folder cannot be written; errors of other places pass unchanged.

    Raises:
        CarvisError: the place and what helps.
    """
    target = Path(os.path.abspath(target))
    try:
        yield
    except OSError as error:
        place = final_place(os.path.abspath(error.filename)) if isinstance(error.filename, str) else target
        below = place.is_relative_to(target)
        if isinstance(error, CarvisError) or not (below or target.is_relative_to(place)):
            raise
        raise CarvisError(not_written(place if below else target, error)) from error


def _taken(target: Path) -> FolderTakenError:
    return FolderTakenError(Message("{folder} is there already: name a new folder.", folder=target))


def _holds_something(target: Path) -> bool:
    try:
        with os.scandir(target) as entries:
            return any(not TEMPORARY.fullmatch(entry.name) for entry in entries)
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        return os.path.lexists(target)


def _can_be_replaced(target: Path) -> bool:
    """Whether an empty folder may give way to another one of its name."""
    with os.scandir(target) as entries:
        if any(True for _ in entries):
            return False
    plain = not (target.is_symlink() or os.path.ismount(target) or target == Path.cwd())
    return plain and os.access(target.parent, os.W_OK)


def _appear(new: Path, target: Path, replace: bool) -> None:
    try:
        if os.name == "nt" and target.is_dir():
            target.rmdir()
        os.rename(new, target)
    except OSError:
        # Another process may have made it meanwhile.
        if not _holds_something(target):
            raise
        if not replace:
            raise _taken(target) from None
        with temporary_folder(target) as temporary:
            os.rename(new, temporary / NEW)
            _decide(temporary / NEW, target)


def _decide(new: Path, target: Path) -> None:
    """Move all of ``new`` into ``target``: from the renaming on, whoever comes next finishes it."""
    complete = new.with_name(WHOLE)
    os.rename(new, complete)
    moved: list[Path] = []
    try:
        move(complete, target, moved)
    except OSError:
        if not moved:
            shutil.rmtree(complete, ignore_errors=True)
        raise


def discard(path: str | Path) -> None:
    """Remove a file or folder at once: it is gone before what lies in it is removed, whenever that ends.

    Raises:
        CarvisError: it is not there, or its folder cannot be written.
    """
    path = Path(os.path.abspath(path))
    with write_errors(path), temporary_folder(path.parent) as temporary:
        os.rename(path, temporary / path.name)


def finish_moves(folder: str | Path, seconds: float = 2.0) -> None:
    """Wait while files of ``staged_folder`` are moved into a folder, and move them where their process was killed."""
    deadline = time.monotonic() + seconds
    while any(Path(folder).glob(f"{PREFIX}*/{WHOLE}")):
        clear_leftovers(folder)
        if time.monotonic() > deadline:
            return
        time.sleep(0.01)
