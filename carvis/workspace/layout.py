"""How the folders of a data set are named."""

import os
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Literal, get_args

from carvis.errors import CarvisError
from carvis.workspace.json_file import parse_json
from carvis.workspace.links import Links, is_below
from carvis.workspace.regular_file import read_regular
from carvis.workspace.temporary import final_place
from carvis.workspace.tree import children, holds_folder

SplitName = Literal["train", "valid", "test"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)
SPLIT_REPORT, MASKS, DATA = "split.json", "masks", "data"
_MOST_BESIDE, _MOST_BYTES = 500, 1_000_000
# In the demo's folder: images are drawn here and moved to their split once all of it is drawn, so that no part is taken
# for the whole. A drawing that was killed is resumed.
STAGING = ".drawing"
# In the workspace's cache: the demo as it was while a new one is made.
DEMO_BEFORE = "demo-before"
_CANONICAL: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}
SPLIT_NAMES = frozenset(_CANONICAL)


def canonical_split(folder_name: str) -> SplitName | None:
    """Return ``train``, ``valid`` or ``test`` for a split folder's name in any spelling, else None."""
    return _CANONICAL.get(folder_name.lower())


def split_folders(root: str | Path) -> list[tuple[SplitName, Path]]:
    """List the folders in ``root`` that are named as a split and hold a class folder: (canonical split, folder).

    Links are followed as ``dataset_links`` says.
    """
    root = Path(root)
    links = dataset_links(root)
    folders = [(split, path) for path in children(root, links, folders=True) if (split := canonical_split(path.name))]
    real_root = os.path.realpath(root)
    return sorted(
        (
            (split, path)
            for split, path in folders
            # A link to the data set itself is not one of its splits.
            if not (path.is_symlink() and is_below(real_root, os.path.realpath(path))) and holds_folder(path, links)
        ),
        key=lambda entry: SPLITS.index(entry[0]),
    )


def dataset_links(root: str | Path) -> Links:
    """Return which links of a data set are followed.

    Those that lead into it, into a folder of ``$CARVIS_LINKS``, or into the splits or masks of another data set: one
    that lies beside it, or one of the same workspace that its ``split.json`` says carvis made it from.
    """
    return Links(root, others=lambda: chain.from_iterable(_other_datasets(Path(root)).values()))


def links_around(folder: str | Path) -> Links:
    """Return which links of a folder are followed: of one in a data set, as of that data set."""
    folder = Path(os.path.abspath(folder))
    if is_dataset(folder):
        return dataset_links(folder)
    for place in (folder, *folder.parents):
        if canonical_split(place.name) and is_dataset(place.parent):
            return dataset_links(place.parent)
    return Links(folder)


def linked_datasets(root: str | Path, paths: Iterable[str]) -> list[str]:
    """List the folders of other data sets that files of one lead to by links, sorted."""
    real_root = os.path.realpath(root)
    folders: dict[str, str] = {}
    outside: set[str] = set()
    for path in paths:
        folder = os.path.dirname(path)
        if os.path.islink(path):
            place = os.path.dirname(os.path.realpath(path))
        else:
            place = folders.get(folder) or folders.setdefault(folder, os.path.realpath(folder))
        if not is_below(place, real_root):
            outside.add(place)
    others = _other_datasets(Path(root)) if outside else {}
    return sorted(
        folder
        for folder, places in others.items()
        if any(is_below(target, place) for target in outside for place in places)
    )


def _other_datasets(root: Path) -> dict[str, list[str]]:
    """The data sets beside one, and those it was made from, each with the folders of its splits and masks, resolved."""
    # While a split is made it lies in a hidden folder of its own.
    parent = os.path.dirname(final_place(os.path.realpath(root)))
    outside = {}
    for folder in dict.fromkeys((*_subfolders(parent)[:_MOST_BESIDE], *_made_from(root))):
        real = os.path.realpath(folder)
        # A split.json may come from a stranger: it gives access to no folder elsewhere.
        if os.path.dirname(real) not in _places_of_datasets(parent):
            continue
        split_folders = [path for path in _subfolders(folder) if canonical_split(os.path.basename(path))]
        splits = [path for path in split_folders if _subfolders(path)]
        if splits:
            places = map(os.path.realpath, (*splits, os.path.join(folder, MASKS)))
            outside[folder] = [place for place in places if is_below(place, real) and place != real]
    return outside


def _places_of_datasets(parent: str) -> set[str]:
    """The folders of one workspace that data sets lie in, of which ``parent`` is one: itself and its ``data/``."""
    around = os.path.dirname(parent) if os.path.basename(parent) == DATA else parent
    return {parent, around, os.path.join(around, DATA)}


def _made_from(root: Path) -> list[str]:
    try:
        origin = parse_json(read_regular(root / SPLIT_REPORT, _MOST_BYTES), root / SPLIT_REPORT)["made from"]
        roots = [origin["path"], *origin.get("links to", ())]
        return [path for path in roots if isinstance(path, str) and os.path.isabs(path) and "\0" not in path]
    except (CarvisError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _subfolders(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    except OSError:
        return []


def is_dataset(folder: str | Path) -> bool:
    """Tell whether a folder holds a train, valid or test folder with a class folder in it."""
    return bool(split_folders(Path(folder)))


def is_demo(folder: str | Path) -> bool:
    """Tell whether a folder is the demo's data set, whose training images are drawn on first need."""
    folder = Path(folder)
    return (folder / "masks" / "test").is_dir() and (folder / "truth.json").is_file()
