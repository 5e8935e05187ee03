"""Stored embeddings, and the images nearest to one in them: read once, by the files' times, without TensorFlow."""

import numpy as np
import pandas as pd
import streamlit as st

from carvis.feature_space import Embeddings, image_embedding, neighbour_table, rows_of, stored_embeddings
from carvis.workspace import children, modified
from ui.state import unreadable, workspace
from ui.state.models import Opened, stamp_of
from ui.state.samples import Sample
from ui.state.workspace import once_a_run

NEIGHBOURS = 10


Stamp = tuple[int | str, ...]


@once_a_run
def stamp(dataset: str, split: str, model: str) -> Stamp:
    """Return what changes when a model is replaced or evaluated again, or an image replaced."""
    file = workspace.model_files().get(model)
    # Embeddings may have been passed on without the evaluation.
    folder = workspace.get().evaluations_dir / dataset / split / model
    images = ""
    with unreadable.item("data set", dataset):
        images = workspace.image_times(workspace.dataset(dataset)) if dataset in workspace.datasets() else ""
    return (modified(file) if file else 0, images, *(modified(path) for path in children(folder, folders=False)))


def stored(dataset: str, split: str, model: str) -> Embeddings | None:
    """Return the stored embeddings of a split by a model, None where there are none; shared, not to be changed."""
    return _stored(str(workspace.get().root), dataset, split, model, stamp(dataset, split, model))


@st.cache_resource(max_entries=18, show_spinner=False)
def _stored(root: str, dataset: str, split: str, model: str, times: Stamp) -> Embeddings | None:
    found = stored_embeddings(root, (dataset, split, model))
    return found if found is not None and len(found) else None


def of_upload(dataset: str, model: Opened, sample: Sample) -> Embeddings:
    """Return the embedding of one image that is of no split, by a model that is open, to be held against a data set's.

    Raises:
        CarvisError: the image cannot be read, or the model has no embeddings.
    """
    return _of_upload(model.clf.fingerprint, model.name, dataset, sample.id, stamp_of(sample), model, sample)


@st.cache_resource(max_entries=100, show_spinner=False)
def _of_upload(
    fingerprint: str, name: str, dataset: str, sample_id: str, content: object, _model: Opened, _sample: Sample
) -> Embeddings:
    with _model.lock:
        vectors = image_embedding(_model.clf, _sample.source)[None]
    # Under its content: of two uploads with one name each has its own neighbours.
    ids = np.array([sample_id])
    return Embeddings(ids, np.array([""]), vectors, "", "score-input", name, fingerprint, dataset, f"upload {content}")


def neighbours(sample: str, own: Embeddings, against: Embeddings) -> pd.DataFrame:
    """Return the images nearest to one: id, label, distance, the nearest first; none where it has no vector.

    Args:
        sample: its id.
        own: the stored embeddings of its split, or its own by ``of_upload``.
        against: those of the split that is searched, by the same model.
    """
    key = (own.dataset, own.model, own.fingerprint, own.split, against.split)
    times = (stamp(own.dataset, own.split, own.model), stamp(own.dataset, against.split, own.model))
    return _neighbours(str(workspace.get().root), key, times, sample, _own=own, _against=against)


@st.cache_data(max_entries=2000, show_spinner=False)
def _neighbours(
    root: str,
    key: tuple[str, ...],
    times: tuple[Stamp, ...],
    sample: str,
    *,
    _own: Embeddings,
    _against: Embeddings,
) -> pd.DataFrame:
    rows = rows_of([sample], _own)
    rows = rows[rows >= 0]
    table = neighbour_table([sample] * len(rows), _own.vectors[rows], _against, NEIGHBOURS)
    return table[["id", "label", "distance"]]
