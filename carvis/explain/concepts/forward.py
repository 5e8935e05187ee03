"""What concepts need of a model: activations of crops and images, and scores with concepts masked or removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from carvis.classifier import Classifier
from carvis.classifier.classifier import MOST_VALUES
from carvis.dataset import Unreadable
from carvis.errors import ModelError
from carvis.explain.concepts.crops import Box, crops_of
from carvis.explain.concepts.factorisation import coefficients, decode, encode
from carvis.explain.input_frame import as_seen, turn_for, upright_maps
from carvis.explain.keras.head import Head
from carvis.explain.keras.layer_outputs import traced_pass
from carvis.language import Message
from carvis.progress import Progress, advance

Image = np.ndarray | str | Path
Floats = NDArray[np.floating]


def predicted_classes(
    clf: Classifier, paths: Sequence[str], unreadable: Unreadable, progress: Progress, batch_size: int = 32
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of the images that can be read, int64 (n,), and their predicted classes, int64 (n,)."""
    places: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    classes: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    for index, images in clf.prepared_batches(paths, batch_size=batch_size, unreadable=unreadable):
        places.append(index)
        classes.append(clf.predict_prepared(images).argmax(axis=1))
        advance(progress, int(index[-1]) + 1, len(paths))
    return np.concatenate(places), np.concatenate(classes)


def crop_activations(clf: Classifier, image: Image, boxes: list[Box], layer: str) -> NDArray[np.float32]:
    """Return the mean activation of each crop of an image, enlarged to the model's size: float32 (m, C)."""
    seen = as_seen(clf, image)
    size = clf.fit(seen).shape[:2]
    crops = crops_of(seen, boxes, (size[0], size[1]))
    batch = max(min(32, MOST_VALUES // max(crops[0].size, 1)), 1)
    run, means = traced_pass(clf, [layer]), []
    for start in range(0, len(crops), batch):
        [output] = run(clf.prepare(crops[start : start + batch]))
        # (n, h, w, C): the global mean, as the paper pools crops.
        means.append(np.asarray(output, np.float32).mean(axis=(1, 2)))
    return _finite(clf, layer, np.concatenate(means))


class LayerMap(NamedTuple):
    """The activations of a layer for one image: float32 (h, w, C), and the image's (height, width) in the model."""

    activations: NDArray[np.float32]
    size: tuple[int, int]


def layer_map(clf: Classifier, image: Image, layer: str) -> LayerMap:
    """Return the activations of a layer for one image, as the model sees it."""
    prepared = clf.prepare([as_seen(clf, image)])
    [output] = traced_pass(clf, [layer])(prepared)
    return LayerMap(_finite(clf, layer, np.asarray(output[0], np.float32)), prepared.shape[1:3])


def _finite(clf: Classifier, layer: str, activations: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(activations).all():
        raise ModelError(
            Message(
                "{layer} of {model} gives NaN or infinite activations: check the model's weights and preprocessing.",
                layer=layer,
                model=clf.name,
            )
        )
    return activations


def concept_maps(
    clf: Classifier, images: np.ndarray | Sequence[str | Path], layer: str, bank: Floats, signed: bool
) -> list[NDArray[np.float32]]:
    """Return how strong each concept is at each position of images: float32 (h, w, k) each, upright."""
    maps = []
    for image in images:
        found = layer_map(clf, image, layer)
        strength = coefficients(encode(found.activations, signed), bank)
        maps.append(upright(clf, image, layer, strength, found.size))
    return maps


def upright(
    clf: Classifier, image: Image, layer: str, values: NDArray[np.float32], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Lay the map (h, w, k) of a layer on the upright image."""
    laid = clf.layer_frame(layer, size).onto_image(values[None])[0]
    return upright_maps([laid], turn_for(clf, image))[0]


class ConceptRemoval(NamedTuple):
    """What an image's scores are without each concept: float32 (k + 1, classes), the first with all of them."""

    scores: NDArray[np.float32]
    probabilities: NDArray[np.float32]


def without_each(head: Head, found: LayerMap, strength: Floats, bank: Floats, signed: bool) -> ConceptRemoval:
    """Take each concept out of an image's activations in turn, and run the layers above.

    What the concepts do not reconstruct stays as it is, so that the activations with all concepts are the image's own.

    Args:
        strength: float (h, w, k), of the concepts in the image.
    """
    changed = [found.activations]
    for concept in range(len(bank)):
        rest = encode(found.activations, signed) - strength[..., concept, None] * bank[concept]
        # A concept takes no more of a channel than is there.
        changed.append(decode(np.maximum(rest, 0), signed).astype(np.float32))
    outputs = head(np.stack(changed), found.size)
    return ConceptRemoval(outputs.scores, outputs.probabilities)


def masked_scores(
    head: Head,
    size: tuple[int, int],
    strength: Floats,
    bank: Floats,
    signed: bool,
    masks: Floats,
    score: Callable[[Floats], Floats],
) -> NDArray[np.float64]:
    """Return the score of an image from its concepts alone, each scaled by masks: float64 (rows,).

    Args:
        strength: float (h, w, k), of the concepts in the image.
        masks: float (rows, k).
        score: takes the scores of all classes (n, classes) to the one that is explained (n,).
    """
    values = [score(head(part, size).scores) for part in _reconstructed(strength, bank, signed, masks)]
    return np.concatenate(values).astype(np.float64)


def _reconstructed(strength: Floats, bank: Floats, signed: bool, masks: Floats) -> Iterator[NDArray[np.float32]]:
    """Yield the activations (n, h, w, C) that masked concepts make up, in batches that fit the memory."""
    batch = max(MOST_VALUES // (strength[..., 0].size * bank.shape[1]), 1)
    for start in range(0, len(masks), batch):
        scaled = strength[None] * masks[start : start + batch, None, None].astype(np.float32)
        yield decode(scaled @ bank, signed).astype(np.float32)
