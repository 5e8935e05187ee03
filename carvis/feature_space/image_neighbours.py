"""``neighbours``: the images of a split that are nearest to any image in a model's features."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.dataset import Dataset, canonical_id, canonical_split, workspace_of
from carvis.errors import CarvisError, DatasetError
from carvis.feature_space.extraction import embeddings
from carvis.feature_space.result import Embeddings
from carvis.feature_space.stored import stored_embeddings
from carvis.feature_space.vector_neighbours import neighbour_table, rows_of
from carvis.language import Message, message_of, together
from carvis.progress import Progress, advance, no_progress, partial_progress
from carvis.workspace import Workspace, is_demo, resolved

if TYPE_CHECKING:
    from carvis.classifier import Classifier

Image = str | Path | bytes | NDArray[np.uint8]
_BATCH = 32
# Most of the time goes into embeddings that are not kept yet.
_SEARCHED = 90.0


class _Query(NamedTuple):
    """An image that is compared: its name, its row among the images searched or -1, and its vector."""

    name: str
    row: int
    vector: NDArray[np.float32]


def neighbours(
    clf: Classifier,
    images: Image | Iterable[Image],
    data: Dataset | str | Path,
    split: str = "train",
    k: int = 10,
    *,
    workspace: Workspace | str | Path | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Find the images of a split that are nearest to each image in the features of a model.

    Distances are cosine distances of ``embeddings``. An image of the split is not its own neighbour, an exact duplicate
    of it is. Distances of two models are not comparable, ranks are.

    Args:
        clf: the classifier.
        images: sample ids of any split of ``data``, paths of image files, content of image files (bytes), or uint8
            arrays (H, W, 3) or (H, W, 1); one or several.
        data: a data set or its folder.
        split: the split that is searched. Where its images are not there, the embeddings that ``evaluate`` kept of it
            are searched.
        k: how many neighbours an image.
        workspace: as ``embeddings``.
        progress: called with (per cent done, 100).

    Returns:
        Columns image (as given; ``[0]`` for an array or bytes, counted from 0), rank (1 is the nearest), id, label,
        distance. ``.attrs["notes"]`` says which images cannot be read, a sentence each.

    Raises:
        DatasetError: neither the images of the split nor embeddings of them are there.
        ModelError: the model has no embeddings.
        CarvisError: ``k`` is less than 1, or none of the images can be read.
        StoppedError: the caller asked to stop.
    """
    if k < 1:
        raise CarvisError(Message("The number of neighbours is {k}: it must be at least 1.", k=k))
    data = data if isinstance(data, Dataset) else Dataset(data)
    workspace = workspace_of(data, workspace)
    progress = progress or no_progress
    searched = _searched(clf, data, split, workspace, partial_progress(progress, 0, _SEARCHED))
    notes: list[str] = []
    given = _listed(images)
    queries = list(_queries(clf, given, data, searched, workspace, notes, partial_progress(progress, _SEARCHED, 99)))
    if given and not queries:
        raise CarvisError(notes[0])
    vectors = np.stack([query.vector for query in queries]) if queries else searched.vectors[:0]
    own = np.array([query.row for query in queries], np.int64)
    table = neighbour_table([query.name for query in queries], vectors, searched, k, own=own)
    table.attrs["notes"] = notes
    advance(progress, 100, 100)
    return table


def _searched(
    clf: Classifier, data: Dataset, split: str, workspace: Workspace | None, progress: Progress
) -> Embeddings:
    """Return the embeddings of the split that is searched, from its images or as they were kept."""
    try:
        return embeddings(clf, data, split, workspace=workspace, progress=progress)
    except DatasetError as error:
        canonical = canonical_split(split)
        kept = _kept(clf, data, canonical, workspace) if canonical else None
        if kept is not None:
            return kept
        if canonical == "train" and is_demo(data.root):
            words: str = Message(
                "{root} has no training images yet: `python -m carvis demo` draws them.", root=data.root
            )
        else:
            needed = Message(
                "Neighbours need the images of the split that is searched, or the embeddings that `python -m carvis "
                "evaluate` keeps of them."
            )
            words = together([message_of(error), needed]) if canonical else message_of(error)
        raise DatasetError(words) from None


def _kept(clf: Classifier, data: Dataset, split: str, workspace: Workspace | None) -> Embeddings | None:
    """Return the embeddings that an evaluation by this very model kept of a split, None where there are none."""
    kept = stored_embeddings(workspace, (data.name, split, clf.name)) if workspace else None
    return kept if kept is not None and kept.fingerprint == clf.fingerprint else None


def _listed(images: Image | Iterable[Image]) -> list[Image]:
    if isinstance(images, (str, Path, bytes)):
        return [images]
    if isinstance(images, np.ndarray) and images.ndim == 3:
        return [images]
    return list(images)


def _queries(
    clf: Classifier,
    images: Sequence[Image],
    data: Dataset,
    searched: Embeddings,
    workspace: Workspace | None,
    notes: list[str],
    progress: Progress,
) -> Iterator[_Query]:
    """Yield the images that can be compared, in their order; ``notes`` takes why the others cannot."""
    names = [str(image) if isinstance(image, (str, Path)) else f"[{i}]" for i, image in enumerate(images)]
    rows = rows_of(_ids(images, data, searched), searched)
    pending: list[tuple[str, NDArray[np.uint8]]] = []
    for i, (image, name, row) in enumerate(zip(images, names, rows.tolist())):
        array: NDArray[np.uint8] | None = None
        vector = searched.vectors[row] if row >= 0 else None
        if vector is None:
            try:
                array = clf.fit(_array(clf, image, data))
            except CarvisError as error:
                vector = _kept_vector(clf, image, data, workspace)
                if vector is None:
                    notes.append(message_of(error))
                    continue
        if array is None or len(pending) == _BATCH or (pending and pending[0][1].shape != array.shape):
            yield from _passed(clf, pending)
            pending = []
        if array is not None:
            pending.append((name, array))
        elif vector is not None:
            yield _Query(name, row, vector)
        advance(progress, i + 1, len(images))
    yield from _passed(clf, pending)


def _ids(images: Sequence[Image], data: Dataset, searched: Embeddings) -> list[str]:
    """Return the sample id of each image that is one of those searched, however it was named, else an empty text."""
    here: dict[str, str] = {}
    if searched.split in data.splits and any(isinstance(image, (str, Path)) for image in images):
        samples = data.samples(searched.split)
        here = dict(zip(samples["path"], samples["id"]))
    ids = []
    for image in images:
        sample_id = canonical_id(str(image)) if isinstance(image, (str, Path)) else ""
        if isinstance(image, Path) or (isinstance(image, str) and data.label_of(sample_id) is None):
            sample_id = here.get(os.path.abspath(image), sample_id)
            # The data set may have been named by a link that leads to it.
            with contextlib.suppress(CarvisError):
                sample_id = here.get(str(resolved(image)), sample_id)
        ids.append(sample_id)
    return ids


def _array(clf: Classifier, image: Image, data: Dataset) -> NDArray[np.uint8]:
    """Read an image as the model takes it, uint8 (H, W, C)."""
    if isinstance(image, np.ndarray):
        return image
    if isinstance(image, str) and data.label_of(image) is not None:
        with contextlib.suppress(CarvisError):
            image = data.resolve(image)
    return clf.read_image(image)


def _kept_vector(
    clf: Classifier, image: Image, data: Dataset, workspace: Workspace | None
) -> NDArray[np.float32] | None:
    """Return the vector that an evaluation kept of a sample whose image is not there, or None."""
    split = canonical_split(str(image).partition("/")[0]) if isinstance(image, str) else None
    kept = _kept(clf, data, split, workspace) if split else None
    if kept is None:
        return None
    row = rows_of([canonical_id(str(image))], kept)[0]
    return kept.vectors[row] if row >= 0 else None


def _passed(clf: Classifier, images: list[tuple[str, NDArray[np.uint8]]]) -> Iterator[_Query]:
    """Yield images of one size with the vectors that the model gives for them."""
    from carvis.feature_space.model_pass import checked_vectors, embedding_pass

    if images:
        batch = clf.preprocess(np.stack([array for _, array in images]))
        vectors = checked_vectors(clf, embedding_pass(clf)(batch).vectors, len(images))
        for (name, _), vector in zip(images, vectors):
            yield _Query(name, -1, vector)
