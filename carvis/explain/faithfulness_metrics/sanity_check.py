"""The randomisation check: a heatmap that does not change when the weights are replaced explains nothing."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from carvis.classifier import Classifier
from carvis.classifier.layers import walk
from carvis.explain.agreement.similarity import rank_correlation
from carvis.explain.heatmap import Heatmap
from carvis.explain.request import HeatmapRequest
from carvis.explain.sets import requested_sets

STAGES, DRAWS = 6, 3
# A heatmap with about the same ranks under random weights does not depend on what the model has learnt.
_SIMILAR = 0.5


@dataclass(frozen=True)
class Randomisation:
    """How similar a heatmap stays while the weights are replaced, from the top down.

    Attributes:
        layers: the lowest layer replaced so far, stage by stage; at the last stage every weight is replaced.
        similarity: rank correlation of the heatmap with the original one at each stage, the mean over several draws
            of random weights; 0 for a draw that left no heatmap.
    """

    layers: tuple[str, ...]
    similarity: tuple[float, ...]

    @property
    def last(self) -> float:
        """The rank correlation once every weight is replaced."""
        return self.similarity[-1]

    @property
    def passed(self) -> bool:
        """Whether the heatmap changed with the weights."""
        return self.last < _SIMILAR

    def facts(self) -> dict[str, list]:
        """Return what is saved of the check, as JSON can hold it."""
        return {"layers": list(self.layers), "similarity": list(self.similarity)}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Randomisation":
        """Return the check from what was saved of it."""
        return cls(tuple(facts["layers"]), tuple(facts["similarity"]))


def randomisation_checks(
    clf: Classifier,
    images: Sequence[np.ndarray],
    maps: Sequence[Heatmap],
    *,
    stages: int = STAGES,
    draws: int = DRAWS,
    seed: int = 0,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Randomisation]:
    """Make each heatmap again while the weights are replaced by each layer's own initialiser, from the top down.

    Adebayo et al., "Sanity Checks for Saliency Maps" (NeurIPS 2018), section 3.1, the cascading randomisation. It works
    on a copy of the model.

    Args:
        clf: the model that made the heatmaps.
        images: uint8 (H, W, 3) or (H, W, 1), the image of each heatmap.
        maps: the heatmaps.
        stages: at most so many, evenly spread over the layers that have weights; the first replaces the top one, the
            last all of them.
        draws: random weights drawn for each stage: with a heatmap of few cells, one draw may be similar by chance.
        seed: of the random weights.
        tick: called before each heatmap is made again.

    Returns:
        A generator of one check per heatmap; all its stages are done when it comes.
    """
    if not maps:
        return
    original, copy = clf.model.get_weights(), _clone(clf.model, seed)
    layers = [(path, layer) for path, layer in walk(copy) if layer.weights][::-1]
    donors = [_weights_of_layers(_clone(clf.model, seed + draw)) for draw in range(draws)]
    ends = sorted({round(end) for end in np.linspace(1, len(layers), min(stages, len(layers)))})
    randomised = Classifier(
        copy,
        clf.class_names,
        preprocessing=clf.preprocessing,
        resize=clf.resize,
        alpha=clf.alpha,
        orientation=clf.orientation,
        input_size=None if clf.native_size else clf.probe_size,
        output=clf.output,
        token_grid=clf.token_grid,
        extra_tokens=clf.extra_tokens,
        name=clf.name,
    )
    for image, heatmap in zip(images, maps, strict=True):
        similarity = np.zeros((draws, len(ends)))
        for draw, donor in enumerate(donors):
            copy.set_weights(original)
            for stage, (start, end) in enumerate(zip([0, *ends], ends)):
                for path, layer in layers[start:end]:
                    layer.set_weights(donor[path])
                tick()
                similarity[draw, stage] = _similarity(heatmap, _remade(randomised, image, heatmap))
        yield Randomisation(tuple(layers[end - 1][0] for end in ends), tuple(similarity.mean(axis=0).tolist()))


def _weights_of_layers(model: keras.Model) -> dict[str, list[np.ndarray]]:
    return {path: layer.get_weights() for path, layer in walk(model) if layer.weights}


def _clone(model: keras.Model, seed: int) -> keras.Model:
    """Build a model anew; its layers draw their seeds from Python's generator, which is left as it was."""
    state = random.getstate()
    try:
        random.seed(seed)
        return keras.models.clone_model(model)
    finally:
        random.setstate(state)


def _remade(clf: Classifier, image: np.ndarray, heatmap: Heatmap) -> Heatmap:
    [remade] = next(requested_sets(clf, image[None], HeatmapRequest.of(heatmap))).values()
    return remade


def _similarity(heatmap: Heatmap, other: Heatmap) -> float:
    correlation = rank_correlation(heatmap.raw, other.raw) if np.isfinite(other.raw).all() else 0.0
    return correlation if np.isfinite(correlation) else 0.0
