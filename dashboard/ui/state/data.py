"""What lies in the workspace, read once and cached by the files' times: data sets, evaluations, tables, pictures."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
import pandas as pd
import streamlit as st

from carvis.dataset import Dataset, label_of_path
from carvis.demo import restore_demo
from carvis.errors import CarvisError, ImageError
from carvis.evaluation import Evaluation, load_evaluation, read_misclassified
from carvis.images import IMAGE_SUFFIXES, thumbnail
from carvis.language import message_of, replaced
from carvis.workspace import (
    SPLITS,
    Cache,
    Workspace,
    children,
    content_hash,
    dataset_links,
    modified,
    os_sentence,
    read_regular,
    resolved,
)
from ui.state.file_cache import read_once
from ui.state.i18n import of_library

_REPOSITORY = Path(__file__).resolve().parents[3]
# Another number where the same file would now be read otherwise.
_READ = 2
_THUMBNAIL_BYTES = 200_000_000
_FOUND = "_found_in_workspace"
P, T = ParamSpec("P"), TypeVar("T")


def _once_a_run(make: Callable[P, T]) -> Callable[P, T]:
    """Look at the disk once a run, however often a page asks; ``look_again`` begins a run."""

    @wraps(make)
    def kept(*args: P.args, **kwargs: P.kwargs) -> T:
        found = st.session_state.setdefault(_FOUND, {})
        key = (make.__name__, *args)
        if key not in found:
            found[key] = make(*args, **kwargs)
        return found[key]

    return kept


def look_again() -> None:
    """Forget what lay in the workspace at the last run."""
    st.session_state.pop(_FOUND, None)


@_once_a_run
def workspace() -> Workspace:
    """Open the workspace: ``-- --workspace PATH``, else ``$CARVIS_WORKSPACE``, else the demo beside the dashboard.

    Raises:
        PathError: the folder does not exist.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--workspace")
    try:
        named = parser.parse_known_args(sys.argv[1:])[0].workspace
    except argparse.ArgumentError as error:
        raise CarvisError("--workspace needs the path of a folder after it.") from error
    space = Workspace.open(named if named is not None else os.environ.get("CARVIS_WORKSPACE") or _REPOSITORY)
    _clear_leftovers(str(space.root))
    return space


@st.cache_resource(max_entries=16, show_spinner=False)
def _clear_leftovers(root: str) -> int:
    """Clear, once a server, what killed processes left in the workspace."""
    with contextlib.suppress(CarvisError):
        restore_demo(Workspace(root))
    return Workspace(root).clear_leftovers()


def is_own_workspace() -> bool:
    """Tell whether the workspace is the folder that holds the dashboard."""
    return workspace().root == _REPOSITORY


def _keyed(paths: list[Path], root: Path, name: str) -> dict[str, Path]:
    """Name each path by its last part, or by its place below ``root`` where two would be named alike."""
    names = [getattr(path, name) for path in paths]
    below = [path.relative_to(root).as_posix() for path in paths]
    return {n if names.count(n) == 1 else b: path for n, b, path in zip(names, below, paths, strict=True)}


@_once_a_run
def datasets() -> dict[str, Path]:
    """Return the data sets' folders by name."""
    space = workspace()
    return _keyed(space.datasets(), space.root, "name")


@_once_a_run
def model_files() -> dict[str, Path]:
    """Return the model files by stem, or by path where two files share one."""
    space = workspace()
    return _keyed(space.models(), space.root, "stem")


def dataset(name: str) -> Dataset:
    """Open a data set by its name among ``datasets()``, listing its pictures anew when a folder has changed.

    Raises:
        DatasetError: the folder is not laid out as a data set.
    """
    root = datasets()[name]
    return _dataset(str(root), _folder_times(root))


@st.cache_resource(max_entries=16, show_spinner=False)
def _dataset(root: str, times: tuple[int, ...]) -> Dataset:
    return Dataset(root)


@_once_a_run
def _folder_times(root: Path) -> tuple[int, ...]:
    links = dataset_links(root)
    folders = [root, *children(root, links, folders=True)]
    folders += [path for folder in folders[1:] for path in children(folder, links, folders=True, hidden=True)]
    return tuple(modified(folder) for folder in sorted(folders))


@_once_a_run
def picture_times(pictures: Dataset) -> str:
    """Return a hash of the sizes and times of change of a data set's pictures: a picture replaced in place changes it.

    Looking at 100,000 files takes about 0.4 s on a local disk and much longer on a slow one, so that what was
    seen is used again for twenty times as long as it took to look.
    """
    seen, key = _pictures_seen(), (str(pictures.root), pictures.fingerprint)
    known = seen.get(key)
    if known and time.monotonic() < known[0]:
        return known[1]
    began = time.monotonic()
    paths = [path for split in pictures.splits for path in pictures.samples(split)["path"]]
    found = content_hash(np.array([_stamp(path) for path in paths], np.int64))
    ended = time.monotonic()
    seen[key] = (ended + 20 * (ended - began), found)
    return found


@st.cache_resource(show_spinner=False)
def _pictures_seen() -> dict[tuple[str, str], tuple[float, str]]:
    return {}


def bytes_of(path: Path) -> int | None:
    """Return a file's size, None where it is gone."""
    size = _stamp(str(path))[0]
    return None if size < 0 else size


def _stamp(path: str) -> tuple[int, int]:
    try:
        stat = os.stat(path)
    except OSError:
        return -1, -1
    return stat.st_size, stat.st_mtime_ns


@dataclass(frozen=True)
class Table:
    """A list of misclassified pictures: of an evaluation, or a file like ``df2.csv``."""

    name: str
    path: Path
    data: str = ""
    split: str = ""
    model: str = ""

    @property
    def is_evaluation(self) -> bool:
        """Whether the images come from an evaluation."""
        return bool(self.model)


@_once_a_run
def evaluations() -> dict[str, Table]:
    """Return the saved evaluations by ``<data set>/<split>/<model>``."""
    found = {}
    for folder in workspace().evaluations():
        data, split, model = folder.parts[-3:]
        if split in SPLITS:
            found[f"{data}/{split}/{model}"] = Table(f"{data}/{split}/{model}", folder, data, split, model)
    return found


@_once_a_run
def csv_tables() -> dict[str, Table]:
    """Return the tables of misclassified pictures that belong to no evaluation, by path below the workspace."""
    space = workspace()
    paths = [p for p in space.misclassified_tables() if not p.is_relative_to(space.evaluations_dir)]
    return {path.relative_to(space.root).as_posix(): Table(path.name, path) for path in paths}


@_once_a_run
def stamp(table: Table) -> tuple[int, ...]:
    """Return what changes when an evaluation is written anew."""
    return tuple(modified(file) for file in children(table.path, folders=False))


def evaluation(table: Table) -> Evaluation:
    """Read a saved evaluation.

    Raises:
        TableError: a file of it is missing or damaged.
    """
    root = datasets().get(table.data)
    return _evaluation(str(table.path), str(root) if root else None, stamp(table))


@st.cache_resource(max_entries=32, show_spinner=False)
def _evaluation(folder: str, root: str | None, times: tuple[int, ...]) -> Evaluation:
    return load_evaluation(folder, root)


def misclassified(table: Table) -> pd.DataFrame:
    """Return the rows of a table: id, path, label, predicted, confidence, status, data (name), for evaluations more.

    The frame is shared between sessions and is not to be changed: a copy of 100,000 rows would cost a second.

    Raises:
        TableError: the table cannot be read.
    """
    if table.is_evaluation:
        root = datasets().get(table.data)
        return _of_evaluation(table, str(root) if root else None, stamp(table), _answers=evaluation(table))
    roots = datasets() or {"": workspace().root}
    listed = tuple((name, str(resolved(root)), _folder_times(root)) for name, root in roots.items())
    return _of_csv(str(table.path), table.path.stat().st_mtime_ns, listed)


@st.cache_resource(max_entries=8, show_spinner=False)
def _of_evaluation(table: Table, root: str | None, times: tuple[int, ...], *, _answers: Evaluation) -> pd.DataFrame:
    wrong = _answers.misclassified()
    here = wrong["path"].notna() & (_answers.root is not None)
    return wrong.assign(status=here.map({True: "found", False: "missing"}), data=table.data)


@read_once(max_entries=8)
def _of_csv(path: str, time: int, roots: tuple[tuple[str, str, tuple[int, ...]], ...]) -> pd.DataFrame:
    table = read_misclassified(path, [root for _, root, _ in roots])
    data = pd.Series("", index=table.index, dtype=object)
    paths = table["path"].astype("string").fillna("")
    for name, root, _ in sorted(roots, key=lambda entry: len(entry[1])):
        data[paths.str.startswith(f"{root}/") | paths.str.startswith(f"{root}\\")] = name
    # Two rows may name one picture, and an id from the file may be missing: a row's key is then its number.
    ids = table["id"].astype("string").fillna("")
    table["id"] = ids.where(ids != "", "row " + (table.index + 2).astype("string"))
    return table.assign(data=data).drop_duplicates("id", ignore_index=True)


@dataclass(frozen=True)
class Picture:
    """A picture of the workspace or an upload: ``source`` is its path or its bytes."""

    id: str
    name: str
    source: Path | bytes
    label: str | None = None


def picture(name: str, sample: str) -> Picture:
    """Find a picture by data set and sample id, as they stand in a URL.

    Raises:
        CarvisError: no such picture, or it lies outside the data set and the workspace.
    """
    roots = datasets()
    if name in roots:
        path = dataset(name).resolve(sample)
        label = dataset(name).label_of(sample)
    else:
        path = workspace().resolve(sample)
        label, guess = label_of_path(path)
        label = None if guess else label
    if path.suffix.lower() not in IMAGE_SUFFIXES or not path.is_file():
        raise ImageError(f"{sample} is not a picture of this workspace: choose another one.")
    return Picture(sample, path.name, path, label)


def thumbnails(paths: list[str | None], size: int = 320) -> list[bytes | str]:
    """Return a small JPEG of each picture, from the disk cache where it is known, or the sentence why there is none."""
    cache = _thumbnail_cache(workspace().cache_dir)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda path: _thumbnail(cache, path, size), paths)
        return [one if isinstance(one, bytes) else _in_place_of(path, one) for path, one in zip(paths, found)]


def _in_place_of(path: str | None, sentence: str) -> str:
    """Return what stands in a picture's place, which is small: only the file's name, without its folders."""
    return of_library(replaced(sentence, f"{os.path.dirname(path)}{os.sep}", "") if path else sentence)


@st.cache_resource(max_entries=4, show_spinner=False)
def _thumbnail_cache(folder: Path) -> Cache:
    return Cache(folder / "thumbnails", _THUMBNAIL_BYTES)


def _thumbnail(cache: Cache, path: str | None, size: int) -> bytes | str:
    if not path:
        return ""
    try:
        stat = Path(path).stat()
    except OSError as error:
        return os_sentence(error)
    key = content_hash(str(path), stat.st_mtime_ns, stat.st_size, size, _READ)
    # What cannot be read there, such as a pipe in the place of a thumbnail, is made anew.
    with contextlib.suppress(OSError, CarvisError):
        if kept := cache.get(key, ".jpg"):
            return read_regular(kept, _THUMBNAIL_BYTES)
    try:
        made = thumbnail(path, size)
    except CarvisError as error:
        return message_of(error)
    try:
        cache.put(key, ".jpg", made)
    except CarvisError:
        return made  # A workspace that cannot be written still shows its pictures.
    return made
