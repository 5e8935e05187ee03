"""Hidden folders in which something is being built: made, locked, and cleared where their process was killed.

They are named ``.carvis-<8 letters or digits>`` and lie beside what is being built, each with a lock that its process
holds: a folder of such a name whose lock is free is nobody's any more. Nothing else bears such a name.
"""

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import string
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX, _LOCK, NEW, WHOLE = ".carvis-", ".carvis-lock", ".carvis-new", ".carvis-whole"
TEMPORARY = re.compile(r"\.carvis-[a-z0-9]{8}")
# As carvis named them before: of a file ".<stem>-<random><suffix>", of a split ".<name>-<random>/<name>".
_EARLIER = re.compile(r"\.(?P<stem>.+)-(?=[a-z_]*[0-9])(?=[0-9_]*[a-z])[a-z0-9_]{8}(?P<suffix>\.[A-Za-z0-9]+)?")
_EARLIER_SUFFIXES = (
    ".keras", ".json", ".parquet", ".csv", ".npz", ".png", ".jpg", ".html", ".pdf", ".svg", ".bin"
)  # fmt: skip
_EARLIER_AGE_SECONDS = 24 * 3600
_LETTERS = string.ascii_lowercase + string.digits
_cleared: set[str] = set()


def final_place(path: str | Path) -> Path:
    """Return where a path of something being built will lie once it is in place, for sentences."""
    path = Path(path)
    return Path(*(part for part in path.parts if not part.startswith(PREFIX)))


@contextlib.contextmanager
def temporary_folder(parent: str | Path) -> Iterator[Path]:
    """Yield a hidden folder in ``parent`` that is gone afterwards; killed, it is cleared by the next start.

    The first time a process asks for one in a folder, what killed processes left there is cleared.

    Raises:
        OSError: ``parent`` cannot be written.
    """
    parent = Path(os.path.abspath(parent))
    parent.mkdir(parents=True, exist_ok=True)
    if str(parent) not in _cleared:
        _cleared.add(str(parent))
        clear_leftovers(parent)
    folder, lock = _make(parent)
    try:
        yield folder
    finally:
        # A move that was begun is left for the next start to finish.
        if not (folder / WHOLE).is_dir():
            _remove_all_but_lock(folder)
        _release(folder, lock)


def _make(parent: Path) -> tuple[Path, int | None]:
    """Make a temporary folder and lock it: the folder and the lock, None where the disk knows no locks."""
    for _attempt in range(100):
        folder = parent / f"{PREFIX}{''.join(secrets.choice(_LETTERS) for _ in range(8))}"
        folder.mkdir()
        try:
            lock = _lock(folder)
        # Until it is locked, another process may take it for a leftover.
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                return folder, None
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if lock is not None:
            return folder, lock
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(parent))


def _lock(folder: Path) -> int | None:
    """Lock a temporary folder, until the file handle returned is closed; None where another process holds it.

    Of ``filelock`` not every version can tell whether the file that it has locked was removed by then.
    """
    path = folder / _LOCK
    # A link put there would have its target opened.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(path, flags, 0o666)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            return handle
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), os.stat(path)):
            return handle
    except (BlockingIOError, PermissionError, FileNotFoundError):
        pass
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None


def _remove_all_but_lock(folder: Path) -> None:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == _LOCK:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def _release(folder: Path, lock: int | None) -> None:
    """Give a temporary folder up and remove it, where nothing but its lock is left in it."""
    # Windows removes no file that is open; elsewhere, once it is closed, the lock may be another process's.
    if lock is not None and os.name == "nt":
        os.close(lock)
    with contextlib.suppress(OSError):
        os.unlink(folder / _LOCK)
    with contextlib.suppress(OSError):
        os.rmdir(folder)
    if lock is not None and os.name != "nt":
        os.close(lock)


def clear_leftovers(folder: str | Path) -> int:
    """Clear from one folder, not from those in it, what processes that were killed had not finished there.

    What was decided and only not moved into place yet is moved now. What a living process builds is left alone, and so
    is every name that is not one of carvis' own. Temporary files of earlier versions, whose names say less, are cleared
    only where they are a day old and made as no person makes them: named ``.<stem>-<8 random letters and digits>`` and
    for nobody else to read.

    Returns:
        How many there were. A folder that cannot be read or written is left as it is.
    """
    cleared = 0
    try:
        with os.scandir(folder) as scan:
            entries = [entry for entry in scan if entry.name.startswith(".")]
    except OSError:
        return 0
    for entry in entries:
        with contextlib.suppress(OSError):
            if TEMPORARY.fullmatch(entry.name):
                cleared += entry.is_dir(follow_symlinks=False) and _clear(Path(entry.path))
            elif _is_of_an_earlier_version(entry):
                remove = shutil.rmtree if entry.is_dir(follow_symlinks=False) else os.unlink
                remove(entry.path)
                cleared += 1
    return cleared


def _clear(folder: Path) -> bool:
    decided = folder.stat().st_mtime
    # carvis makes no links here: the files of another folder would be locked, or moved.
    for name in (_LOCK, WHOLE):
        if (folder / name).is_symlink():
            (folder / name).unlink()
    lock = _lock(folder)
    if lock is None:
        return False
    try:
        if (folder / WHOLE).is_dir():
            move(folder / WHOLE, folder.parent, [], decided)
        _remove_all_but_lock(folder)
    finally:
        _release(folder, lock)
    return True


def _is_of_an_earlier_version(entry: os.DirEntry) -> bool:
    name = _EARLIER.fullmatch(entry.name)
    if name is None:
        return False
    facts = entry.stat(follow_symlinks=False)
    if time.time() - facts.st_mtime < _EARLIER_AGE_SECONDS or (os.name != "nt" and facts.st_mode & 0o077):
        return False
    if stat.S_ISDIR(facts.st_mode):
        # Half a split contains only a folder of its name.
        return os.listdir(entry.path) in ([f"{name['stem']}{name['suffix'] or ''}"], [])
    return stat.S_ISREG(facts.st_mode) and name["suffix"] in _EARLIER_SUFFIXES


def move(source: Path, target: Path, moved: list[Path], decided: float = float("inf")) -> None:
    """Move what lies in a folder into another one, new ones first, and remove the folder.

    Args:
        moved: gets what has been moved.
        decided: what was changed in ``target`` since this time (seconds) is kept beside the new.
    """
    # New files come first: the backup of an edited file is in place before the file itself is replaced.
    for entry in sorted(os.scandir(source), key=lambda entry: (os.path.lexists(target / entry.name), entry.name)):
        place = target / entry.name
        if entry.is_dir(follow_symlinks=False) and place.is_dir():
            move(Path(entry.path), place, moved, decided)
            continue
        with contextlib.suppress(FileNotFoundError):
            if place.stat().st_mtime > decided and not entry.is_dir():
                os.rename(place, free_name(place))
        os.replace(entry.path, place)
        moved.append(place)
    os.rmdir(source)


def free_name(path: Path) -> Path:
    """Return the first of ``<stem>.edited-1<suffix>``, ``-2`` and so on that is not taken."""
    number = 1
    while (free := path.with_name(f"{path.stem}.edited-{number}{path.suffix}")).exists():
        number += 1
    return free
