"""The randomisation check: a map that stays as it is while the model forgets what it learnt explains nothing."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from carvis.classifier import Classifier
from carvis.classifier.layers import walk
from carvis.explain.agreement.similarity import rank_correlation
from carvis.explain.heatmap import Heatmap
from carvis.explain.sets import heatmaps
from carvis.explain.target import Contrast

STAGES, DRAWS = 6, 3
# A map that still ranks the places alike with random weights does not depend on what the model learnt.
_ALIKE = 0.5


@dataclass(frozen=True)
class Randomisation:
    """How much of a map stays while the weights are replaced, from the top down.

    Attributes:
        layers: the lowest layer replaced so far, stage by stage; at the last stage every weight is replaced.
        similarity: rank correlation of the map with the original one at each stage, the mean over several draws of
            random weights; 0 for a draw that left no map.
    """

    layers: tuple[str, ...]
    similarity: tuple[float, ...]

    @property
    def last(self) -> float:
        """The rank correlation once every weight is replaced."""
        return self.similarity[-1]

    @property
    def passed(self) -> bool:
        """Whether the map changed with the weights."""
        return self.last < _ALIKE

    def facts(self) -> dict:
        """What is kept of the check, as JSON can hold it."""
        return {"layers": list(self.layers), "similarity": list(self.similarity)}

    @classmethod
    def from_facts(cls, facts: dict) -> "Randomisation":
        """Make a check from what was kept of it."""
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
    """Make each map again while the weights are replaced by each layer's own initialiser, from the top down.

    Adebayo et al., "Sanity Checks for Saliency Maps" (NeurIPS 2018), section 3.1, the cascading randomisation. It works
    on a copy of the model.

    Args:
        clf: the model that made the maps.
        images: uint8 (H, W, 3) or (H, W, 1), the picture of each map.
        maps: the heatmaps.
        stages: at most so many, evenly spread over the layers that have weights; the first replaces the top one, the
            last all of them.
        draws: random weights drawn for each stage: with a map of few cells, one draw may look alike by chance.
        seed: of the random weights.
        tick: called before each map is made again.

    Returns:
        A generator of one value a map; all stages of a map are done when it comes.
    """
    if not maps:
        return
    original, copy = clf.model.get_weights(), _clone(clf.model, seed)
    layers = [(path, layer) for path, layer in walk(copy) if layer.weights][::-1]
    donors = [_weights_of_layers(_clone(clf.model, seed + draw)) for draw in range(draws)]
    ends = sorted({round(end) for end in np.linspace(1, len(layers), min(stages, len(layers)))})
    forgetful = Classifier(
        copy,
        clf.class_names,
        preprocessing=clf.preprocessing,
        resize=clf.resize,
        alpha=clf.alpha,
        orientation=clf.orientation,
        input_size=clf.input_size,
        output=clf.output,
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
                similarity[draw, stage] = _alike(heatmap, _again(forgetful, image, heatmap))
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


def _again(clf: Classifier, image: np.ndarray, heatmap: Heatmap) -> Heatmap:
    target = heatmap.target
    if heatmap.against is not None:
        target = Contrast(heatmap.target, heatmap.against, heatmap.gamma)
    layer = None if heatmap.layer == "input" else heatmap.layer.split("+")
    return heatmaps(clf, image[None], heatmap.method, target, layer, score=heatmap.score_kind)[0]


def _alike(heatmap: Heatmap, other: Heatmap) -> float:
    found = rank_correlation(heatmap.raw, other.raw) if np.isfinite(other.raw).all() else 0.0
    return found if np.isfinite(found) else 0.0
