"""Finding the image that a path from someone else's table means, among the images below given folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from carvis.images import IMAGE_SUFFIXES
from carvis.tables.path_labels import split_place
from carvis.workspace import Links, canonical_split, children, dataset_links, is_dataset, resolved, walk
from carvis.workspace.sample_ids import canonical_id, composed

_SEPARATORS = re.compile("[\\\\/\u00a5]+")  # a yen sign is what some converters make of cp932's backslash
_DRIVE = re.compile(r"^[A-Za-z]:")


class Match(NamedTuple):
    """What a path means here: status found, missing, outside or ambiguous; the image's id, label and file.

    `id` and `label` of an image that is not found are read from the path as written; the label may be None. Where no
    split is known, the label is the name of the folder that holds the image, and `guessed` says so.
    """

    status: str
    id: str
    label: str | None
    file: str | None = None
    guessed: bool = False


class _Folder(NamedTuple):
    path: str
    parts: tuple[str, ...]
    folded: tuple[str, ...]
    id_start: int
    """Where in `parts` the ids of its images begin: at the split, else below the root."""


class ImageIndex:
    """All images below some folders, looked up by the end of a path.

    The folders are walked once, hidden entries left out; one that does not exist holds no images. Links are followed
    as in data sets (``carvis.workspace.dataset_links``), and one to a file outside is remembered as such.
    """

    def __init__(self, roots: Iterable[str | Path]):
        self.roots = list(dict.fromkeys(resolved(root) for root in roots))
        self._links = Links(*self.roots, others=self._linked)
        self._folders: list[_Folder] = []
        self._by_name: dict[str, list[tuple[int, str]]] = {}
        self._by_end: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self._outside: set[tuple[int, str]] = set()
        self._folder_names: set[str] = set()
        walked: set[str] = set()
        # Of nested roots the inner one comes first: ids count from it.
        for root in sorted(self.roots, key=lambda r: -len(r.parts)):
            self._walk(root, walked)

    def __len__(self) -> int:
        return sum(map(len, self._by_name.values()))

    def contains(self, path: str | Path) -> bool:
        """Whether a path, with its links resolved, lies below one of the folders."""
        return self._links.hold(path)

    def _linked(self) -> list[str]:
        """The folders that links of the data sets here may lead into."""
        places = [place for root in self.roots for place in (root, *children(root, Links(root.anchor), folders=True))]
        return [folder for place in places if is_dataset(place) for folder in dataset_links(place).roots]

    def _walk(self, root: Path, walked: set[str]) -> None:
        depth = len(_parts(str(root)))
        numbers = {str(root): self._folder(str(root), depth)} if root.is_dir() else {}
        outside: list[str] = []
        indexed = frozenset(walked)
        walked.add(str(root))
        refused = lambda path, reason: outside.append(path)  # noqa: E731
        for entry in walk(root, self._links, refused=refused, folders=None, passed=indexed):
            if entry.entry.is_dir():
                numbers[entry.path] = self._folder(entry.path, depth)
                walked.add(entry.path)
            else:
                self._keep(numbers[os.path.dirname(entry.path)], entry.name)
        for path in outside:
            folder, name = os.path.split(path)
            if folder in numbers and os.path.islink(path) and os.path.exists(path) and not self.contains(path):
                self._keep(numbers[folder], name)
                self._outside.add((numbers[folder], name))

    def _folder(self, path: str, depth: int) -> int:
        parts = tuple(_parts(path))
        folded = tuple(part.casefold() for part in parts)
        self._folders.append(_Folder(path, parts, folded, _id_start(path, parts, depth)))
        self._folder_names.update(folded[-1:])
        return len(self._folders) - 1

    def _keep(self, number: int, name: str) -> None:
        if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES:
            folded = composed(name).casefold()
            (around,) = self._folders[number].folded[-1:] or ("",)
            self._by_name.setdefault(folded, []).append((number, name))
            self._by_end.setdefault((around, folded), []).append((number, name))

    def match(self, text: str, bases: Sequence[Path] = ()) -> Match:
        """The image that a path written anywhere means here: the longest matching end wins, a tie is ambiguous.

        The image's folder and file name must match at least, unless the path is a bare file name; and where the
        path names the split, an image of another split is another image. Letter case only decides between equals.
        A path that is no image here is `outside` where it exists elsewhere (relative ones are tried from `bases`
        too) or can only mean another place, else `missing`. Nothing is opened.
        """
        parts = split_path(text)
        names = [part for part in parts if part != ".."]
        if not names:
            return Match("outside" if parts or is_absolute(text) else "missing", "", None)
        folded = [name.casefold() for name in names]
        files = self._best(names, folded, bare=len(parts) == 1 and not is_absolute(text))
        inside = [image for image in files if image not in self._outside]
        if len(inside) == 1:
            return self._match(*inside[0])
        start = _id_start_as_written(folded)
        label = names[start + 1] if start is not None else names[-2] if len(names) > 1 else None
        if inside:
            status = "ambiguous"
        else:
            status = "outside" if files or self._is_elsewhere(text, parts, folded, bases) else "missing"
            label = None if status == "outside" and start is None else label
        return Match(status, canonical_id("/".join(names[start or 0 :])), label, guessed=start is None and bool(label))

    def match_score(self, text: str) -> float:
        """How much of a path or a class name is known here: 1 an image, 0.5 a folder alone, 0 nothing. Quick."""
        folded = [part.casefold() for part in split_path(text)]
        if not folded:
            return 0.0
        if folded[-1] in self._by_name if len(folded) == 1 else (folded[-2], folded[-1]) in self._by_end:
            return 1.0
        return 0.5 if any(part in self._folder_names for part in folded if not part.isascii()) else 0.0

    def _best(self, names: list[str], folded: list[str], bare: bool) -> list[tuple[int, str]]:
        if bare:
            candidates = self._by_name.get(folded[-1], ())
        else:
            candidates = self._by_end.get((folded[-2], folded[-1]), ()) if len(folded) > 1 else ()
        best = (0, 0)
        files: list[tuple[int, str]] = []
        for number, name in candidates:
            folder = self._folders[number]
            if not _same_split(folded, folder.folded):
                continue
            score = (_common_end(folded[:-1], folder.folded), _common_end(names, (*folder.parts, composed(name))))
            if score > best or not files:
                best, files = score, []
            if score == best:
                files.append((number, name))
        return files

    def _match(self, number: int, name: str) -> Match:
        folder = self._folders[number]
        below = folder.parts[folder.id_start :]
        in_split = len(below) > 1 and bool(canonical_split(below[0]))
        label = below[1] if in_split else folder.parts[-1] if folder.parts else None
        location = canonical_id("/".join((*below, name))), label, os.path.join(folder.path, name)
        return Match("found", *location, guessed=not in_split and bool(label))

    def _is_elsewhere(self, text: str, parts: list[str], folded: list[str], bases: Sequence[Path]) -> bool:
        # A path through a split or a known class folder means a missing image, not one outside.
        in_dataset = _id_start_as_written(folded) is not None or (len(folded) > 1 and folded[-2] in self._folder_names)
        if is_absolute(text):
            if text.lstrip()[:2] in ("\\\\", "//"):
                return not in_dataset  # even checking whether a server's share exists would contact the server
            if os.name == "nt" or not _DRIVE.match(text.lstrip()):
                place = text.strip() if os.name == "nt" else os.sep + os.sep.join(parts)
                if os.path.lexists(place):
                    return not self.contains(place)
            return not in_dataset
        if parts[0] == ".." and not in_dataset:
            return True
        for base in dict.fromkeys((*bases, *self.roots, *(root.parent for root in self.roots))):
            place = os.path.join(base, *parts)
            if os.path.lexists(place) and not self.contains(place):
                return True
        return False


def split_path(text: str) -> list[str]:
    r"""The parts of a path as written on any system: NFC, without drive and `.`; `a/../b` is `b`, a leading `..` stays.

    >>> split_path("C:\\cars\\.\\test\\Golf\\car1.jpg")
    ['cars', 'test', 'Golf', 'car1.jpg']
    """
    parts: list[str] = []
    for part in _SEPARATORS.split(_DRIVE.sub("", composed(text.strip()))):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", ".", "?"):
            parts.append(part)
    return parts


def is_absolute(text: str) -> bool:
    r"""Whether a path names its place from the top on any system, as `/x`, `C:\x` and `\\server\x` do."""
    text = text.strip()
    return bool(_DRIVE.match(text)) or text[:1] in ("/", "\\", "\u00a5")


def _parts(path: str) -> list[str]:
    return [part for part in composed(path).split(os.sep) if part]


def _id_start(path: str, parts: tuple[str, ...], depth: int) -> int:
    """Where the data set's ids begin in a folder's parts, of which the first `depth` are the root's."""
    place = split_place(parts, [part for part in path.split(os.sep) if part])
    # Folders far above the root are irrelevant.
    if place is not None and place >= depth - 2:
        return place
    return next((i for i in (*range(depth, len(parts)), depth - 1) if i >= 0 and canonical_split(parts[i])), depth)


def _id_start_as_written(folded: list[str]) -> int | None:
    return split_place(folded[:-1])


def _same_split(folded: list[str], folder: tuple[str, ...]) -> bool:
    if len(folded) < 3 or len(folder) < 2:
        return True
    foreign_split, local_split = canonical_split(folded[-3]), canonical_split(folder[-2])
    return foreign_split is None or local_split is None or foreign_split == local_split


def _common_end(a: Sequence[str], b: Sequence[str]) -> int:
    n = 0
    for x, y in zip(reversed(a), reversed(b)):
        if x != y:
            break
        n += 1
    return n
