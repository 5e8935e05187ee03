"""Stored embeddings, and the images nearest to one in them: read once, by the files' times, without TensorFlow."""

import pandas as pd
import streamlit as st

from carvis.feature_space import Embeddings, neighbour_table, rows_of, stored_embeddings
from carvis.workspace import children, modified
from ui.state import workspace
from ui.state.workspace import once_a_run

NEIGHBOURS = 10


@once_a_run
def stamp(dataset: str, split: str, model: str) -> tuple[int, ...]:
    """Return what changes when a model is replaced or evaluated again."""
    file = workspace.model_files().get(model)
    # Of the demo's training images there are embeddings and no evaluation.
    folder = workspace.get().evaluations_dir / dataset / split / model
    return (modified(file) if file else 0, *(modified(path) for path in children(folder, folders=False)))


def stored(dataset: str, split: str, model: str) -> Embeddings | None:
    """Return the stored embeddings of a split by a model, None where there are none; shared, not to be changed."""
    return _stored(str(workspace.get().root), dataset, split, model, stamp(dataset, split, model))


@st.cache_resource(max_entries=18, show_spinner=False)
def _stored(root: str, dataset: str, split: str, model: str, times: tuple[int, ...]) -> Embeddings | None:
    found = stored_embeddings(root, (dataset, split, model))
    return found if found is not None and len(found) else None


def neighbours(sample: str, own: Embeddings, against: Embeddings) -> pd.DataFrame:
    """Return the images nearest to one: id, label, distance, the nearest first; none where it has no vector.

    Args:
        sample: its id.
        own: the stored embeddings of its split.
        against: those of the split that is searched, by the same model.
    """
    key = (own.dataset, own.model, own.fingerprint, own.split, against.split)
    times = (stamp(own.dataset, own.split, own.model), stamp(own.dataset, against.split, own.model))
    return _neighbours(str(workspace.get().root), key, times, sample, _own=own, _against=against)


@st.cache_data(max_entries=2000, show_spinner=False)
def _neighbours(
    root: str,
    key: tuple[str, ...],
    times: tuple[tuple[int, ...], ...],
    sample: str,
    *,
    _own: Embeddings,
    _against: Embeddings,
) -> pd.DataFrame:
    rows = rows_of([sample], _own)
    rows = rows[rows >= 0]
    table = neighbour_table([sample] * len(rows), _own.vectors[rows], _against, NEIGHBOURS)
    return table[["id", "label", "distance"]]
