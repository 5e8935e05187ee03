"""The second pass over the images: maps of the concepts, their importance, and what removing them costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.explain.concepts.factorisation import coefficients, encode
from carvis.explain.concepts.settings import ConceptSettings
from carvis.explain.concepts.sobol import sobol_design, total_indices
from carvis.explain.concepts.subject import Subject
from carvis.progress import Progress, advance

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.explain.keras.head import Head


class Bank(NamedTuple):
    """A concept bank, float32 (k, C), of a layer, and whether its activations are signed."""

    concepts: NDArray[np.float32]
    layer: str
    signed: bool


class Measured(NamedTuple):
    """What going through N images gives for k concepts; each as the attribute of ``Concepts`` of its name."""

    images: pd.DataFrame
    indices: NDArray[np.float64]
    falls: NDArray[np.float64]
    changed: NDArray[np.bool_]
    right: NDArray[np.bool_]
    maps: list[NDArray[np.float32]]
    position_error: float


def measure(
    clf: Classifier,
    head: Head,
    samples: pd.DataFrame,
    bank: Bank,
    subject: Subject,
    settings: ConceptSettings,
    seed: int,
    progress: Progress,
) -> Measured:
    """Go through whole images: maps of the concepts, their importance, and what removing each of them costs.

    Args:
        head: the layers above the bank's layer.
        samples: the images, with a column ``predicted``.

    Raises:
        StoppedError: ``progress`` asked to stop.
    """
    from carvis.explain.concepts.forward import layer_map, masked_scores, upright, without_each

    masks = sobol_design(len(bank.concepts), settings.designs, seed)
    ranked = set(_spread(len(samples), settings.importance_images, seed))
    outputs: list[NDArray[np.float64]] = []
    rows: list[dict[str, Any]] = []
    removed: list[tuple[NDArray[Any], ...]] = []
    maps: list[NDArray[np.float32]] = []
    missed = total = 0.0
    for place, sample in enumerate(samples.to_dict("records")):
        advance(progress, place, len(samples))
        predicted, label = int(sample["predicted"]), str(sample["label"])
        path = str(sample["path"])
        found = layer_map(clf, path, bank.layer)
        encoded = encode(found.activations, bank.signed)
        strength = coefficients(encoded, bank.concepts)
        missed += float(np.square(encoded - strength @ bank.concepts, dtype=np.float64).sum())
        total += float(np.square(encoded, dtype=np.float64).sum())

        def score(scores: NDArray[np.floating], predicted: int = predicted) -> NDArray[np.floating]:
            return subject.score(scores, predicted)

        if place in ranked:
            outputs.append(masked_scores(head, found.size, strength, bank.concepts, bank.signed, masks, score))
        removal = without_each(head, found, strength, bank.concepts, bank.signed)
        scores = score(removal.scores).astype(np.float64)
        names = [clf.class_names[index] for index in removal.probabilities.argmax(axis=1)]
        rows.append(
            {
                "id": str(sample["id"]),
                "label": label,
                "predicted": names[0],
                "right": names[0] == label,
                "score": float(scores[0]),
                "probability": float(removal.probabilities[0].max()),
            }
        )
        others = np.array(names[1:])
        removed.append((scores[0] - scores[1:], others != names[0], others == label))
        # Half precision is what the file keeps: the same whether it was read or made.
        grid = upright(clf, path, bank.layer, strength, found.size)
        maps.append(grid.astype(np.float16).astype(np.float32))
    falls, changed, right = (np.stack(parts) for parts in zip(*removed, strict=True))
    indices = total_indices(np.stack(outputs), len(bank.concepts))
    error = (missed / total) ** 0.5 if total else 0.0
    return Measured(pd.DataFrame(rows), indices, falls, changed, right, maps, error)


def _spread(n: int, most: int, seed: int) -> Sequence[int]:
    """Return up to ``most`` of n places, drawn at random."""
    return np.random.default_rng(seed).permutation(n)[:most].tolist()
