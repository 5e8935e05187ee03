"""Bringing images and their masks from one data set to another, by links where that is possible."""

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from carvis.errors import CarvisError
from carvis.language import Message
from carvis.progress import Progress, advance
from carvis.workspace import SPLITS, Links, dataset_links, open_regular, os_reason, os_remedy

MASKS = "masks"


def lay_out(table: pd.DataFrame, target: Path, progress: Progress, links: Links) -> tuple[pd.DataFrame, dict[str, int]]:
    """Place the images in the new folder, and skip those removed since the check.

    Args:
        table: as of ``Split``.
        target: the new data set's folder.
        progress: called with (images done, images in all); a true return stops the work.
        links: of the old data set: what has come to lead out of it meanwhile is not brought anywhere.

    Returns:
        The table, and how many images came there by which way.
    """
    placed_by: Counter[str] = Counter()
    removed: list[Any] = []
    followed = dataset_links(target)
    placed = table[table["split"] != ""]
    for split in SPLITS:
        (target / split).mkdir()
    for done, (row, path, new_id) in enumerate(zip(placed.index, placed["path"], placed["new_id"]), start=1):
        place = target / new_id
        place.parent.mkdir(parents=True, exist_ok=True)
        if links.hold(path) and (method := _bring(os.path.realpath(path), place, followed)):
            placed_by[method] += 1
        else:
            removed.append(row)
        if done % 64 == 0:
            advance(progress, done, len(placed))
    table = _without(table, removed)
    for split in SPLITS:
        for folder in (target / split).iterdir():
            if not any(folder.iterdir()):
                folder.rmdir()
        if not any((target / split).iterdir()):
            (target / split).rmdir()
    return table, dict(placed_by)


def skip_removed(table: pd.DataFrame) -> pd.DataFrame:
    """Skip images removed since the check, for a split that only lists its images."""
    placed = table[table["split"] != ""]
    return _without(table, [row for row, path in zip(placed.index, placed["path"]) if not os.path.isfile(path)])


def _without(table: pd.DataFrame, removed: list[Any]) -> pd.DataFrame:
    table = table.copy()
    table.loc[removed, "reason"] = "removed: it was gone when the split was made"
    table.loc[removed, ["split", "new_id"]] = ""
    return table


def carry_masks(root: Path, table: pd.DataFrame, target: Path) -> int:
    """Bring the masks of images along, ``masks/<split>/<class>/<stem>.png``, and return how many there were.

    Args:
        root: the old data set's folder.
        table: as of ``Split``.
        target: the new data set's folder.
    """
    folder, carried, links, followed = root / MASKS, 0, dataset_links(root), dataset_links(target)
    if not folder.is_dir():
        return 0
    placed = table[table["split"] != ""]
    for path, old_id, new_id in zip(placed["path"], placed["id"], placed["new_id"]):
        # Beside the images the folder of a split may be spelled in its own way, such as val.
        spelled = (Path(path).relative_to(root), Path(old_id))
        source = next((mask for name in spelled if (mask := (folder / name).with_suffix(".png")).is_file()), None)
        if source is None or not links.hold(source):
            continue
        place = (target / MASKS / new_id).with_suffix(".png")
        place.parent.mkdir(parents=True, exist_ok=True)
        carried += bool(_bring(os.path.realpath(source), place, followed))
    names = folder / "parts.json"
    if carried and names.is_file() and links.hold(names):
        _copy(names, target / MASKS / names.name)
    return carried


def _copy(source: str | Path, place: Path) -> None:
    with open_regular(source) as file, open(place, "wb") as copy:
        shutil.copyfileobj(file, copy)
    shutil.copystat(source, place)


def _bring(source: str, place: Path, followed: Links) -> str:
    """Link or copy an image and return how; empty where it is missing. Only links that are followed later are made."""
    # A symbolic link can be made to a file that is not there.
    if not os.path.isfile(source):
        return ""
    for name, link in (("hard link", os.link), ("symbolic link", os.symlink)):
        if link is os.symlink and not followed.hold(source):
            continue
        try:
            link(source, place)
            return name
        except OSError:
            continue
    try:
        _copy(source, place)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise CarvisError(
            Message(
                "{source} could not be copied to {parent} ({reason}): {remedy}.",
                source=source,
                parent=place.parent,
                reason=os_reason(error),
                remedy=os_remedy(error),
            )
        ) from error
    return "copy"
