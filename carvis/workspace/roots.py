"""``Workspace``: where things lie, and which paths may be opened."""

import contextlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from carvis.errors import PathError
from carvis.language import Message
from carvis.workspace.files import is_text, shown
from carvis.workspace.layout import STAGING, is_dataset, is_demo
from carvis.workspace.temporary import clear_leftovers

MODEL_SUFFIXES = (".keras", ".h5", ".hdf5")
_WINDOWS_DRIVE = re.compile(r"^[A-Za-z]:")


class Workspace:
    """A folder that holds ``models/`` and ``data/``, the only places carvis writes to.

    A folder of a tutorial opens as it is: data sets, model files and tables of misclassified images may lie in the
    folder itself.

    What bears a name that is not UTF-8 is not listed: no page, address or file could name it.
    """

    def __init__(self, root: str | Path):
        self.root = Path(root).expanduser().resolve()
        if not self.root.is_dir():
            raise PathError(
                Message("The workspace {root} is not a folder: create it or name another one.", root=self.root)
            )
        if not is_text(str(self.root)):
            raise PathError(
                Message("The workspace {root} has a name that is not UTF-8: rename it.", root=shown(str(self.root)))
            )
        self.models_dir = self.root / "models"
        self.data_dir = self.root / "data"
        self.runs_dir = self.data_dir / "runs"
        self.evaluations_dir = self.data_dir / "evaluations"
        self.cache_dir = self.data_dir / "cache"
        self.results_dir = self.data_dir / "results"

    @classmethod
    def open(cls, path: str | Path | None = None) -> "Workspace":
        """Open the workspace at ``path``, else at ``$CARVIS_WORKSPACE``, else in the current folder.

        Raises:
            PathError: the folder does not exist.
        """
        return cls(path or os.environ.get("CARVIS_WORKSPACE") or Path.cwd())

    def __repr__(self) -> str:
        return f"Workspace({str(self.root)!r})"

    def clear_leftovers(self) -> int:
        """Clear what killed processes left where carvis writes, and return how many there were.

        The folders of images are not looked through.
        """
        places = [self.root, self.models_dir, self.root / "incorrect", *_here(self.data_dir, 1)]
        places += [*_here(self.runs_dir, 2)[1:], *_here(self.evaluations_dir, 3)[1:]]
        places += [*_here(self.cache_dir, 1)[1:], *_here(self.results_dir, 1)[1:]]
        places += [folder / STAGING for folder in _here(self.data_dir, 1)]
        return sum(map(clear_leftovers, places))

    def resolve(self, path: str | Path, extra_roots: Iterable[str | Path] = ()) -> Path:
        """Resolve a path from a file, a form or a URL, which must lie under the workspace.

        Raises:
            PathError: the resolved path lies outside the workspace and ``extra_roots``.
        """
        return resolve_inside(path, [self.root, *extra_roots])

    def relative(self, path: str | Path) -> str:
        """Return ``path`` below the workspace with forward slashes, or unchanged where it lies elsewhere."""
        path = Path(path)
        try:
            return path.resolve().relative_to(self.root).as_posix()
        except ValueError:
            return path.as_posix()

    def datasets(self) -> list[Path]:
        """List the folders in the workspace and in its ``data/`` that hold a train, valid or test folder.

        The workspace itself may be one. The demo comes last.
        """
        ours = {self.runs_dir, self.evaluations_dir, self.cache_dir, self.results_dir}
        candidates = [self.root, self.data_dir, *_subfolders(self.data_dir), *_subfolders(self.root)]
        found = [folder for folder in dict.fromkeys(candidates) if folder not in ours and is_dataset(folder)]
        return sorted(found, key=is_demo)

    def image_roots(self) -> list[Path]:
        """List the folders that the images of a table may lie below: ``data/``, and the data sets beside it."""
        beside = [folder for folder in self.datasets() if not folder.is_relative_to(self.data_dir)]
        return [self.data_dir, *beside] if self.data_dir.is_dir() else beside or [self.root]

    def models(self) -> list[Path]:
        """List the model files in ``models/``, by name, then those in the workspace itself."""
        files = _files(self.models_dir, MODEL_SUFFIXES) + _files(self.root, MODEL_SUFFIXES)
        return [path for path in files if not _is_backup(path)]

    def evaluations(self) -> list[Path]:
        """List the evaluation folders ``data/evaluations/<data set>/<split>/<model>``, by name."""
        return _named(file.parent for file in self.evaluations_dir.glob("*/*/*/metrics.json"))

    def runs(self) -> list[Path]:
        """List the training run folders, newest last."""
        # Keras' models, unzipped, have a config.json, too.
        found = (file.parent for file in self.runs_dir.glob("*/config.json"))
        return sorted(_named(folder for folder in found if (folder / "status.json").is_file()), key=_began)

    def misclassified_tables(self) -> list[Path]:
        """List tables of misclassified pictures: ``df2.csv`` files and every CSV in a folder named ``incorrect``."""
        found = {*self.root.glob("*.csv"), *self.data_dir.glob("*.csv"), *self.evaluations_dir.glob("*/*/*/df2.csv")}
        for folder in (self.root / "incorrect", *self.data_dir.glob("**/incorrect")):
            found.update(folder.glob("*.csv"))
        return _named(found)


def _began(run: Path) -> str:
    """Return when a run began, in UTC; one that waits is the newest of all. Its name may be anybody's choice."""
    try:
        facts = json.loads((run / "status.json").read_text(encoding="utf-8"))
        return str(facts["started"] or "9")
    except (OSError, ValueError, KeyError, TypeError):
        return "9"


def _named(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if is_text(str(path)))


def _is_backup(path: Path) -> bool:
    """Whether a file is what Keras' ``BackupAndRestore`` leaves to go on from: weights without a model."""
    return path.name == "latest.weights.h5" and (path.parent / "training_metadata.json").is_file()


def _subfolders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return _named(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _here(folder: Path, levels: int) -> list[Path]:
    """List a folder and the folders in it, so many levels deep."""
    found = [folder]
    with contextlib.suppress(OSError):
        for path in _subfolders(folder) if levels else ():
            found += _here(path, levels - 1)
    return found


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    if not folder.is_dir():
        return []
    names = (path for path in folder.iterdir() if path.suffix.lower() in suffixes and not path.name.startswith("."))
    return _named(path for path in names if path.is_file())


def resolve_inside(path: str | Path, roots: Iterable[str | Path]) -> Path:
    """Resolve a path, symbolic links included, that must lie under one of ``roots``.

    A relative path is taken below the first root; Windows separators are understood everywhere.

    Raises:
        PathError: the path lies outside every root.
    """
    roots = [Path(root).resolve() for root in roots]
    text = str(path)
    if "\0" in text:
        raise PathError(Message("A path holds a NUL character: correct it."))
    if os.name != "nt":
        if _WINDOWS_DRIVE.match(text):
            raise PathError(
                Message("{text} lies outside the allowed folders: copy it into {root}.", text=text, root=roots[0])
            )
        text = text.replace("\\", "/") if not (roots[0] / text).exists() else text
    resolved = (roots[0] / text).resolve()
    if any(resolved.is_relative_to(root) for root in roots):
        return resolved
    raise PathError(Message("{path} lies outside the allowed folders: copy it into {root}.", path=path, root=roots[0]))
