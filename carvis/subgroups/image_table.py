"""``image_properties``: everything that is known of each image of a split, as one table to search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.dataset import Dataset
from carvis.dataset.health import Health, check_dataset
from carvis.dataset.health.image_facts import CACHE_BYTES
from carvis.dataset.parts import Parts, find_parts, read_parts, with_drawn
from carvis.errors import CarvisError, TableError
from carvis.evaluation import super_classes
from carvis.language import Message, message_of
from carvis.progress import Progress, no_progress, partial_progress
from carvis.subgroups.objects import object_table
from carvis.subgroups.properties import TAG, TAGGED, UNTAGGED, is_number
from carvis.tags import Tags
from carvis.workspace import Cache, Workspace

# Of the time, what checking the data set takes where it was not checked before, in per cent.
_CHECKING = 80
_FACTS = ("brightness", "centre_brightness", "contrast", "sharpness", "tint", "warmth", "saturation", "quality")


@dataclass(frozen=True, eq=False)
class ImageProperties:
    """The properties of the images of a split.

    Attributes:
        table: by id, a column a property (keys of ``PROPERTIES``, ``label``, ``super_class``, ``format``,
            ``tag:<name>``, and columns that were given); numbers as float, NaN where unknown, everything else as text.
        group: (N,), the group of near-duplicates of each image; equal numbers show the same photograph.
        sha256: (N,), the hash of each image's file.
        notes: sentences on what could not be described, and what to mind.
    """

    table: pd.DataFrame
    group: NDArray[np.int_]
    sha256: NDArray[np.str_]
    notes: tuple[Message, ...] = ()

    def only(self, ids: pd.Index) -> ImageProperties:
        """Return the properties of some of the images, in the order given."""
        rows = self.table.index.get_indexer(ids)
        return ImageProperties(self.table.iloc[rows], self.group[rows], self.sha256[rows], self.notes)


def described_split(
    data: Dataset | str | Path,
    split: str | None,
    health: Health | None,
    cache_dir: str | Path | None,
    *,
    tags: Tags | None = None,
    named_super_classes: Mapping[str, str] | None = None,
    columns: pd.DataFrame | None = None,
    workspace: Workspace | str | Path | None = None,
    progress: Progress = no_progress,
) -> tuple[ImageProperties, str]:
    """Check a data set where that was not done yet, and describe the images of a split.

    Args:
        data: the data set, or its folder.
        split: None for train, or the first that there is.
        health: what ``check_dataset`` found, where it is known.
        cache_dir: of a workspace, where checks of data sets are kept.
        tags, named_super_classes, columns, workspace: as ``image_properties``.
        progress: called with (per cent done, 100); a true return stops the work.

    Returns:
        The properties, and the split.
    """
    data = data if isinstance(data, Dataset) else Dataset(data)
    cache = Cache(Path(cache_dir) / "health", CACHE_BYTES) if cache_dir else None
    health = health or check_dataset(data, partial_progress(progress, 0, _CHECKING), cache)
    split = split or next(iter(health.splits))
    known = image_properties(
        data,
        health,
        split,
        tags=tags,
        named_super_classes=named_super_classes,
        columns=columns,
        workspace=workspace,
        cache=cache,
        progress=partial_progress(progress, _CHECKING, 100),
    )
    return known, split


def image_properties(
    data: Dataset,
    health: Health,
    split: str = "test",
    *,
    parts: Parts | Literal["stored"] | None = "stored",
    tags: Tags | None = None,
    named_super_classes: Mapping[str, str] | None = None,
    columns: pd.DataFrame | None = None,
    workspace: Workspace | str | Path | None = None,
    cache: Cache | None = None,
    progress: Progress = no_progress,
) -> ImageProperties:
    """Describe every readable image of a split.

    Light, colour and duplicates are what ``check_dataset`` measured; nothing of them is read again.

    Args:
        data: the data set.
        health: what ``check_dataset`` found of it.
        split: train, valid or test.
        parts: annotated parts, for the object's share, place and colour; ``stored`` takes the data set's own with
            the boxes drawn by hand, None none.
        tags: the tags of a workspace.
        named_super_classes: class -> super-class, as ``read_super_classes`` returns it; by default the first word of
            the class.
        columns: properties of a person's own, by id; an image that is not in it lacks them. Such are ``cluster``
            (text) and ``training_distance``.
        workspace: that keeps the boxes drawn by hand; by default the one that the data set lies in.
        cache: keeps what is measured of the parts.
        progress: called with (images done, images in all) while parts are measured; a true return stops the work.

    Raises:
        TableError: no image of the split can be read, or ``columns`` names a property that exists.
        StoppedError: ``progress`` asked to stop.
    """
    images = health.images[(health.images["split"] == split) & (health.images["reason"] == "")]
    images = images.drop_duplicates("id").set_index("id")
    if images.empty:
        raise TableError(Message("{data} has no readable image in {split}.", data=health.name, split=split))
    table = images[list(_FACTS)].astype(float)
    table["size"] = images[["width", "height"]].min(axis=1).astype(float)
    table["aspect_ratio"] = images["width"] / images["height"]
    table["near_duplicates"] = _in_group(images, health.images) - 1.0
    if split != "train" and "train" in health.splits:
        table["training_duplicates"] = _in_group(images, health.images[health.images["split"] == "train"])
    notes: list[Message] = []
    found = _stored_parts(data, split, workspace, notes) if parts == "stored" else parts
    if found is not None:
        table = table.join(object_table(images, found, cache, progress))
    table["label"] = images["label"].astype(object)
    groups = super_classes(sorted(set(images["label"])), named_super_classes)
    # Where each class is one of its own, there is nothing to add.
    if 1 < len(set(groups.values())) < len(groups):
        table["super_class"] = table["label"].map(groups)
    table["format"] = images["format"].astype(object)
    if tags is not None:
        table = table.join(_tag_columns(tags, health.name, images))
    if columns is not None:
        if taken := [str(name) for name in columns.columns if name in table.columns]:
            raise TableError(Message("{name} is a property already: rename the column.", name=taken[0]))
        table = table.join(_clean(columns))
    group = images["group"].to_numpy(int)
    return ImageProperties(_varying(table), group, images["bytes"].to_numpy(str), tuple(notes))


def _in_group(images: pd.DataFrame, among: pd.DataFrame) -> pd.Series:
    counts = among.loc[among["group"] >= 0, "group"].value_counts()
    return images["group"].map(counts).fillna(0).astype(float)


def _stored_parts(
    data: Dataset, split: str, workspace: Workspace | str | Path | None, notes: list[Message]
) -> Parts | None:
    own: Parts | None = None
    for source in find_parts(data):
        try:
            own = read_parts(source, data, split)
            break
        except CarvisError as error:
            notes.append(Message("The object's size and place are unknown: {error}", error=message_of(error)))
    try:
        return with_drawn(own, data, split, workspace)
    except CarvisError as error:
        notes.append(Message("The boxes drawn by hand are not used: {error}", error=message_of(error)))
        return own


def _tag_columns(tags: Tags, name: str, images: pd.DataFrame) -> pd.DataFrame:
    asked = pd.DataFrame({"id": images.index, "sha256": images["bytes"].to_numpy(object)})
    given = tags.on(name, asked)["tags"]
    names = sorted({tag for of_image in given for tag in of_image})
    columns = {
        f"{TAG}{tag}": pd.Series(
            {sample: TAGGED for sample, of_image in given.items() if tag in of_image}, dtype=object
        )
        for tag in names
    }
    return pd.DataFrame(columns, index=images.index).fillna(UNTAGGED)


def _clean(columns: pd.DataFrame) -> pd.DataFrame:
    """Numbers as float, everything else as text; a missing value stays missing."""
    clean = {}
    for name, column in columns.items():
        clean[str(name)] = (
            column.astype(float) if is_number(column) else column.map(str, na_action="ignore").astype(object)
        )
    return pd.DataFrame(clean, index=columns.index)


def _varying(table: pd.DataFrame) -> pd.DataFrame:
    """Drop what is the same in all images: the size, where all have been resized."""
    return table[[name for name in table.columns if name == "label" or table[name].nunique(dropna=False) > 1]]
