"""The one rule on symbolic links: a link is followed only if its target lies inside the allowed folders.

A folder or file that a person names may be a link itself. Below it, links are followed into it and into the folders of
``$CARVIS_LINKS``; those of a data set also into the splits of other data sets of its workspace.
"""

import errno
import os
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

from carvis.errors import PathError
from carvis.language import Message
from carvis.workspace.os_errors import os_reason, os_remedy, shown_path

LINKS_VARIABLE = "CARVIS_LINKS"
AROUND = Message("a link to a folder around it")


def resolved(path: str | Path) -> Path:
    """Return an absolute path with ``~`` and its links resolved; it need not exist.

    Raises:
        PathError: links lead to each other, the path is too long, is empty or holds a NUL.
    """
    text = os.fspath(path)
    if "\0" in text:
        raise PathError(Message("A path holds a NUL character: correct it."))
    if not text.strip():
        raise PathError(Message("A path is empty: name a file or a folder."))
    text = os.path.expanduser(text)
    try:
        # The system gives up after some forty links; Python would recurse until its stack overflows.
        os.stat(text)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENAMETOOLONG):
            raise PathError(
                Message(
                    "{path} cannot be used ({reason}): {remedy}.",
                    path=shown_path(path),
                    reason=os_reason(error),
                    remedy=os_remedy(error),
                )
            ) from None
    return Path(os.path.realpath(text))


def named_roots() -> list[str]:
    """Return the folders of ``$CARVIS_LINKS``, separated as in ``$PATH``, resolved; relative ones do not count."""
    folders = (os.path.expanduser(text) for text in os.environ.get(LINKS_VARIABLE, "").split(os.pathsep))
    return [os.path.realpath(text) for text in folders if os.path.isabs(text)]


class Links:
    """Which links are followed below a folder.

    Args:
        folders: what a person named; links may lead into each of them.
        others: finds further folders that links may lead into; called when one does not lead into the named ones.
    """

    def __init__(self, *folders: str | Path, others: Callable[[], Iterable[str | Path]] = tuple):
        self.name = os.path.basename(os.path.abspath(folders[0])) if folders else ""
        self._own = tuple(os.path.realpath(folder) for folder in folders)
        self._others = others
        self._real: dict[str, str] = {}

    @property
    def roots(self) -> tuple[str, ...]:
        """All folders that links may lead into, resolved."""
        return (*self._own, *self._further)

    @cached_property
    def _further(self) -> tuple[str, ...]:
        return (*named_roots(), *(os.path.realpath(folder) for folder in self._others()))

    def hold(self, path: str | Path) -> bool:
        """Tell whether a path lies, its links resolved, in an allowed folder. One that is not there may do so, too."""
        try:
            return self._inside(str(resolved(path)))
        except PathError:
            return False

    def target(self, path: str, parent: str) -> str:
        """Return where a link leads that leads somewhere, as ``os.path.realpath`` does, but faster for many.

        Args:
            path: the link.
            parent: the folder it lies in, resolved.
        """
        if os.name == "nt":
            return os.path.realpath(path)
        folder, name = os.path.split(os.path.join(parent, os.readlink(path)))
        if name in ("", ".", ".."):
            return os.path.realpath(path)
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        full = os.path.join(self._real[folder], name)
        return os.path.realpath(full) if os.path.islink(full) else full

    def refusal(self, target: str) -> Message | None:
        """Return why a link to a resolved path is not followed, in words after its name; None where it is."""
        if self._inside(target):
            return None
        return Message(
            "leads out of {folder} by a symbolic link: copy it there, or, if it is yours, start carvis with"
            " {variable}={place}",
            folder=self.name,
            variable=LINKS_VARIABLE,
            place=shown_path(_lent(target)),
        )

    def _inside(self, real: str) -> bool:
        return any(is_below(real, root) for root in self._own) or any(is_below(real, root) for root in self._further)


def _lent(target: str) -> str:
    """Return the folder to name so that a link is followed: the one around its target, but not one that holds all."""
    around = os.path.dirname(target)
    far = around not in (os.path.expanduser("~"), os.path.dirname(os.path.expanduser("~")))
    return around if (far and len(Path(around).parts) > 2) or not os.path.isdir(target) else target


def links_beside(file: str | Path) -> Links:
    """Return which links of the files beside a named one are followed: into its folder, or to where it lies itself."""
    return Links(os.path.dirname(os.path.abspath(file)), os.path.dirname(os.path.realpath(file)))


def link_out_of(folder: str | Path) -> str | None:
    """Return the first link that leads out of a folder, such as that of a run; directly in it, or in its folders."""
    links = Links(folder)
    try:
        with os.scandir(folder) as entries:
            by_name = sorted(entries, key=lambda entry: entry.name)
        for entry in by_name:
            if entry.is_symlink():
                if not links.hold(entry.path):
                    return entry.path
            elif entry.is_dir():
                with os.scandir(entry.path) as inner:
                    for child in inner:
                        if child.is_symlink() and not links.hold(child.path):
                            return child.path
    except OSError:
        pass
    return None


def refuse_links_out(folder: str | Path) -> None:
    """Refuse a folder, such as that of a run, in which a link leads out of it.

    Raises:
        PathError: one does.
    """
    if path := link_out_of(folder):
        raise PathError(
            Message(
                "{path} is a symbolic link out of its folder, so nothing there is read: put the file itself there.",
                path=shown_path(path),
            )
        )


def is_below(real: str, root: str) -> bool:
    """Tell whether a resolved path is another one, or lies below it."""
    return real == root or real.startswith(root if root.endswith(os.sep) else root + os.sep)
