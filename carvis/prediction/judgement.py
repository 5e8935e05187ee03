"""From a model's outputs to predictions: top classes, calibrated confidence, nearest training images, novelty."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carvis.evaluation.comparison import Temperature, average_probabilities, rescaled
from carvis.feature_space.distances import nearest
from carvis.language import Message
from carvis.prediction.augmentation import Augmentation, n_views
from carvis.prediction.novelty import neighbour_scores
from carvis.prediction.reference import Reference
from carvis.prediction.table import TOP, Neighbour, Prediction

if TYPE_CHECKING:
    from carvis.prediction.forward import Outputs

NEAREST = 5
AVERAGE = "average"
# A prediction, and the probabilities (classes,) behind it where there are any.
Judged = tuple[Prediction, NDArray[np.floating] | None]


def judged_images(
    model: str,
    class_names: Sequence[str],
    paths: Sequence[str],
    outputs: Outputs,
    reference: Reference,
    augment: Augmentation = "none",
) -> Iterator[Judged]:
    """Yield what a model says of each of N images.

    Args:
        model: its name.
        class_names: in the model's order.
        paths: of the images, or names of uploads.
        outputs: for all views of the first image, then of the second, and so on; the first view is the image itself.
        reference: what the model's predictions are held against.
        augment: makes the views.
    """
    n = n_views(augment)
    probabilities = outputs.probabilities.reshape(len(paths), n, -1).astype(np.float64).mean(axis=1)
    neighbours, distances = _neighbours(outputs, reference, n)
    scores = _scores(outputs, reference, n, distances)
    # A temperature that was fitted on predictions of whole images does not fit averages over views.
    temperature = reference.temperature if n == 1 else None
    for place, path in enumerate(paths):
        of_image = probabilities[place]
        if not np.isfinite(of_image).all():
            words = Message(
                "{model} outputs NaN or infinity for this image: check its weights and preprocessing.", model=model
            )
            yield Prediction(path, model, "failed", words), None
            continue
        top, calibrated = _confidences(of_image, class_names, temperature)
        prediction = Prediction(
            path,
            model,
            top=top,
            calibrated=calibrated,
            temperature=temperature.value if temperature else math.nan,
            nearest=neighbours[place] if neighbours else (),
        )
        yield _with_novelty(prediction, reference, scores, place), of_image


def _neighbours(
    outputs: Outputs, reference: Reference, n: int
) -> tuple[list[tuple[Neighbour, ...]], NDArray[np.floating] | None]:
    training = reference.training
    if outputs.vectors is None or training is None:
        return [], None
    places, distances = nearest(outputs.vectors[::n], training.vectors, min(NEAREST, len(training.ids)))
    listed = [
        tuple(
            Neighbour(str(training.ids[place]), str(training.labels[place]), float(distance))
            for place, distance in zip(*row, strict=True)
            if place >= 0
        )
        for row in zip(places, distances, strict=True)
    ]
    return listed, distances


def _scores(
    outputs: Outputs, reference: Reference, n: int, distances: NDArray[np.floating] | None
) -> NDArray[np.float64] | None:
    if reference.novelty is None:
        return None
    if reference.novelty.score == "energy":
        return None if outputs.energies is None else outputs.energies[::n]
    return None if distances is None else neighbour_scores(distances)


def _with_novelty(
    prediction: Prediction, reference: Reference, scores: NDArray[np.float64] | None, place: int
) -> Prediction:
    novelty = reference.novelty
    if novelty is None or scores is None or not math.isfinite(scores[place]):
        return prediction
    [p] = novelty.p_values(scores[place : place + 1])
    return replace(
        prediction,
        novelty=novelty.verdict(float(scores[place])),
        novelty_by=novelty.score,
        novelty_score=float(scores[place]),
        novelty_p=float(p),
        false_alarms=novelty.rate,
    )


def _confidences(
    probabilities: NDArray[np.floating], class_names: Sequence[str], temperature: Temperature | None
) -> tuple[tuple[tuple[str, float], ...], float]:
    """Return the most probable classes with their probabilities, and the calibrated confidence of the first."""
    order = np.argsort(-probabilities, kind="stable")[:TOP]
    top = tuple((class_names[index], float(probabilities[index])) for index in order)
    if temperature is None:
        return top, math.nan
    return top, float(rescaled(probabilities[None], temperature.value)[0, order[0]])


def averaged(
    path: str, of_models: Mapping[str, Judged], class_names: Mapping[str, Sequence[str]], reference: Reference
) -> Prediction:
    """Return what the average of all models says of an image.

    Args:
        of_models: what each model says.
        class_names: of each model.
        reference: what calibrates the average.
    """
    probabilities = {}
    for prediction, of_image in of_models.values():
        if of_image is None:
            return replace(prediction, model=AVERAGE)
        probabilities[prediction.model] = of_image[None]
    [average] = average_probabilities(probabilities, class_names)
    temperature = reference.temperature
    top, calibrated = _confidences(average, next(iter(class_names.values())), temperature)
    value = temperature.value if temperature else math.nan
    return Prediction(path, AVERAGE, top=top, calibrated=calibrated, temperature=value)
