"""Commands that a page names as the next step: with this workspace's paths, quoted for this computer's shell."""

import os
import re
import shlex
from pathlib import Path

from ui.state import current, workspace
from ui.state.models import is_model

MODEL, DATASET = Path("models") / "MODEL.keras", "NAME"
# In double quotes these mean something to bash.
_SPECIAL = re.compile(r"[$`\"\\!]")


def carvis(verb: str, *arguments: str) -> str:
    """Return a ``python -m carvis`` command for this workspace; arguments are quoted already.

    The dashboard's own workspace is where its README has one type commands; every other one is named.
    """
    space = workspace.get()
    option = [] if workspace.is_own() else ["--workspace", quoted(str(space.root))]
    return " ".join(["python -m carvis", verb, *arguments, *option])


def evaluate(model: Path | None, dataset: str = "", split: str = "") -> str:
    """Return the command that evaluates a model on a data set, by default the chosen one and its split.

    Args:
        model: None for the chosen one, or where there is none, a name that says where models lie.
    """
    split = split or current.split() or "test"
    if model is None:
        files = workspace.model_files()
        model = next((files[name] for name in reversed(current.models(len(files))) if is_model(files[name])), None)
    return carvis("evaluate", path(model or workspace.get().root / MODEL), dataset_path(dataset), "--split", split)


def dataset_path(name: str = "") -> str:
    """Return a data set's folder for a command; without a name that of the chosen one."""
    name = name or current.dataset_name()
    space = workspace.get()
    return path(workspace.datasets().get(name, space.data_dir / (name or DATASET)))


def path(file: Path) -> str:
    """Return a path for a command: below the dashboard's own workspace, else whole."""
    return quoted(workspace.get().relative(file) if workspace.is_own() else str(file))


def quoted(text: str) -> str:
    """Quote a word for the shell of this computer, where the dashboard and its reader are."""
    return f'"{text}"' if os.name == "nt" or not _SPECIAL.search(text) else shlex.quote(text)
