"""``predict``: what models say of new images, how sure they are, and whether the images are like those of training."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from carvis.dataset import Dataset, NamedImage, distinct, find_images
from carvis.dataset.image_paths import is_pattern
from carvis.errors import CarvisError, ModelError
from carvis.evaluation.comparison import check_same_classes
from carvis.language import Message, message_of
from carvis.prediction.augmentation import Augmentation, check_augmentation, n_views
from carvis.prediction.image_batches import ImageSource, ReadImage, image_batches
from carvis.prediction.judgement import AVERAGE, Judged, averaged, judged_images
from carvis.prediction.novelty import FALSE_ALARMS, NoveltyScore
from carvis.prediction.reference import Reference, reference_of
from carvis.prediction.table import Prediction, predictions_table
from carvis.prediction.validation import INDEPENDENT, average_temperature, validation_evaluation
from carvis.progress import Progress, advance, no_progress
from carvis.workspace import Workspace

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.prediction.forward import Outputs

# Prepared images that go through a model at once.
_ROWS = 32
Guard = Callable[[str], contextlib.AbstractContextManager[object]]


def predict(
    models: Classifier | Sequence[Classifier] | Mapping[str, Classifier],
    paths: str | Path | Iterable[str | Path],
    *,
    data: Dataset | str | Path | None = None,
    workspace: Workspace | None = None,
    average: bool = False,
    augment: Augmentation = "none",
    false_alarms: float = FALSE_ALARMS,
    batch_size: int = 32,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Predict images that belong to no data set: classes, calibrated confidence, and whether they are unlike training.

    An image that cannot be read is a row with the status ``unreadable`` and the reason.

    Args:
        models: one or more classifiers.
        paths: image files, folders, or patterns such as ``photos/*.jpg``.
        data: the data set the models were trained on, by default the one that card and evaluation name.
        workspace: holds the models' evaluations; by default ``$CARVIS_WORKSPACE``, else the current folder.
        average: add the average of the models' probabilities as a further model named ``average``.
        augment: average each model's probabilities over views of an image: ``mirror``, ``crops``, ``mirror+crops``.
        false_alarms: the share of images like those of validation that may be called novel.
        batch_size: images at once.
        progress: called with (images done, images in all).

    Returns:
        A row an image and model: path, model, predicted, confidence (as the model gives it), second,
        second_confidence, third, third_confidence, calibrated_confidence (equal to confidence where ``calibration`` is
        ``raw``), calibration (``temperature`` or ``raw``), temperature, novelty (``novel``, ``typical``, ``unknown``),
        novelty_score, novelty_p, novelty_by (``training-distance``, ``energy``), false_alarms, nearest_id,
        nearest_label, nearest_distance, status (``ok``, ``unreadable``, ``failed``), reason. ``attrs["notes"]`` says
        what could not be done, and why.

    Raises:
        ImageError: none of the paths names an image.
        ModelError: ``average`` of models with different classes.
        StoppedError: ``progress`` asked to stop.
    """
    check_augmentation(augment)
    named = named_models(models)
    workspace = workspace or Workspace.open()
    dataset = Dataset(data) if isinstance(data, str | Path) else data
    images, notes = image_sources([paths] if isinstance(paths, str | Path) else paths)
    references = {name: reference_of(clf, workspace, data=dataset, rate=false_alarms) for name, clf in named.items()}
    predictions = list(
        predict_images(
            named,
            images,
            references,
            average=average_reference(named, workspace) if average else None,
            augment=augment,
            batch_size=batch_size,
            progress=progress,
        )
    )
    table = predictions_table(predictions)
    of_models = [note for reference in references.values() for note in reference.notes]
    table.attrs["notes"] = [*notes, *dict.fromkeys(of_models)]
    return table


def named_models(models: Classifier | Sequence[Classifier] | Mapping[str, Classifier]) -> dict[str, Classifier]:
    """Return models by name, those of equal names numbered.

    Raises:
        CarvisError: there is none.
    """
    if isinstance(models, Mapping):
        return dict(models)
    named: dict[str, Classifier] = {}
    for clf in models if isinstance(models, Sequence) else [models]:
        name, number = clf.name, 1
        while name in named:
            number += 1
            name = f"{clf.name} ({number})"
        named[name] = clf
    if not named:
        raise CarvisError(Message("No model given: name one or more."))
    return named


def image_sources(paths: Iterable[str | Path]) -> tuple[list[ImageSource], list[Message | str]]:
    """Find the images that files, folders and patterns mean; a file that is not there is among them.

    Returns:
        The images, each once, and notes on files that are no images and on paths that name none.

    Raises:
        ImageError: none of the paths names an image.
    """
    found: list[NamedImage] = []
    notes: list[Message | str] = []
    failed: list[tuple[str | Path, CarvisError]] = []
    for path in paths:
        try:
            images, more = find_images(path)
        except CarvisError as error:
            failed.append((path, error))
            continue
        found += images
        notes += more
    if failed and not found:
        raise failed[0][1]
    sources = [ImageSource(str(image.path), image.path) for image in distinct(found)]
    for path, reason in failed:
        if is_pattern(str(path)) or Path(path).is_dir():
            notes.append(message_of(reason))
        else:
            sources.append(ImageSource(str(path), Path(path)))
    return sources, notes


def average_reference(models: Mapping[str, Classifier], workspace: Workspace) -> Reference:
    """Gather what calibrates the average of models: nothing where one judges each class by itself.

    Raises:
        ModelError: fewer than two models, models with different classes, or one that has the average's name.
    """
    if AVERAGE in models:
        raise ModelError(
            Message("A model has the name {name}, as the average itself has: rename the model's file.", name=AVERAGE)
        )
    check_same_classes({name: clf.class_names for name, clf in models.items()})
    if any(clf.output in INDEPENDENT for clf in models.values()):
        return _NO_REFERENCE
    evaluations = {name: validation_evaluation(clf, workspace)[0] for name, clf in models.items()}
    return Reference(average_temperature(evaluations))


def predict_images(
    models: Mapping[str, Classifier],
    images: Sequence[ImageSource],
    references: Mapping[str, Reference] | None = None,
    *,
    average: Reference | None = None,
    augment: Augmentation = "none",
    batch_size: int = 32,
    progress: Progress | None = None,
    guard: Guard = lambda model: contextlib.nullcontext(),
) -> Iterator[Prediction]:
    """Predict images one after the other: each image is read once, and goes through each model once.

    Args:
        models: by name.
        images: files, or the content of files.
        references: of each model; a model without one is not calibrated, and what is novel is not known.
        average: where given, the average of the models follows each image as a model named ``average``.
        augment, batch_size, progress: as ``predict``.
        guard: called with a model's name, returns what is entered while the model runs, such as a lock.

    Yields:
        A prediction an image and model, image by image.

    Raises:
        ModelError: an average of models with different classes.
        StoppedError: ``progress`` asked to stop.
    """
    check_augmentation(augment)
    class_names = {name: clf.class_names for name, clf in models.items()}
    if average is not None:
        check_same_classes(class_names)
        # A temperature that was fitted on predictions of whole images does not fit averages over views.
        average = average if augment == "none" else _NO_REFERENCE
    progress, known, done = progress or no_progress, references or {}, 0
    for batch in image_batches(models, images, augment=augment, batch_size=batch_size):
        judged = {
            name: _of_model(name, clf, batch, known.get(name, _NO_REFERENCE), augment, guard)
            for name, clf in models.items()
        }
        for place, one in enumerate(batch):
            of_image = {name: results[place] for name, results in judged.items()}
            yield from (prediction for prediction, _probabilities in of_image.values())
            if average is not None:
                yield averaged(one.image.name, of_image, class_names, average)
        done += len(batch)
        advance(progress, done, len(images))


_NO_REFERENCE = Reference()


def _of_model(
    name: str,
    clf: Classifier,
    batch: Sequence[ReadImage],
    reference: Reference,
    augment: Augmentation,
    guard: Guard,
) -> list[Judged]:
    """Predict the images of a batch by one model: the prediction and the probabilities (classes,) of each."""
    good = [one for one in batch if one.reason is None]
    results: dict[int, Judged] = {}
    for images, outputs in _run(name, clf, good, n_views(augment), reference.wanted, guard):
        if isinstance(outputs, CarvisError):
            for one in images:
                failed = Prediction(one.image.name, name, "failed", message_of(outputs))
                results[id(one)] = (failed, None)
            continue
        judged = judged_images(name, clf.class_names, [one.image.name for one in images], outputs, reference, augment)
        results |= zip(map(id, images), judged)
    unreadable = {
        id(one): (Prediction(one.image.name, name, "unreadable", one.reason), None)
        for one in batch
        if one.reason is not None
    }
    return [(results | unreadable)[id(one)] for one in batch]


def _run(
    name: str, clf: Classifier, images: Sequence[ReadImage], n: int, wanted: NoveltyScore | Literal[""], guard: Guard
) -> Iterator[tuple[Sequence[ReadImage], Outputs | CarvisError]]:
    """Run images through a model, those of one size together; yields them with the outputs of all their views."""
    from carvis.prediction.forward import run

    step = 1 if clf.native_size else max(_ROWS // n, 1)
    for first in range(0, len(images), step):
        part = images[first : first + step]
        all_views = [view for one in part for view in one.fitted[name]]
        try:
            with guard(name):
                if clf.native_size:
                    outputs = _joined([run(clf, clf.preprocess(view[None]), wanted) for view in all_views])
                else:
                    outputs = run(clf, clf.preprocess(np.stack(all_views)), wanted)
        except CarvisError as error:
            # Images of the model's own size fail for all or none: the model, not the image, is to blame.
            if not clf.native_size:
                raise
            yield part, error
        else:
            yield part, outputs


def _joined(outputs: Sequence[Outputs]) -> Outputs:
    from carvis.prediction.forward import Outputs as Made

    first = outputs[0]
    return Made(
        np.concatenate([one.probabilities for one in outputs]),
        None
        if first.energies is None
        else np.concatenate([one.energies for one in outputs if one.energies is not None]),
        None if first.vectors is None else np.concatenate([one.vectors for one in outputs if one.vectors is not None]),
    )
