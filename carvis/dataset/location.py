"""The data set that an image lies in, and the workspace that a data set lies in."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from carvis.dataset.dataset import Dataset
from carvis.errors import CarvisError, DatasetError
from carvis.tables.path_labels import like_a_data_set
from carvis.workspace import Workspace, canonical_split, is_dataset, resolved


def dataset_of(path: str | Path) -> Dataset | None:
    """Return the data set that an image, or a folder of images, lies in; None where it lies in none.

    The nearest data set around it counts, but for one whose folder is itself a split: in ``cars/test/train/x/1.jpg``
    train is a class. A folder that holds more splits than the one around it is a data set whatever its name.
    """
    path = Path(os.path.expanduser(path))
    # As the path names it before where links lead to: a data set may be made of links to images that lie elsewhere.
    for place in dict.fromkeys((Path(os.path.abspath(path)), resolved(path))):
        for folder in place.parents:
            if is_dataset(folder) and not _is_a_split(folder) and _below_a_split(place, folder):
                try:
                    return Dataset(folder)
                except DatasetError:
                    return None
    return None


def _is_a_split(folder: Path) -> bool:
    if not (canonical_split(folder.name) and is_dataset(folder.parent)):
        return False
    return like_a_data_set(str(folder)) <= like_a_data_set(str(folder.parent))


def datasets_of(paths: Iterable[str | Path]) -> list[Dataset]:
    """Return the data sets that images lie in, each once, in the order met."""
    folders = dict.fromkeys(Path(os.path.abspath(os.path.expanduser(path))).parent for path in paths)
    # A folder of images lies where its images lie: one look a folder is enough.
    datasets = (dataset_of(folder / "image") for folder in folders)
    return list({data.root: data for data in datasets if data is not None}.values())


def workspace_of(data: Dataset, workspace: Workspace | str | Path | None) -> Workspace | None:
    """Return the given workspace, else the one that a data set lies in; None where there is none."""
    if workspace is not None:
        return workspace if isinstance(workspace, Workspace) else Workspace(workspace)
    with contextlib.suppress(CarvisError):
        if resolved(data.root.parent).name == "data":
            return Workspace(data.root.parent.parent)
        current = Workspace.open()
        return current if data.root.parent == current.root else None
    return None


def _below_a_split(path: Path, root: Path) -> bool:
    return canonical_split(path.relative_to(root).parts[0]) is not None
