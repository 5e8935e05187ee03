"""``Workspace``: where things lie, and which paths may be opened."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from carvis.errors import CarvisError, PathError
from carvis.language import Message
from carvis.workspace.files import is_text, shown
from carvis.workspace.json_file import read_json
from carvis.workspace.layout import SPLIT_NAMES, STAGING, is_dataset, is_demo
from carvis.workspace.links import Links, link_out_of, resolved
from carvis.workspace.os_errors import shown_path
from carvis.workspace.temporary import clear_leftovers
from carvis.workspace.tree import children, walk

MODEL_SUFFIXES = (".keras", ".h5", ".hdf5")
# Folders below data/ that are large and hold no tables of misclassified images.
_WITHOUT_TABLES = {*SPLIT_NAMES, "masks", "cache"}
_TABLES_DEEP = 5
_WINDOWS_DRIVE = re.compile(r"^[A-Za-z]:")


class Workspace:
    """A folder that holds ``models/`` and ``data/``, the only places carvis writes to.

    A folder of a tutorial opens as it is: data sets, model files and tables of misclassified images may lie in the
    folder itself.

    What bears a name that is not UTF-8 is not listed: no page, address or file could name it.
    """

    def __init__(self, root: str | Path):
        if not str(root).strip():
            raise PathError(Message("The workspace's name is empty: name a folder, or leave it out for this one."))
        self.root = resolved(root)
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
        self.parts_dir = self.data_dir / "parts"

    @classmethod
    def open(cls, path: str | Path | None = None) -> "Workspace":
        """Open the workspace at ``path``, else at ``$CARVIS_WORKSPACE``, else in the current folder.

        Raises:
            PathError: the folder does not exist, or its name is empty.
        """
        return cls(path if path is not None else os.environ.get("CARVIS_WORKSPACE") or Path.cwd())

    def __repr__(self) -> str:
        return f"Workspace({str(self.root)!r})"

    def clear_leftovers(self) -> int:
        """Clear what killed processes left where carvis writes, and return how many there were.

        The folders of images are not looked through.
        """
        places = [self.root, self.models_dir, self.root / "incorrect", *_folders_within(self.data_dir, 1)]
        places += [*_folders_within(self.runs_dir, 2)[1:], *_folders_within(self.evaluations_dir, 3)[1:]]
        places += [*_folders_within(self.cache_dir, 1)[1:], *_folders_within(self.results_dir, 1)[1:]]
        places += [folder / STAGING for folder in _folders_within(self.data_dir, 1)]
        return sum(map(clear_leftovers, places))

    def resolve(self, path: str | Path, extra_roots: Iterable[str | Path] = ()) -> Path:
        """Resolve a path from a file, a form or a URL, which must lie under the workspace.

        Raises:
            PathError: the resolved path lies outside the workspace and ``extra_roots``.
        """
        return resolve_inside(path, [self.root, *extra_roots, *self.links.roots])

    @property
    def links(self) -> Links:
        """Which links below the workspace are followed; its own folders, such as ``data/``, may be links."""
        return Links(self.root, self.models_dir, self.data_dir, self.runs_dir, self.evaluations_dir)

    def relative(self, path: str | Path) -> str:
        """Return ``path`` below the workspace with forward slashes, or unchanged where it lies elsewhere."""
        path = Path(path)
        try:
            return resolved(path).relative_to(self.root).as_posix()
        except (ValueError, PathError):
            return path.as_posix()

    def datasets(self) -> list[Path]:
        """List the folders in the workspace and in its ``data/`` that hold a train, valid or test folder.

        The workspace itself may be one. The demo comes last.
        """
        own_folders = {self.runs_dir, self.evaluations_dir, self.cache_dir, self.results_dir, self.parts_dir}
        # A data set's own folder may be a link to anywhere.
        anywhere = Links(self.root.anchor)
        inside = [path for place in (self.data_dir, self.root) for path in children(place, anywhere, folders=True)]
        candidates = [self.root, self.data_dir, *inside]
        datasets = [folder for folder in dict.fromkeys(candidates) if folder not in own_folders and is_dataset(folder)]
        return sorted(datasets, key=is_demo)

    def image_roots(self) -> list[Path]:
        """List the folders that the images of a table may lie below: ``data/``, and the data sets beside it."""
        data = resolved(self.data_dir)
        beside = [folder for folder in self.datasets() if not resolved(folder).is_relative_to(data)]
        return [self.data_dir, *beside] if self.data_dir.is_dir() else beside or [self.root]

    def models(self) -> list[Path]:
        """List the model files in ``models/``, by name, then those in the workspace itself."""
        files = [
            path for folder in (self.models_dir, self.root) for path in children(folder, self.links, folders=False)
        ]
        return [path for path in files if path.suffix.lower() in MODEL_SUFFIXES and not _is_backup(path)]

    def evaluations(self) -> list[Path]:
        """List the evaluation folders ``data/evaluations/<data set>/<split>/<model>``, by name."""
        return [folder for folder in self._evaluation_folders(self.links) if not link_out_of(folder)]

    def _evaluation_folders(self, links: Links) -> list[Path]:
        folders = [self.evaluations_dir]
        for _depth in range(3):
            folders = [below for folder in folders for below in children(folder, links, folders=True)]
        # Damaged evaluations are listed, too, so that a page can name them.
        return [folder for folder in folders if os.path.lexists(folder / "metrics.json")]

    def runs(self) -> list[Path]:
        """List the training run folders, newest last."""
        return sorted((folder for folder in self._run_folders(self.links) if not link_out_of(folder)), key=_began)

    def _run_folders(self, links: Links) -> list[Path]:
        # Keras' models, unzipped, have a config.json, too. What is damaged is listed as well.
        folders = children(self.runs_dir, links, folders=True)
        return [folder for folder in folders if os.path.lexists(folder / "status.json")]

    def misclassified_tables(self) -> list[Path]:
        """List tables of misclassified images: ``df2.csv`` files and every CSV in a folder named ``incorrect``."""
        links = self.links
        folders = [self.root, self.data_dir, self.root / "incorrect"]
        inside = walk(self.data_dir, links, folders=True, skip=_WITHOUT_TABLES, deepest=_TABLES_DEEP)
        folders += [Path(tables.path) for tables in inside if tables.name == "incorrect"]
        tables = {
            path for folder in folders for path in children(folder, links, folders=False) if path.suffix == ".csv"
        }
        tables |= {path for evaluation in self.evaluations() if (path := evaluation / "df2.csv").is_file()}
        return sorted(tables)

    def links_out(self) -> list[Path]:
        """List the models, tables, runs and evaluations that are skipped because a link leads out of the workspace."""
        links = self.links
        tables = (".csv",)
        places = (
            (self.models_dir, MODEL_SUFFIXES),
            (self.root, MODEL_SUFFIXES + tables),
            (self.root / "incorrect", tables),
            (self.data_dir, tables),
            (self.runs_dir, ("",)),
            (self.evaluations_dir, ("",)),
        )
        anywhere = Links(self.root.anchor)
        linked = [
            path
            for folder, suffixes in places
            for path in children(folder, anywhere)
            if path.name.lower().endswith(suffixes) and path.is_symlink() and not links.hold(path)
        ]
        inner = [*self._evaluation_folders(links), *self._run_folders(links)]
        return sorted({*linked, *(Path(path) for folder in inner if (path := link_out_of(folder)))})


def _began(run: Path) -> str:
    """Return when a run began, in UTC; a queued one is the newest. Runs may have any name."""
    try:
        return str(read_json(run / "status.json", dict, nan=None)["started"] or "9")
    except (CarvisError, KeyError):
        return "9"


def _is_backup(path: Path) -> bool:
    """Whether a file is what Keras' ``BackupAndRestore`` leaves to go on from: weights without a model."""
    return path.name == "latest.weights.h5" and (path.parent / "training_metadata.json").is_file()


def _folders_within(folder: Path, levels: int) -> list[Path]:
    """List a folder and the folders in it, so many levels deep."""
    folders = [folder]
    for path in children(folder, folders=True) if levels else ():
        folders += _folders_within(path, levels - 1)
    return folders


def resolve_inside(path: str | Path, roots: Iterable[str | Path]) -> Path:
    """Resolve a path, symbolic links included, that must lie under one of ``roots``.

    A relative path is taken below the first root; Windows separators are understood everywhere.

    Raises:
        PathError: the path lies outside every root.
    """
    folders = [resolved(root) for root in roots]
    text = str(path)
    if os.name != "nt" and "\0" not in text:
        if _WINDOWS_DRIVE.match(text):
            raise PathError(
                Message("{text} lies outside the allowed folders: copy it into {root}.", text=text, root=folders[0])
            )
        text = text.replace("\\", "/") if not os.path.exists(folders[0] / text) else text
    place = resolved(folders[0] / text)
    if any(place.is_relative_to(root) for root in folders):
        return place
    raise PathError(
        Message("{path} lies outside the allowed folders: copy it into {root}.", path=shown_path(path), root=folders[0])
    )
