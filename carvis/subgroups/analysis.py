"""``slices``: where a model fails more than elsewhere, proposed on one half of the images, confirmed on the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.dataset import Dataset, workspace_of
from carvis.dataset.health import Health
from carvis.errors import TableError
from carvis.evaluation import Evaluation
from carvis.evaluation.comparison import holm
from carvis.evaluation.metrics import wilson_interval
from carvis.language import Message
from carvis.progress import Progress, no_progress, partial_progress
from carvis.subgroups.confirmation import FIRST, SECOND, UNCOUNTED, confirming_p, halves
from carvis.subgroups.embedding_properties import feature_columns, with_features
from carvis.subgroups.image_table import ImageProperties, described_split
from carvis.subgroups.properties import OUTCOMES, TAG, Condition
from carvis.subgroups.result import Slice, Slices
from carvis.subgroups.search import holds, propose
from carvis.subgroups.settings import DEFAULT, SliceSettings
from carvis.tags import Tags
from carvis.workspace import Workspace

# Where comparing the images with training ends, and where describing them does, in per cent of the time.
_FEATURES, _DESCRIBED = 20, 80


def slices(
    evaluation: Evaluation,
    data: Dataset | ImageProperties | str | Path,
    settings: SliceSettings = DEFAULT,
    *,
    health: Health | None = None,
    tags: Tags | None = None,
    named_super_classes: Mapping[str, str] | None = None,
    columns: pd.DataFrame | None = None,
    workspace: Workspace | str | Path | None = None,
    cache_dir: str | Path | None = None,
    progress: Progress = no_progress,
) -> Slices:
    """Find the images that a model fails on more than on the rest, by their properties.

    The images are dealt into two halves, seeded, alike in classes and errors; of each group of near-duplicates one
    image counts, chosen at random, so that the halves share no photograph. On one half intervals, values and pairs of
    properties with a lower accuracy are proposed, on the other each proposal is tested by Fisher's exact test,
    corrected for the number of proposals by Holm's method. What the second half does not confirm is not reported, and
    all figures are of the second half, which took no part in the search.

    The predicted class is searched only where ``settings.properties`` names it, and never beside the true class: a
    wrong prediction moves an image into another predicted class, so that the property is made of the outcome; its
    accuracy is the class's precision.

    Args:
        evaluation: the model's predictions.
        data: the data set, its folder, or the properties of its images, where they are known already.
        settings: how slices are searched.
        health: what ``check_dataset`` found; it is checked where not given.
        tags: of a workspace.
        named_super_classes: class -> super-class, as ``read_super_classes`` returns it; by default the first word of
            the class.
        columns: properties of a person's own, by id.
        workspace: that keeps the model's embeddings, of which feature clusters and the distance to training images are
            made, and boxes drawn by hand; by default the one that the data set lies in.
        cache_dir: of a workspace, where checks of data sets are kept.
        progress: called with (per cent done, 100); a true return stops the work.

    Raises:
        TableError: no image of the evaluation is there, or there is no such property.
        DatasetError: the folder is not laid out as a data set.
        StoppedError: ``progress`` asked to stop.
    """
    if isinstance(data, ImageProperties):
        known = data
    else:
        data = data if isinstance(data, Dataset) else Dataset(data)
        features = feature_columns(workspace_of(data, workspace), evaluation, partial_progress(progress, 0, _FEATURES))
        known, _split = described_split(
            data,
            evaluation.split,
            health,
            cache_dir,
            tags=tags,
            named_super_classes=named_super_classes,
            columns=with_features(columns, features),
            workspace=workspace,
            progress=partial_progress(progress, _FEATURES, _DESCRIBED),
        )
        known = replace(known, notes=(*known.notes, *features.notes))
    known, predictions, notes = _joined(evaluation, known)
    result = _search(evaluation, known, predictions, settings, notes, partial_progress(progress, _DESCRIBED, 100))
    progress(100, 100)
    return result


def _joined(evaluation: Evaluation, known: ImageProperties) -> tuple[ImageProperties, pd.DataFrame, list[Message]]:
    """The images of the evaluation whose file is still the one that was evaluated, and their predictions."""
    predictions = evaluation.predictions.drop_duplicates("id").set_index("id")
    ids = predictions.index[predictions.index.isin(known.table.index)]
    here = known.only(ids)
    unchanged = here.sha256 == predictions.loc[ids, "sha256"].to_numpy(str)
    ids = ids[unchanged]
    if ids.empty:
        raise TableError(
            Message(
                "No image of {evaluation} is in the data set as it was evaluated: evaluate the model again.",
                evaluation=evaluation.setup["model"]["name"],
            )
        )
    notes = list(known.notes)
    if missing := len(predictions) - len(ids):
        notes.append(
            Message.of_number(
                "Ignored: {n} image of the evaluation that is not there any more, or has changed.",
                "Ignored: {n} images of the evaluation that are not there any more, or have changed.",
                missing,
                n=f"{missing:,}",
            )
        )
    return here.only(ids), predictions.loc[ids], notes


def _search(
    evaluation: Evaluation,
    known: ImageProperties,
    predictions: pd.DataFrame,
    settings: SliceSettings,
    notes: list[Message],
    progress: Progress,
) -> Slices:
    # The label that was evaluated counts, and so does its spelling.
    table = known.table.assign(
        label=predictions["label"].to_numpy(object), predicted=predictions["predicted"].to_numpy(object)
    )
    wrong = (predictions["label"] != predictions["predicted"]).to_numpy(bool)
    half = halves(known.group, list(zip(table["label"], wrong)), settings.seed)
    first, second = half == FIRST, half == SECOND
    table = table[_searched(table, settings)]
    proposals = propose(table[first], wrong[first], settings, settings.seed, progress) if wrong[first].any() else []
    confirming, errors = table[second], wrong[second]
    masks = [holds(conditions, confirming) for conditions in proposals]
    corrected = holm(confirming_p(masks, errors)) if masks else []
    found = [
        _slice(conditions, mask, p, table, confirming, errors)
        for conditions, mask, p in zip(proposals, masks, corrected)
        if p < settings.level
    ]
    found.sort(key=lambda one: one.accuracy - one.rest)
    if any(name.startswith(TAG) for one in found for name in one.key.split(" + ")):
        notes.append(
            Message("A tag may have been given because the prediction was wrong: then its slice proves nothing.")
        )
    return Slices(
        evaluation,
        tuple(found),
        len(proposals),
        tuple(map(str, table.columns)),
        (int(first.sum()), int(second.sum())),
        int(errors.sum()),
        int((half == UNCOUNTED).sum()),
        tuple(confirming.index),
        settings,
        tuple(notes),
    )


def _searched(table: pd.DataFrame, settings: SliceSettings) -> list[str]:
    if settings.properties is None:
        return [str(name) for name in table.columns if name not in OUTCOMES]
    if unknown := [name for name in settings.properties if name not in table.columns]:
        raise TableError(
            Message(
                "{name} is not a property of these images: choose from {choices}.",
                name=unknown[0],
                choices=", ".join(map(str, table.columns)),
            )
        )
    return list(settings.properties)


def _slice(
    conditions: tuple[Condition, ...],
    mask: NDArray[np.bool_],
    p: float,
    table: pd.DataFrame,
    confirming: pd.DataFrame,
    wrong: NDArray[np.bool_],
) -> Slice:
    n, right = int(mask.sum()), int((mask & ~wrong).sum())
    low, high = wilson_interval(right, n)
    ids = tuple(table.index[holds(conditions, table)])
    rest = float((~wrong[~mask]).mean())
    return Slice(conditions, n, right / n, low, high, rest, p, ids, tuple(confirming.index[mask]))
