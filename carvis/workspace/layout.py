"""How the folders of a data set are named."""

import os
from pathlib import Path

SPLITS = ("train", "valid", "test")
# In the demo's folder: images are drawn here and moved to their split once all of it is drawn, so that no part is taken
# for the whole. What a killed drawing left is gone on with.
STAGING = ".drawing"
# In the workspace's cache: the demo as it was while a new one is made.
DEMO_BEFORE = "demo-before"
_CANONICAL = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}


def canonical_split(folder_name: str) -> str | None:
    """Return ``train``, ``valid`` or ``test`` for a split folder's name in any spelling, else None."""
    return _CANONICAL.get(folder_name.lower())


def split_folders(root: Path) -> list[tuple[str, Path]]:
    """List the folders in ``root`` that are named as a split and hold a class folder: (canonical split, folder)."""
    if not root.is_dir():
        return []
    named = [(canonical_split(path.name), path) for path in sorted(root.iterdir()) if path.is_dir()]
    return sorted(
        ((split, path) for split, path in named if split and _has_subfolder(path)),
        key=lambda entry: SPLITS.index(entry[0]),
    )


def is_dataset(folder: str | Path) -> bool:
    """Tell whether a folder holds a train, valid or test folder with a class folder in it."""
    return bool(split_folders(Path(folder)))


def is_demo(folder: str | Path) -> bool:
    """Tell whether a folder is the demo's data set, whose training images are drawn on first need."""
    folder = Path(folder)
    return (folder / "masks" / "test").is_dir() and (folder / "truth.json").is_file()


def _has_subfolder(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(entry.is_dir() and not entry.name.startswith(".") for entry in entries)
