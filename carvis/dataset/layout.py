"""The folders of a data set: its splits, and what to tell a person whose folder has none."""

import os
from pathlib import Path

from carvis.errors import DatasetError
from carvis.language import Message
from carvis.workspace import (
    LINKS_VARIABLE,
    Links,
    SplitName,
    canonical_split,
    children,
    is_dataset,
    os_reason,
    os_remedy,
    split_folders,
)


def folders_by_split(root: Path) -> dict[SplitName, Path]:
    """Return the folder of each split.

    Raises:
        DatasetError: two folders mean the same split.
    """
    folders: dict[SplitName, Path] = {}
    for split, path in split_folders(root):
        if split in folders:
            raise DatasetError(
                Message(
                    "{root} holds both {name} and {path}, which mean the same: rename one of them.",
                    root=root,
                    name=folders[split].name,
                    path=path.name,
                )
            )
        folders[split] = path
    return folders


def layout_advice(root: Path, links: Links) -> Message:
    """Say why a folder is no data set, and what to do."""
    try:
        names = sorted(os.listdir(root))
    except OSError as error:
        return Message(
            "{path} cannot be read ({reason}): {remedy}.", path=root, reason=os_reason(error), remedy=os_remedy(error)
        )
    out = [name for name in names if canonical_split(name) and not links.hold(root / name)]
    if out:
        return Message(
            "{path} leads out of the data set by a symbolic link, so it is not read: copy it there, or name the folder "
            "it lies in in {variable}.",
            path=root / out[0],
            variable=LINKS_VARIABLE,
        )
    if canonical_split(root.name):
        return Message(
            "{root} is one split of a data set: name the folder above it, {parent}.", root=root, parent=root.parent
        )
    inner = [path for path in children(root, links, folders=True) if is_dataset(path)]
    if inner:
        return Message(
            "{root} is not a data set itself: name a data set in it, for example {inner}.", root=root, inner=inner[0]
        )
    layout = "train/<class>/*.jpg, valid/<class>/*.jpg, test/<class>/*.jpg"
    return Message(
        "{root} holds no train, valid or test folder with class folders in it: lay the images out as {layout}.",
        root=root,
        layout=layout,
    )
