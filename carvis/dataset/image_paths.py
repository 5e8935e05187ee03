"""Images as people name them: files, folders, patterns such as ``*.jpg``, with slashes of any system."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fnmatch import translate
from pathlib import Path

from carvis.dataset.listing import SYSTEM_FILES, named_with_reasons
from carvis.errors import ImageError
from carvis.images import IMAGE_SUFFIXES, why_not_read
from carvis.language import Message
from carvis.tables.path_labels import label_of_path
from carvis.workspace import (
    Links,
    Refused,
    children,
    is_dataset,
    links_around,
    resolved,
    shown_path,
    split_folders,
    walk,
)
from carvis.workspace.sample_ids import composed

_NAMED = 5


@dataclass(frozen=True)
class NamedImage:
    """An image: its path, its label where its folders tell it, and a name for files that are made of it."""

    path: Path
    label: str | None
    name: str
    guess: Message | None = None
    """Why the label is only a guess, where it is one."""


def expand(text: str | Path, refused: Refused | None = None) -> list[Path]:
    r"""Return the files and folders that a path or pattern means, in the order of their names; none where none fits.

    ``*`` and ``?`` stand for any characters and for one, ``[ab]`` for one of some, ``**`` for folders in folders.
    A name that is there as it is written counts before a pattern; else capitals and the spelling of accents make no
    difference. Where no such file is, ``\`` is read as ``/``. Hidden files are left out unless the pattern begins with
    a dot. Links that fit a pattern are followed as ``carvis.workspace.links_around`` says.

    Args:
        text: the path or pattern.
        refused: called with the path of each link that fits and is not followed, and why.
    """
    text = os.path.expanduser(str(text))
    if not text.strip():
        return []
    refused = refused or (lambda path, reason: None)
    paths = _walk(text, refused)
    return paths if paths or os.sep == "\\" or "\\" not in text else _walk(text.replace("\\", "/"), refused)


def is_pattern(text: str) -> bool:
    """Whether a text holds wildcards."""
    return any(sign in text for sign in "*?[")


def files_of(text: str | Path) -> tuple[list[Path], dict[Path, Message]]:
    """Return the images that a path, folder or pattern means, and the other files with why they are not read.

    Of a data set only its splits' files count.

    Raises:
        ImageError: nothing is there, or nothing fits the pattern.
    """
    images: list[Path] = []
    others: dict[Path, Message] = {}

    def refuse(path: str, reason: Message) -> None:
        others.setdefault(Path(path), reason)

    places = expand(text, refuse)
    if not str(text).strip():
        raise ImageError(Message("A name of an image or folder is empty: name one."))
    if not places:
        if others:
            return [], others
        if is_pattern(str(text)):
            raise ImageError(Message("Nothing matches {pattern}: check the folder and the pattern.", pattern=text))
        # Links in a circle and names that are too long have a reason of their own.
        resolved(text)
        raise ImageError(Message("{path} does not exist: check the path.", path=shown_path(text)))
    for place in places:
        if not place.is_dir():
            # A file named without a pattern is meant as an image, whatever its suffix.
            if _is_image(place) or not is_pattern(str(text)):
                images.append(place)
            else:
                others[place] = why_not_read(place)
            continue
        links = links_around(place)
        for folder in [path for _, path in split_folders(place)] if is_dataset(place) else [place]:
            for file in _below(folder, links, others):
                if _is_image(file):
                    images.append(file)
                else:
                    others[file] = why_not_read(file)
    return list(dict.fromkeys(images)), others


def find_images(text: str | Path) -> tuple[list[NamedImage], list[Message]]:
    """Find the images that a path, folder or pattern means, and say which files there are none.

    Raises:
        ImageError: nothing is there, or no image.
    """
    images, others = files_of(text)
    notes = [others_note(text, others)] if others else []
    if not images:
        if others:
            raise ImageError(notes[0])
        raise ImageError(Message("{path} holds no image: name another folder.", path=text))
    named = []
    for path in images:
        label, guess = label_of_path(path)
        named.append(NamedImage(path, label or None, path.stem, guess))
    return named, notes


def others_note(text: str | Path, others: dict[Path, Message]) -> Message:
    """Say how many files are no images, and name the first and why they are not read."""
    kinds = Counter(path.suffix.lower() or path.name for path in others)
    first = named_with_reasons([{"path": path.name, "reason": reason} for path, reason in others.items()])
    return Message.of_number(
        "{n} file of {place} is no image that can be read: {first}.",
        "{n} files of {place} are no images that can be read ({kinds}): {first}.",
        len(others),
        place=text,
        first=first,
        kinds=", ".join(f"{kind} {n}" for kind, n in kinds.most_common(_NAMED)),
    )


def distinct(images: Iterable[NamedImage], written: Callable[[str], str] = str) -> list[NamedImage]:
    """Give images of equal names longer ones, from the folders above them; the same image twice counts once.

    Args:
        images: images in their order.
        written: what becomes of a name in a file's name.
    """
    unique = list({os.path.realpath(image.path): image for image in reversed(list(images))}.values())[::-1]
    # Of x.jpg and x.png in one folder, the endings tell.
    stems = Counter((image.path.parent, image.name.casefold()) for image in unique)
    bases = [
        f"{image.name}_{image.path.suffix.lstrip('.')}"
        if stems[image.path.parent, image.name.casefold()] > 1
        else image.name
        for image in unique
    ]
    names = [written(base) for base in bases]
    for depth in range(1, max((len(image.path.absolute().parts) for image in unique), default=0)):
        # Windows and macOS take capitals for the same letters.
        counts = Counter(name.casefold() for name in names)
        if counts.total() == len(counts):
            break
        for place, image in enumerate(unique):
            if counts[names[place].casefold()] > 1:
                folders = image.path.absolute().parts[1:-1][-depth:]
                names[place] = written("_".join([*folders, bases[place]]))
    counts = Counter(name.casefold() for name in names)
    names = [f"{name}-{i}" if counts[name.casefold()] > 1 else name for i, name in enumerate(names, 1)]
    return [replace(image, name=name) for image, name in zip(unique, names)]


def _walk(text: str, refused: Refused) -> list[Path]:
    path = Path(text)
    if _exists(path):
        return [path]
    start = Path(path.anchor) if path.anchor else Path()
    places = [start]
    for part in path.parts[1 if path.anchor else 0 :]:
        places = [place for before in places for place in _next(before, part, refused)]
        places = list(dict.fromkeys(places))
    return [place for place in places if place != start]


def _next(folder: Path, part: str, refused: Refused) -> list[Path]:
    if part == "..":
        return [folder / part]
    if part == "**":
        return [folder, *_below(folder, links_around(folder), {}, folders=True)]
    if _exists(folder / part):
        return [folder / part]
    fits = re.compile(translate(composed(part).casefold())).match

    def refuse(path: str, reason: Message) -> None:
        if fits(composed(os.path.basename(path)).casefold()):
            refused(path, reason)

    entries = children(folder, links_around(folder), refused=refuse, hidden=part.startswith("."))
    return sorted(
        (path for path in entries if fits(composed(path.name).casefold())), key=lambda path: _natural(path.name)
    )


def _below(folder: Path, links: Links, others: dict[Path, Message], folders: bool = False) -> list[Path]:
    """The files below a folder, or the folders, in order; ignored ones are added to the others, with the reason."""

    def refuse(path: str, reason: Message) -> None:
        others[Path(path)] = reason

    entries = walk(folder, links, refused=refuse, skip=SYSTEM_FILES, folders=folders)
    placed = sorted((list(map(_natural, (*entry.folders, entry.name))), entry.path) for entry in entries)
    return [Path(path) for _place, path in placed]


def _natural(name: str) -> list:
    """A key by which x2 comes before x10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name.casefold()) if part]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
