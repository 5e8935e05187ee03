"""What stored embeddings say of each image: its feature cluster, and how far it is from all training images."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from carvis.evaluation import Evaluation
from carvis.feature_space import Embeddings, clusters, distance_to_nearest, stored_embeddings
from carvis.language import Message
from carvis.progress import Progress, no_progress
from carvis.workspace import Workspace

CLUSTER, DISTANCE = "cluster", "training_distance"


@dataclass(frozen=True, eq=False)
class FeatureColumns:
    """Properties of images that are made of a model's embeddings.

    Attributes:
        table: by id: ``cluster`` (text, the first is 1) and ``training_distance`` (cosine distance to the nearest
            training image, NaN where unknown); only those that are known.
        notes: what is missing, and how to get it.
    """

    table: pd.DataFrame
    notes: tuple[Message, ...] = ()


def feature_columns(
    workspace: Workspace | None, evaluation: Evaluation, progress: Progress = no_progress
) -> FeatureColumns:
    """Return what the stored embeddings of an evaluation say of its images, without the model.

    Args:
        workspace: that keeps the embeddings; None where there is none.
        evaluation: the model's.
        progress: called with (training images done, training images in all); a true return stops the work.

    Raises:
        StoppedError: ``progress`` asked to stop.
    """
    model, data = str(evaluation.setup["model"]["name"]), str(evaluation.setup["dataset"]["name"])
    own = stored_embeddings(workspace, evaluation) if workspace else None
    if own is not None and own.changed_note and not len(own):
        return FeatureColumns(pd.DataFrame(), (own.changed_note,))
    if workspace is None or own is None or not len(own):
        note = Message(
            "Not searched: feature clusters and the distance to training images. No embeddings of {model} on {split} "
            "are stored, or the model has changed since: evaluate it again to store them.",
            model=model,
            split=evaluation.split,
        )
        return FeatureColumns(pd.DataFrame(), (note,))
    table = pd.DataFrame(index=own.ids.astype(object))
    numbers = pd.Series(clusters(own.vectors), table.index)
    # As page Image map counts them: the first is the largest.
    table[CLUSTER] = (numbers + 1).astype(str).astype(object).where(numbers >= 0, None)
    notes = [own.changed_note] if own.changed_note else []
    if own.split == "train":
        return FeatureColumns(table, tuple(notes))
    training = stored_embeddings(workspace, (data, "train", model))
    if training is not None and training.changed_note:
        notes.append(training.changed_note)
        if not len(training):
            return FeatureColumns(table, tuple(notes))
    if training is None or not len(training) or not _same_space(own, training):
        note = Message(
            "Not searched: the distance to training images. No embeddings of {model} on the training images are "
            "stored, or they are of another version of the model: evaluate it on them, too (--split train).",
            model=model,
        )
        return FeatureColumns(table, (*notes, note))
    table[DISTANCE] = distance_to_nearest(own.vectors, training.vectors, progress=progress).astype(float)
    return FeatureColumns(table, tuple(notes))


def _same_space(first: Embeddings, second: Embeddings) -> bool:
    """Tell whether two embeddings can be compared: the same layer of the same version of the model."""
    return (first.fingerprint, first.layer, first.source) == (second.fingerprint, second.layer, second.source)


def with_features(given: pd.DataFrame | None, features: FeatureColumns) -> pd.DataFrame | None:
    """Return a person's own properties with those of the features; of two of one name the person's counts."""
    if given is None:
        return features.table if len(features.table.columns) else None
    added = features.table[[name for name in features.table.columns if name not in given.columns]]
    return given.join(added, how="outer")
