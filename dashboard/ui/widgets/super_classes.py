"""The super-class of each class, from the chosen file or from the classes' names."""

from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from carvis.evaluation import read_super_classes, super_classes
from carvis.workspace import children, modified
from ui.state import current, selection, workspace
from ui.state.file_cache import read_once
from ui.state.i18n import _, shown_as
from ui.widgets.layout import guarded


def group_files() -> dict[str, Path]:
    """Files that say which super-class a class belongs to, by their path below the workspace."""
    root, name = workspace.get().root, current.dataset_name()
    folders = [workspace.datasets()[name]] if name in workspace.datasets() else []
    files = {}
    for folder in (*folders, root / "data"):
        for path in children(folder, workspace.get().links, folders=False):
            if path.name.startswith("super_classes") and path.suffix in (".csv", ".json"):
                files[path.relative_to(root).as_posix()] = path
    return files


def choose_file() -> None:
    """Offer the files of super-classes; without one the text before the first - or space counts."""
    chosen, files = selection.get().groups, ["", *group_files()]
    st.selectbox(
        _("Super-classes"),
        files,
        files.index(chosen) if chosen in files else 0,
        format_func=shown_as({file: file or _("Text before the first - or space") for file in files}),
        help=_(
            "To define your own, put `super_classes.csv` (columns `class` and `super_class`) or "
            "`super_classes.json` into the data set's folder or into `data/`."
        ),
        **selection.control("groups", chosen if chosen in files else ""),
    )


def groups_of(class_names: Iterable[str]) -> dict[str, str]:
    """The super-class of each class, from the chosen file or from the names."""
    file = group_files().get(selection.get().groups)
    listed, class_names = None, [str(name) for name in class_names]
    if file:
        with guarded():
            listed = _super_classes(file, modified(file), tuple(class_names))
    return super_classes(class_names, listed)


@read_once(max_entries=32)
def _super_classes(file: Path, time: int, class_names: tuple[str, ...]) -> dict[str, str]:
    return read_super_classes(file, class_names=class_names)
