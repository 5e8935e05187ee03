"""The workspace: its folder, its data sets and its model files, looked at once a run and cached by the files' times."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from carvis.dataset import Dataset
from carvis.demo import restore_demo
from carvis.errors import CarvisError
from carvis.workspace import Workspace, children, content_hash, dataset_links, links_around, modified, walk

_REPOSITORY = Path(__file__).resolve().parents[3]
_RESULTS = "_found_in_workspace"
P = ParamSpec("P")
T = TypeVar("T")


def once_a_run(make: Callable[P, T]) -> Callable[P, T]:
    """Look at the disk once a run, however often a page asks; ``look_again`` begins a run.

    Args:
        make: takes its arguments by position.
    """

    @wraps(make)
    def cached(*args: P.args, **kwargs: P.kwargs) -> T:
        # A thread that is no run, such as that of a download, has no session, and nothing there would be forgotten.
        if get_script_run_ctx(suppress_warning=True) is None:
            return make(*args, **kwargs)
        results = st.session_state.setdefault(_RESULTS, {})
        key = (make, *args)
        if key not in results:
            results[key] = make(*args, **kwargs)
        return results[key]

    return cached


def look_again() -> None:
    """Forget what lay in the workspace at the last run."""
    st.session_state.pop(_RESULTS, None)


def find() -> Workspace:
    """Find the workspace: ``-- --workspace PATH``, else ``$CARVIS_WORKSPACE``, else the demo beside the dashboard.

    Raises:
        PathError: the folder does not exist.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--workspace")
    try:
        folder = parser.parse_known_args(sys.argv[1:])[0].workspace
    except argparse.ArgumentError as error:
        raise CarvisError("--workspace needs the path of a folder after it.") from error
    space = Workspace.open(folder if folder is not None else os.environ.get("CARVIS_WORKSPACE") or _REPOSITORY)
    _clear_leftovers(str(space.root))
    return space


get = once_a_run(find)


@st.cache_resource(max_entries=16, show_spinner=False)
def _clear_leftovers(root: str) -> int:
    """Clear, once a server, what killed processes left in the workspace."""
    with contextlib.suppress(CarvisError):
        restore_demo(Workspace(root))
    return Workspace(root).clear_leftovers()


def is_own() -> bool:
    """Tell whether the workspace is the folder that holds the dashboard."""
    return get().root == _REPOSITORY


def _keyed(paths: list[Path], root: Path, name: str) -> dict[str, Path]:
    """Name each path by its last part, or by its place below ``root`` where two would be named alike."""
    names = [getattr(path, name) for path in paths]
    below = [path.relative_to(root).as_posix() for path in paths]
    return {n if names.count(n) == 1 else b: path for n, b, path in zip(names, below, paths, strict=True)}


@once_a_run
def datasets() -> dict[str, Path]:
    """Return the data sets' folders by name."""
    space = get()
    return _keyed(space.datasets(), space.root, "name")


@once_a_run
def model_files() -> dict[str, Path]:
    """Return the model files by stem, or by path where two files share one."""
    space = get()
    return _keyed(space.models(), space.root, "stem")


@once_a_run
def dataset(name: str) -> Dataset:
    """Open a data set by its name among ``datasets()``, listing its images again when a folder has changed.

    Raises:
        DatasetError: the folder is not laid out as a data set.
    """
    root = datasets()[name]
    return _dataset(str(root), folder_times(root))


@st.cache_resource(max_entries=16, show_spinner=False)
def _dataset(root: str, times: tuple[int, ...]) -> Dataset:
    return Dataset(root)


@once_a_run
def folder_times(root: Path) -> tuple[int, ...]:
    """Return the times of change of a data set's folders: one that is added, removed or renamed changes them."""
    links = dataset_links(root)
    folders = [root, *children(root, links, folders=True)]
    folders += [path for folder in folders[1:] for path in children(folder, links, folders=True, hidden=True)]
    return tuple(modified(folder) for folder in sorted(folders))


def times_below(path: Path) -> str:
    """Return a hash of the times of change of a file or of all files below a folder: replacing one changes it."""
    files = [file.path for file in walk(path, links_around(path))] if path.is_dir() else [path]
    return content_hash(*(f"{file} {modified(file)}" for file in sorted(map(str, files))))


@once_a_run
def image_times(dataset: Dataset) -> str:
    """Return a hash of the sizes and times of change of a data set's images: an image replaced in place changes it.

    Looking at 100,000 files takes about 0.4 s on a local disk and much longer on a slow one, so that what was
    found is used again for twenty times as long as it took to look.
    """
    results, key = _image_times_known(), (str(dataset.root), dataset.fingerprint)
    entry = results.get(key)
    if entry and time.monotonic() < entry[0]:
        return entry[1]
    began = time.monotonic()
    paths = [path for split in dataset.splits for path in dataset.samples(split)["path"]]
    result = content_hash(np.array([_stamp(path) for path in paths], np.int64))
    ended = time.monotonic()
    results[key] = (ended + 20 * (ended - began), result)
    return result


@st.cache_resource(show_spinner=False)
def _image_times_known() -> dict[tuple[str, str], tuple[float, str]]:
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
