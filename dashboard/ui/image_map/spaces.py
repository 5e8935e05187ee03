"""The images on the map: each model's embeddings, read without TensorFlow, and what is known of each image."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from carvis.dataset import Dataset
from carvis.language import Message
from carvis.workspace import SPLITS, content_hash
from ui.image_map.keys import keys_of
from ui.state import current, embeddings, evaluations, unreadable, workspace
from ui.state.evaluations import Table

# More points do not pan smoothly; the rest is found by search and sets.
MOST_DRAWN = 100_000
_SEED = 0


@dataclass(frozen=True, eq=False)
class Space:
    """A model's embeddings of the images of one or more splits.

    ``key`` names their content; ``drawn`` are the rows on the map, in order: all, or a seeded sample. ``notes`` says
    which images are ignored.
    """

    model: str
    key: str
    dataset: str
    splits: tuple[str, ...]
    source: str
    ids: NDArray[np.str_]
    labels: NDArray[np.str_]
    vectors: NDArray[np.float32]
    drawn: NDArray[np.intp]
    notes: tuple[Message, ...] = ()

    @cached_property
    def keys(self) -> NDArray[np.float64]:
        """The numbers that stand for the ids on the map."""
        return keys_of(self.ids)

    def ids_of(self, keys: NDArray[np.float64]) -> tuple[str, ...]:
        """Return the ids that some keys stand for, in order; keys of no image here are ignored."""
        return tuple(self.ids[np.isin(self.keys, keys)].tolist())


def spaces(models: list[str], splits: tuple[str, ...]) -> dict[str, Space]:
    """Return the embeddings of the models that have some; what cannot be read is named by the page."""
    found = {}
    for model in models:
        stamps = tuple(embeddings.stamp(current.dataset_name(), split, model) for split in splits)
        with unreadable.item("result", model):
            space = _space(str(workspace.get().root), current.dataset_name(), splits, model, stamps)
            if space is not None:
                found[model] = space
    return found


@st.cache_resource(max_entries=6, show_spinner=False)
def _space(
    root: str, dataset: str, splits: tuple[str, ...], model: str, stamps: tuple[embeddings.Stamp, ...]
) -> Space | None:
    parts = [part for split in splits if (part := embeddings.stored(dataset, split, model)) is not None]
    # Vectors of another version of the model lie in another space.
    parts = [part for part in parts if part.fingerprint == parts[0].fingerprint]
    if not parts:
        return None
    one = parts[0]
    ids = np.concatenate([part.ids for part in parts])
    # A single split stays memory-mapped.
    vectors = one.vectors if len(parts) == 1 else np.concatenate([part.vectors for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    key = content_hash(one.fingerprint, one.layer, dataset, ids, vectors)
    there = tuple(part.split for part in parts)
    notes = tuple(note for part in parts if (note := part.changed_note))
    return Space(model, key, dataset, there, one.source, ids, labels, vectors, sample(len(ids)), notes)


def sample(n: int, most: int = MOST_DRAWN) -> NDArray[np.intp]:
    """Return all of ``n`` rows, or ``most`` of them drawn with a fixed seed, in order."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(_SEED).choice(n, most, replace=False))


def evaluated_splits(dataset: Dataset) -> tuple[str, ...]:
    """Return the splits of a data set in their usual order."""
    return tuple(split for split in SPLITS if split in dataset.splits)


def rows(space: Space) -> pd.DataFrame:
    """Return what is known of each image of a space, a row each in its order.

    Columns id, split, label, path, status, data, and predicted, confidence, sha256 where the model's evaluation knows
    the image (else None, NaN and empty). The frame is shared between sessions and is not to be changed.
    """
    name = current.dataset_name()
    tables = [evaluations.on(name, split).get(space.model) for split in space.splits]
    known = tuple(table for table in tables if table is not None and current.evaluation(table) is not None)
    stamps = tuple((table.name, evaluations.stamp(table)) for table in known)
    times = workspace.folder_times(workspace.datasets()[name])
    return _rows(name, space.key, stamps, times, _space=space, _tables=known, _dataset=workspace.dataset(name))


@st.cache_resource(max_entries=6, show_spinner=False)
def _rows(
    name: str, key: str, stamps: tuple, times: tuple, *, _space: Space, _tables: tuple[Table, ...], _dataset: Dataset
) -> pd.DataFrame:
    table = pd.DataFrame({"id": _space.ids.astype(object), "label": _space.labels.astype(object)})
    samples = pd.concat([_dataset.samples(split)[["id", "path"]] for split in _space.splits], ignore_index=True)
    table["path"] = table["id"].map(dict(zip(samples["id"], samples["path"])))
    table["status"] = np.where(table["path"].notna(), "found", "missing")
    table["split"] = table["id"].str.partition("/")[0]
    columns = ["id", "predicted", "confidence", "sha256"]
    parts = [evaluations.load(one).predictions[columns] for one in _tables]
    if parts:
        known = pd.concat(parts, ignore_index=True).drop_duplicates("id")
        table = table.merge(known, on="id", how="left", validate="m:1")
    else:
        table = table.assign(predicted=None, confidence=np.nan, sha256="")
    table["predicted"] = table["predicted"].astype(object).where(table["predicted"].notna(), None)
    table = table.assign(sha256=table["sha256"].fillna(""), data=name)
    # What is made of the table is kept under this.
    table.attrs["key"] = content_hash(key, stamps, times)
    return table
