"""The label of an image by its path: the first folder below the split, wherever the image lies."""

import os
from collections.abc import Sequence
from pathlib import Path

from carvis.language import Message
from carvis.workspace import canonical_split
from carvis.workspace.sample_ids import composed


def label_of_path(path: str | Path) -> tuple[str, Message | None]:
    """Return an image's label, and a note where its path names no split, so that it can only be guessed.

    The label is the first folder below the split, however deep the image lies in it; without a split in the path it is
    the folder that holds the image. Its letters are composed (NFC), as class names are.

    >>> label_of_path("mini/test/cat/2019/x.png")
    ('cat', None)
    """
    folder, name = os.path.split(os.path.abspath(path))
    on_disk = [part for part in folder.split(os.sep) if part]
    parts = [composed(part) for part in on_disk]
    place = split_place(parts, on_disk)
    if place is not None:
        return parts[place + 1], None
    label = parts[-1] if parts else ""
    note = Message(
        "{image} lies in no train, valid or test folder: its label is taken to be the name of its folder, {label}.",
        image=name,
        label=label,
    )
    return label, note


def split_place(parts: Sequence[str], on_disk: Sequence[str] | None = None) -> int | None:
    """Return which of an image's folders is its split, None where none is.

    A folder named as a split is one where a class folder lies below it. Where several are, as with a data set that lies
    in a folder called ``test`` or a class that is called ``train``, the folders on the disk tell: a data set holds
    several splits and little else. Where they do not, it is the last one.

    Args:
        parts: the folders from the top down to the image.
        on_disk: the same as the disk spells them; without it the disk is not looked at.
    """
    places = [place for place, part in enumerate(parts[:-1]) if canonical_split(part)]
    if len(places) < 2 or on_disk is None:
        return places[-1] if places else None
    return max(places, key=lambda place: (*like_a_data_set(_folder(on_disk[:place])), place))


def _folder(parts: Sequence[str]) -> str:
    # A drive begins a path on Windows, a separator elsewhere.
    return os.sep.join((*parts, "")) if os.name == "nt" else os.sep.join(("", *parts))


def like_a_data_set(folder: str) -> tuple[int, float]:
    """Return how many splits a folder holds, and their share among its folders."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
    except OSError:
        return 0, 0.0
    splits = [split for name in names if (split := canonical_split(name))]
    return len(set(splits)), len(splits) / max(len(names), 1)
