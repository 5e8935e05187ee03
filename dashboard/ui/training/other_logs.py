"""Logs of trainings that were not started here: uploaded, or found in the workspace."""

import io
import time
from pathlib import Path

import pandas as pd
import streamlit as st

from carvis.errors import PathError
from carvis.training.histories import read_history
from carvis.training.tensorboard_logs import tensorboard_folders
from carvis.workspace import children, modified, resolved
from ui.state import workspace
from ui.state.file_cache import read_once
from ui.state.i18n import _
from ui.widgets.layout import guarded

_LOOK_EVERY = 10.0
_MOST_READ = 3


def choose() -> dict[str, pd.DataFrame]:
    """Offer to read logs of trainings that were not started here, and return their histories by file name."""
    with st.expander(_("Other training logs"), icon=":material/upload_file:", type="compact"):
        files = st.file_uploader(
            _("A `CSVLogger` file, or a `history` saved as JSON"),
            type=["csv", "log", "tsv", "json"],
            accept_multiple_files=True,
            key="histories",
            help=_("Files stay in this browser session. Pickle files are refused: opening one can run code."),
        )
        space = workspace.get()
        roots = (space.root / "logs", space.root / "data" / "logs")
        folders = [folder for root in roots for folder in tensorboard_folders(root, links=space.links)]
        logs = {space.relative(folder): folder for folder in folders}
        chosen = st.multiselect(
            _("TensorBoard logs"),
            list(logs),
            key="tensorboard",
            disabled=not logs,
            placeholder=_("Choose logs") if logs else _("none in logs/ or data/logs/ of the workspace"),
        )
        entered = st.text_input(
            _("Another TensorBoard log folder"),
            key="tensorboard_folder",
            placeholder="experiments/first",
            help=_("A folder in the workspace, relative to it or to where the dashboard was started."),
        )
    histories = {}
    for name in chosen:
        with guarded():
            histories[name] = _logged(logs[name])
    if entered.strip():
        with guarded():
            histories |= _named_logs(entered.strip())
    for file in files or []:
        with guarded():
            histories[file.name] = _uploaded(file.name, file.getvalue())
    return histories


def _named_logs(text: str) -> dict[str, pd.DataFrame]:
    """Read the trainings in a folder or file that a person names, each under its own path."""
    space = workspace.get()
    path = space.resolve(text)
    if not path.exists() and Path(text).exists():
        path = space.resolve(resolved(text))
    if path == space.root:
        sentence = _("{path} is the workspace itself: enter the log folder in it.")
        raise PathError(sentence.format(path=text))
    folders = _logs_in(str(path), int(time.monotonic() / _LOOK_EVERY)) if path.is_dir() else ()
    return {space.relative(folder): _logged(folder) for folder in (folders or (path,))[:_MOST_READ]}


@st.cache_data(max_entries=32, show_spinner=False)
def _logs_in(folder: str, moment: int) -> tuple[Path, ...]:
    """Look for logs in a folder every few seconds only: the page reruns with every click."""
    return tuple(tensorboard_folders(folder, links=workspace.get().links))


def _logged(log: Path) -> pd.DataFrame:
    links = workspace.get().links
    files = [file for file in children(log, links, folders=False) if ".tfevents." in file.name] or [log]
    return _read_log(log, tuple((str(file), modified(file)) for file in files))


@read_once(max_entries=32)
def _read_log(place: Path, times: tuple[tuple[str, int], ...]) -> pd.DataFrame:
    return read_history(place)


@read_once(max_entries=32)
def _uploaded(name: str, content: bytes) -> pd.DataFrame:
    return read_history(io.BytesIO(content), name=Path(name).name)
