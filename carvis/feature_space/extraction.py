"""``embeddings``: what a model's scores are made from, for every image of a split."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.dataset import Dataset, Unreadable, canonical_split, workspace_of
from carvis.errors import DatasetError
from carvis.feature_space.cache import EmbeddingCache, Entry, embedding_key
from carvis.feature_space.result import Embeddings
from carvis.feature_space.split_content import SplitContent
from carvis.language import Message, together
from carvis.progress import Progress, advance, no_progress
from carvis.workspace import Workspace

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.feature_space.embedding_layer import EmbeddingLayer


def embeddings(
    clf: Classifier,
    data: Dataset | str | Path,
    split: str = "test",
    *,
    workspace: Workspace | str | Path | None = None,
    batch_size: int = 32,
    progress: Progress | None = None,
) -> Embeddings:
    """Return a vector for every image of a split: the input of the last layer that makes the scores.

    With a convolutional head or an average of models it is the global mean of the default layer;
    ``Embeddings.source`` says which, and ``Embeddings.words`` in a sentence.

    They are kept in the workspace's cache, named by the model's fingerprint and the images' content; ``evaluate``
    keeps them there, too. Those that are there already are opened, memory-mapped.

    Args:
        clf: the classifier.
        data: a data set or its folder.
        split: train, valid or test.
        workspace: where they are kept; by default the workspace that the data set lies in. Where there is none,
            nothing is kept.
        batch_size: images in one pass.
        progress: called with (images done, images in all) after each batch.

    Raises:
        DatasetError: no such split, or no image in it that can be read.
        ModelError: the model has no embeddings, or they are NaN or infinite.
        StoppedError: ``progress`` asked to stop.
    """
    from carvis.feature_space.embedding_layer import embedding_layer

    data = data if isinstance(data, Dataset) else Dataset(data)
    samples = data.samples(split)
    if samples.empty:
        raise DatasetError(no_images(data, split))
    layer = embedding_layer(clf)
    workspace = workspace_of(data, workspace)
    cache = EmbeddingCache(workspace) if workspace else None
    content = SplitContent(samples, workspace).read() if workspace else None
    key = embedding_key(clf.fingerprint, content) if content else None
    entry = cache.open(key) if cache and key else None
    if entry is None or not set(entry.ids) <= set(samples["id"]):
        entry = _computed(clf, layer, data.folder(split), samples, cache, key, batch_size, progress or no_progress)
    # An evaluation spells the labels as the model does.
    labels = samples.set_index("id")["label"].loc[entry.ids.tolist()].to_numpy(np.str_)
    named = entry._replace(labels=labels)
    return named.named(clf.name, clf.fingerprint, data.name, canonical_split(split) or split)


def image_embedding(clf: Classifier, source: str | Path | bytes) -> NDArray[np.float32]:
    """Return the vector (d,) of one image that need not be of a data set, as ``embeddings`` has them.

    Args:
        clf: the classifier.
        source: an image file, or its content.

    Raises:
        ImageError: the image cannot be read.
        ModelError: the model has no embeddings, or they are NaN or infinite.
    """
    from carvis.feature_space.model_pass import checked_vectors, embedding_pass

    run = embedding_pass(clf)
    image = clf.preprocess(clf.fit(clf.read_image(source))[None])
    return checked_vectors(clf, run(image).vectors, 1)[0]


def no_images(data: Dataset, split: str) -> Message | str:
    """Say that a split holds no images."""
    reason = Message("{folder} holds no images: put some in its class folders.", folder=data.folder(split))
    return together([reason, *data.notes(split)])


def none_readable(n: int, folder: Path, first: str) -> Message:
    """Say that no image of a split can be read, and why not the first."""
    return Message("None of the {n} images in {folder} can be read ({first})", n=n, folder=folder, first=first)


def _computed(
    clf: Classifier,
    layer: EmbeddingLayer,
    folder: Path,
    samples: pd.DataFrame,
    cache: EmbeddingCache | None,
    key: str | None,
    batch_size: int,
    progress: Progress,
) -> Entry:
    ids, labels = (samples[name].to_numpy(object) for name in ("id", "label"))
    unreadable = Unreadable()
    places: list[NDArray[np.int64]] = []
    parts: list[NDArray[np.float32]] = []
    with contextlib.ExitStack() as stack:
        writer = stack.enter_context(cache.writing(len(ids), layer.width)) if cache and key else None
        for index, vectors in _vectors(clf, samples["path"].tolist(), batch_size, unreadable):
            places.append(index)
            (writer or parts).append(vectors)
            advance(progress, int(index[-1]) + 1, len(ids))
        if not places:
            raise DatasetError(none_readable(len(ids), folder, unreadable.reasons[0]))
        rows = np.concatenate(places)
        if writer and cache and key:
            facts = (layer.path, layer.source, layer.width)
            return cache.keep(writer, key, ids[rows].tolist(), labels[rows].tolist(), facts)
    vectors = np.concatenate(parts)
    return Entry(ids[rows].astype(np.str_), labels[rows].astype(np.str_), vectors, layer.path, layer.source)


def _vectors(
    clf: Classifier, paths: list[str], batch_size: int, unreadable: Unreadable
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield the places of images that could be read, int64 (n,), and their vectors, float32 (n, d)."""
    from carvis.feature_space.model_pass import checked_vectors, embedding_pass

    run = embedding_pass(clf)
    for index, images in clf.prepared_batches(paths, batch_size=batch_size, unreadable=unreadable):
        yield index, checked_vectors(clf, run(images).vectors, len(index))
