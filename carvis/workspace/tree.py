"""Going through folders: links by the one rule, no loop, no folder twice, not too deep, only files and folders."""

import os
from collections import deque
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from carvis.language import Message
from carvis.workspace.files import is_text, shown
from carvis.workspace.links import AROUND, Links, is_below
from carvis.workspace.os_errors import os_reason
from carvis.workspace.regular_file import kind_of_mode

DEEPEST = 32
Refused = Callable[[str, Message], None]


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file or folder: its entry, whose ``stat()`` follows links, and the folders around it below the top."""

    entry: os.DirEntry
    folders: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the file or folder."""
        return self.entry.name

    @property
    def path(self) -> str:
        """Its path."""
        return self.entry.path

    def size(self) -> int:
        """Return the bytes of a file; 0 where it is gone meanwhile."""
        try:
            return self.entry.stat().st_size
        except OSError:
            return 0


@dataclass(frozen=True, slots=True)
class _Place:
    path: str
    real: str
    folders: tuple[str, ...]
    number: tuple[int, int]
    # Of the folder itself and those around it, up to the top.
    around: frozenset[tuple[int, int]]


def walk(
    top: str | Path,
    links: Links | None = None,
    *,
    refused: Refused | None = None,
    skip: Container[str] = (),
    hidden: bool = False,
    folders: bool | None = False,
    passed: Container[str] = (),
    deepest: int = DEEPEST,
) -> Iterator[TreeEntry]:
    """Go through the files below a folder, or its folders, those of a folder by name.

    A folder that is reached by a link comes after those that lie there; each is gone through once. What cannot be read
    is skipped.

    Args:
        top: need not exist; may be a link, where ``links`` allow it.
        links: which links are followed; by default those that lead into ``top``.
        refused: called with the path of what is skipped, and why, in words after its name.
        skip: names, in small letters, that are passed over in silence.
        hidden: whether names that begin with a dot count, too.
        folders: give the folders in place of the files; both where None.
        passed: paths of folders that are not gone through, such as those gone through already.
        deepest: how many folders below the top files may lie.
    """
    links = links or Links(top)
    refuse = refused or (lambda path, reason: None)
    try:
        first = os.stat(top)
        if reason := links.refusal(os.path.realpath(top)):
            refuse(str(top), reason)
            return
    except OSError as error:
        refuse(shown(str(top)), Message("cannot be read: {reason}", reason=os_reason(error)))
        return
    identity = (first.st_dev, first.st_ino)
    visited = {identity: str(top)}
    pending_links: deque[tuple[_Place, os.DirEntry]] = deque()
    stack = [_Place(str(top), os.path.realpath(top), (), identity, frozenset({identity}))]
    while stack or pending_links:
        if stack:
            place = stack.pop()
        else:
            place, link = pending_links.popleft()
            if place.number in visited:
                refuse(place.path, _already_visited(visited[place.number]))
                continue
            visited[place.number] = place.path
            if folders is not False:
                yield TreeEntry(link, place.folders[:-1])
        inner = []
        for entry in _entries(place.path, refuse, skip, hidden):
            try:
                target = _target(entry, place, links, refuse)
                if target is None:
                    continue
                if entry.is_file():
                    if folders is not True:
                        yield TreeEntry(entry, place.folders)
                    continue
                if not entry.is_dir():
                    # Raises for a link that leads nowhere.
                    kind = kind_of_mode(entry.stat().st_mode)
                    refuse(entry.path, Message("is {kind}, not a file", kind=kind))
                    continue
                number = _number(os.stat(entry.path))
            except OSError as error:
                refuse(entry.path, Message("cannot be read: {reason}", reason=os_reason(error)))
                continue
            # By number, too: a folder may be mounted below itself.
            if number in place.around or is_below(place.real, target):
                refuse(entry.path, AROUND)
            elif len(place.folders) >= deepest:
                refuse(entry.path, Message("lies more than {n} folders deep: move it up", n=deepest))
            elif entry.path not in passed:
                if number not in visited and folders is not False and not entry.is_symlink():
                    yield TreeEntry(entry, place.folders)
                child = _Place(entry.path, target, (*place.folders, entry.name), number, place.around | {number})
                if entry.is_symlink():
                    pending_links.append((child, entry))
                elif number in visited:
                    refuse(entry.path, _already_visited(visited[number]))
                else:
                    visited[number] = entry.path
                    inner.append(child)
        stack += reversed(inner)


def children(
    folder: str | Path,
    links: Links | None = None,
    *,
    refused: Refused | None = None,
    folders: bool | None = None,
    hidden: bool = False,
) -> list[Path]:
    """List what lies directly in a folder, by name; nothing where it is not there.

    Args:
        folder: need not exist; may be a link, where ``links`` allow it.
        links: which links are followed; by default those that lead into ``folder``.
        refused: as for ``walk``.
        folders: True for folders only, False for ordinary files only.
        hidden: whether names that begin with a dot count, too.
    """
    links, refuse = links or Links(folder), refused or (lambda path, reason: None)
    place = _Place(str(folder), os.path.realpath(folder), (), (0, 0), frozenset())
    paths = []
    if os.path.exists(folder) and (reason := links.refusal(place.real)):
        refuse(str(folder), reason)
        return []
    for entry in _entries(str(folder), refuse, (), hidden):
        try:
            if _target(entry, place, links, refuse) is None:
                continue
            if folders is None or (entry.is_dir() if folders else entry.is_file()):
                paths.append(Path(entry.path))
        except OSError as error:
            refuse(entry.path, Message("cannot be read: {reason}", reason=os_reason(error)))
    return paths


def holds_folder(folder: str | Path, links: Links | None = None) -> bool:
    """Tell whether a folder holds a folder that is not hidden; stops at the first."""
    links = links or Links(folder)
    try:
        with os.scandir(folder) as entries:
            return any(
                entry.is_dir() and (not entry.is_symlink() or links.hold(entry.path))
                for entry in entries
                if not entry.name.startswith(".")
            )
    except OSError:
        return False


def _entries(path: str, refuse: Refused, skip: Container[str], hidden: bool) -> list[os.DirEntry]:
    try:
        with os.scandir(path) as entries:
            visible = [item for item in entries if hidden or not item.name.startswith(".")]
    except OSError as error:
        refuse(path, Message("cannot be read: {reason}", reason=os_reason(error)))
        return []
    accepted = []
    for entry in sorted(visible, key=lambda item: item.name):
        if entry.name.lower() in skip:
            continue
        # Old archives hold names in other encodings, which can be neither shown nor written to a file.
        if is_text(entry.name):
            accepted.append(entry)
        else:
            refuse(shown(entry.path), Message("its name is not UTF-8: rename it"))
    return accepted


def _target(entry: os.DirEntry, place: _Place, links: Links, refuse: Refused) -> str | None:
    """Return where an entry lies, its link resolved, None where that is outside; what leads nowhere raises."""
    if not entry.is_symlink():
        return os.path.join(place.real, entry.name)
    entry.stat()
    target = links.target(entry.path, place.real)
    if reason := links.refusal(target):
        refuse(entry.path, reason)
        return None
    return target


def _already_visited(other: str) -> Message:
    return Message("is the same folder as {other}, which is read already", other=other)


def _number(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
