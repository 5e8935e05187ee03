"""``Dataset``: the classes, counts and samples of a folder of images."""

import os
from functools import cached_property
from pathlib import Path

import pandas as pd

from carvis.dataset.layout import folders_by_split, layout_advice
from carvis.dataset.listing import EMPTY, class_folders, list_split, named_with_reasons
from carvis.errors import DatasetError
from carvis.images import IMAGE_SUFFIXES, depth_of
from carvis.language import Message
from carvis.workspace import (
    canonical_split,
    children,
    content_hash,
    dataset_links,
    is_text,
    resolve_inside,
    resolved,
    shown,
)
from carvis.workspace.sample_ids import canonical_id, composed


class Dataset:
    """Images in ``<root>/<split>/<class>/``, with splits ``train``, ``valid`` (or ``val``, ``validation``), ``test``.

    Any split may be missing. Class names are the folder names of all splits together, sorted. Files and folders whose
    names are not UTF-8, and all but one of those whose names differ in their spelling only, are among the other files,
    and so are symbolic links that lead out of the data set (see ``carvis.workspace.dataset_links``).

    Raises:
        DatasetError: no such folder, its name is not UTF-8, or no split folder with class folders in it.
    """

    def __init__(self, root: str | Path):
        if not str(root).strip():
            raise DatasetError(Message("The data set's name is empty: name its folder."))
        self.root = resolved(root)
        if not is_text(str(self.root)):
            raise DatasetError(Message("{root} has a name that is not UTF-8: rename it.", root=shown(str(self.root))))
        if not self.root.is_dir():
            raise DatasetError(Message("{root} is not a folder: check the path of the data set.", root=root))
        self.links = dataset_links(self.root)
        self.splits = folders_by_split(self.root)
        if not self.splits:
            raise DatasetError(layout_advice(self.root, self.links))

    @property
    def name(self) -> str:
        """The name of the data set's folder."""
        return self.root.name

    def __repr__(self) -> str:
        return f"Dataset({str(self.root)!r}, splits={list(self.splits)}, classes={len(self.class_names)})"

    def _repr_html_(self) -> str | None:
        from carvis.dataset.display import dataset_html

        return dataset_html(self)

    @cached_property
    def class_names(self) -> list[str]:
        """The classes of all splits, sorted by name."""
        names = {composed(path.name) for folder in self.splits.values() for path in class_folders(folder, self.links)}
        return sorted(names)

    @cached_property
    def keras_class_names(self) -> list[str]:
        """The class names in the order that Keras gives them: folders sorted as spelt on the disk, of one split.

        ``image_dataset_from_directory`` and ``flow_from_directory`` sort the names of the folders that a model is
        trained on by code point. Names from macOS are often spelt decomposed and then come in another order than
        composed ones. The split is train, or the first there is; the names themselves are composed.
        """
        folders = class_folders(next(iter(self.splits.values())), self.links)
        return list(dict.fromkeys(composed(name) for name in sorted(path.name for path in folders)))

    def keras_names_of(self, count: int) -> list[str] | None:
        """Return the ``count`` class names of a model in Keras' order, None where there are more or fewer.

        Keras takes __MACOSX for a class, and ``flow_from_directory`` also .ipynb_checkpoints and other hidden folders:
        a model that was trained so has one output more, and all its classes are shifted.
        """
        first = next(iter(self.splits.values()))
        folders = [path.name for path in children(first, self.links, folders=True, hidden=True)]
        visible = [name for name in folders if not name.startswith(".")]
        for names in (self.keras_class_names, list(map(composed, visible)), list(map(composed, folders))):
            if len(names) == count:
                return names
        return None

    def folder(self, split: str) -> Path:
        """Return the folder of a split, named in any spelling.

        Raises:
            DatasetError: the data set has no such split.
        """
        canonical = canonical_split(split)
        if canonical not in self.splits:
            if canonical in self._splits_outside:
                path, reason = self._splits_outside[canonical]
                raise DatasetError(Message("{path} is not read: it {reason}.", path=path, reason=reason))
            raise DatasetError(
                Message(
                    "{root} has no split {split!r}: it holds {choices}.",
                    root=self.root,
                    split=split,
                    choices=", ".join(self.splits),
                )
                if canonical
                else Message("{split!r} is not a split: choose train, valid or test.", split=split)
            )
        return self.splits[canonical]

    @cached_property
    def _splits_outside(self) -> dict[str, tuple[str, Message]]:
        """The path and the reason of folders that are named as a split but are links out of the data set."""
        refused: list[tuple[str, Message]] = []
        children(self.root, self.links, refused=lambda path, reason: refused.append((path, reason)))
        return {split: refusal for refusal in refused if (split := canonical_split(os.path.basename(refusal[0])))}

    @cached_property
    def _listing(self) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
        return {}

    def _scan(self, split: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        folder = self.folder(split)
        if folder.name not in self._listing:
            self._listing[folder.name] = list_split(self.root, folder, self.links)
        return self._listing[folder.name]

    def scanned(self, split: str) -> bool:
        """Tell whether the files of a split were listed already, so that asking for them takes no time."""
        return self.folder(split).name in self._listing

    def samples(self, split: str) -> pd.DataFrame:
        """Return the images of a split by id: columns id, path (absolute), label, size (bytes).

        Raises:
            DatasetError: the data set has no such split.
        """
        return self._scan(split)[0].copy()

    def other_files(self, split: str | None = None) -> pd.DataFrame:
        """Return the files of one split, or of all, that are no images: columns path, reason."""
        tables = [self._scan(name)[1] for name in ([split] if split else self.splits)]
        if not split:
            outside = list(self._splits_outside.values())
            tables.append(pd.DataFrame(outside, columns=["path", "reason"], dtype=object))
        return pd.concat(tables, ignore_index=True)

    def not_read(self, split: str) -> list[dict[str, str]]:
        """List the files of a split that carvis does not read as images: path below the data set, reason.

        Empty image files are not among them: they count as broken images.
        """
        others = self.other_files(split)
        prefix = len(str(self.root)) + 1
        return [
            {"path": path[prefix:].replace(os.sep, "/"), "reason": reason}
            for path, reason in zip(others["path"], others["reason"])
            if not (reason == EMPTY and path.lower().endswith(IMAGE_SUFFIXES))
        ]

    def not_read_notes(self, split: str) -> list[Message]:
        """Say which files of a split are not read as images: one sentence, or none."""
        ignored = self.not_read(split)
        if not ignored:
            return []
        return [
            Message.of_number(
                "{n} file of this split is not read as an image and is not counted: {files}.",
                "{n} files of this split are not read as images and are not counted: {files}.",
                len(ignored),
                files=named_with_reasons(ignored),
            )
        ]

    def notes(self, split: str) -> list[Message]:
        """Say which files of a split are not read, and how its images beyond 8 bits are, one sentence each."""
        return self.not_read_notes(split) + depth_of(self.root).notes()

    def counts(self) -> pd.DataFrame:
        """Return the number of images: one row a class, one column a split."""
        columns = {split: self._scan(split)[0]["label"].value_counts() for split in self.splits}
        table = pd.DataFrame(columns, index=pd.Index(self.class_names, name="class"))
        return table.fillna(0).astype(int)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all sample ids and file sizes: equal on every machine that holds the same images."""
        return content_hash(*(self._scan(s)[0][["id", "size"]].to_numpy().tolist() for s in self.splits))

    def label_of(self, sample_id: str | Path) -> str | None:
        """Return the label of a sample id or a path below the data set, its first folder below the split, or None."""
        split, *below = canonical_id(str(sample_id)).split("/")
        return below[0] if split in self.splits and len(below) > 1 else None

    def resolve(self, sample_id: str | Path) -> Path:
        """Return the image's path for a sample id or a path below the data set.

        Raises:
            PathError: the path leads outside the data set.
            DatasetError: there is no such image.
        """
        text = str(sample_id).replace("\\", "/")
        split, _, rest = text.partition("/")
        # Only a link may lead into another data set, not the path itself.
        below = ".." not in text.split("/") and (self.root / text).is_relative_to(self.root)
        roots: list[str | Path] = [self.root, *self.links.roots] if below else [self.root]
        if split in self.splits and rest:
            path = resolve_inside(self.splits[split] / rest, roots)
        else:
            path = resolve_inside(text, roots)
        if path.is_file():
            return path
        # Names stored decomposed on disk differ from the composed id.
        if split in self.splits:
            samples = self._scan(split)[0]
            match = samples.loc[samples["id"] == canonical_id(text), "path"]
            if len(match):
                return Path(match.iloc[0])
        raise DatasetError(
            Message(
                "{sample_id} is not in {root}: check the name or refresh the list.", sample_id=sample_id, root=self.root
            )
        )
