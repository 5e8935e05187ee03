"""The files of a split: its images with their ids, and the other files with why they are not read."""

import os
from pathlib import Path

import pandas as pd

from carvis.images import IMAGE_SUFFIXES, why_not_read
from carvis.language import Message
from carvis.workspace import Links, children, walk
from carvis.workspace.sample_ids import canonical_id, composed

EMPTY = Message("empty file")
# What systems leave behind: __MACOSX comes out of archives made on macOS.
SYSTEM_FILES = {"thumbs.db", "desktop.ini", "__macosx"}
_NAMED = 5


def class_folders(folder: Path, links: Links) -> list[Path]:
    """Return the folders of the classes in the folder of a split."""
    return [path for path in children(folder, links, folders=True) if path.name.lower() not in SYSTEM_FILES]


def list_split(root: Path, folder: Path, links: Links) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the images of a split (id, path, label, size) and its other files (path, reason), sorted."""
    images: list[tuple[str, str, str, int]] = []
    others: list[tuple[str, str]] = []
    prefix = len(str(root)) + 1
    for entry in walk(folder, links, skip=SYSTEM_FILES, refused=lambda path, reason: others.append((path, reason))):
        path = entry.path
        if not entry.folders:
            others.append((path, Message("not in a class folder")))
        elif os.path.splitext(entry.name)[1].lower() not in IMAGE_SUFFIXES:
            others.append((path, why_not_read(path)))
        elif size := entry.size():
            images.append((canonical_id(path[prefix:]), path, composed(entry.folders[0]), size))
        else:
            others.append((path, EMPTY))
    by_id: dict[str, tuple[str, str, str, int]] = {}
    for image in sorted(
        images, key=lambda candidate: (candidate[0], _respelt(candidate[0], candidate[1][prefix:]), candidate[1])
    ):
        first = by_id.setdefault(image[0], image)
        if first is not image:
            others.append(
                (image[1], Message("has the same name as {other}, spelt otherwise: rename one", other=first[1]))
            )
    samples = pd.DataFrame(list(by_id.values()), columns=["id", "path", "label", "size"])
    return samples, pd.DataFrame(sorted(others), columns=["path", "reason"], dtype=object)


def _respelt(sample_id: str, relative: str) -> bool:
    """Tell whether an id spells its image's path otherwise, below the split: such an id may lead to another file."""
    return sample_id.partition("/")[2] != relative.replace(os.sep, "/").partition("/")[2]


def named_with_reasons(files: list[dict[str, str]]) -> Message:
    """Name the first files, one of each reason before a second of any."""
    repeats: dict[str, int] = {}
    order = []
    for place, file in enumerate(files):
        repeats[file["reason"]] = repeats.get(file["reason"], -1) + 1
        order.append((repeats[file["reason"]], place, file))
    named = [file for _rank, _place, file in sorted(order, key=lambda entry: entry[:2])[:_NAMED]]
    text = Message("{path} ({reason})", **named[0])
    for file in named[1:]:
        text = Message("{others}, {path} ({reason})", others=text, **file)
    rest = len(files) - len(named)
    return Message("{others} and {n} more", others=text, n=rest) if rest else text
