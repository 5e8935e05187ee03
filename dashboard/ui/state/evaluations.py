"""Saved evaluations and tables of misclassified images, read once and cached by the files' times."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from carvis.evaluation import Evaluation, load_evaluation, read_misclassified
from carvis.workspace import SPLITS, children, modified, resolved
from ui.state import workspace
from ui.state.file_cache import read_once
from ui.state.workspace import once_a_run


@dataclass(frozen=True)
class Table:
    """A list of misclassified images: of an evaluation, or a file like ``df2.csv``."""

    name: str
    path: Path
    data: str = ""
    split: str = ""
    model: str = ""

    @property
    def is_evaluation(self) -> bool:
        """Whether the images come from an evaluation."""
        return bool(self.model)


@once_a_run
def saved() -> dict[str, Table]:
    """Return the saved evaluations by ``<data set>/<split>/<model>``."""
    tables = {}
    for folder in workspace.get().evaluations():
        dataset, split, model = folder.parts[-3:]
        if split in SPLITS:
            name = f"{dataset}/{split}/{model}"
            tables[name] = Table(name, folder, dataset, split, model)
    return tables


def on(dataset: str, split: str) -> dict[str, Table]:
    """Return the saved evaluations on one split of a data set by model."""
    return {table.model: table for table in saved().values() if (table.data, table.split) == (dataset, split)}


def models() -> set[str]:
    """Return the models that have a saved evaluation, on whatever data."""
    return {table.model for table in saved().values()}


@once_a_run
def csv_tables() -> dict[str, Table]:
    """Return the tables of misclassified images that belong to no evaluation, by path below the workspace."""
    space = workspace.get()
    paths = [p for p in space.misclassified_tables() if not p.is_relative_to(space.evaluations_dir)]
    return {path.relative_to(space.root).as_posix(): Table(path.name, path) for path in paths}


@once_a_run
def stamp(table: Table) -> tuple[int, ...]:
    """Return a stamp that changes when an evaluation is rewritten."""
    return tuple(modified(file) for file in children(table.path, folders=False))


@once_a_run
def load(table: Table) -> Evaluation:
    """Read a saved evaluation.

    Raises:
        TableError: a file of it is missing or damaged.
    """
    root = workspace.datasets().get(table.data)
    return _load(str(table.path), str(root) if root else None, stamp(table))


@st.cache_resource(max_entries=32, show_spinner=False)
def _load(folder: str, root: str | None, times: tuple[int, ...]) -> Evaluation:
    return load_evaluation(folder, root)


def misclassified(table: Table) -> pd.DataFrame:
    """Return the rows of a table: id, path, label, predicted, confidence, status, data (name), for evaluations more.

    The frame is shared between sessions and is not to be changed: a copy of 100,000 rows would cost a second.

    Raises:
        TableError: the table cannot be read.
    """
    if table.is_evaluation:
        root = workspace.datasets().get(table.data)
        return _of_evaluation(table, str(root) if root else None, stamp(table), _evaluation=load(table))
    roots = workspace.datasets() or {"": workspace.get().root}
    listed = tuple((name, str(resolved(root)), workspace.folder_times(root)) for name, root in roots.items())
    return _of_csv(str(table.path), table.path.stat().st_mtime_ns, listed)


@st.cache_resource(max_entries=8, show_spinner=False)
def _of_evaluation(table: Table, root: str | None, times: tuple[int, ...], *, _evaluation: Evaluation) -> pd.DataFrame:
    wrong = _evaluation.misclassified()
    is_located = wrong["path"].notna() & (_evaluation.root is not None)
    return wrong.assign(status=is_located.map({True: "found", False: "missing"}), data=table.data)


@read_once(max_entries=8)
def _of_csv(path: str, time: int, roots: tuple[tuple[str, str, tuple[int, ...]], ...]) -> pd.DataFrame:
    table = read_misclassified(path, [root for _, root, _ in roots])
    data = pd.Series("", index=table.index, dtype=object)
    paths = table["path"].astype("string").fillna("")
    for name, root, _ in sorted(roots, key=lambda entry: len(entry[1])):
        data[paths.str.startswith(f"{root}/") | paths.str.startswith(f"{root}\\")] = name
    # Two rows may name one image, and an id from the file may be missing: a row's key is then its number.
    ids = table["id"].astype("string").fillna("")
    table["id"] = ids.where(ids != "", "row " + (table.index + 2).astype("string"))
    return table.assign(data=data).drop_duplicates("id", ignore_index=True)
