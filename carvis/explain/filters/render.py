"""``draw_filters`` and ``filter_patterns``: the patterns of some filters of one layer."""

from collections.abc import Callable, Iterable

import numpy as np

from carvis.classifier import Classifier
from carvis.errors import ModelError
from carvis.explain.filters.cache import Kept
from carvis.explain.filters.optimiser import SPREADS, grow
from carvis.explain.filters.patterns import FilterPatterns
from carvis.language import Message
from carvis.workspace import Cache

STARTS = ("model", "tutorial")
# The steps after which a pattern no longer changes much: without and with regularisation.
STEPS = {False: 40, True: 128}


def filter_patterns(
    clf: Classifier,
    layer: str,
    filters: Iterable[int] | None = None,
    size: int = 64,
    steps: int | None = None,
    **options,
) -> np.ndarray:
    """Draw the pictures that excite single filters of a layer most: uint8 (n, size, size, 3).

    Arguments and errors as ``draw_filters``, which also tells which filters never answered, and whose result shows
    itself in a notebook; this is a plain array, to compute with.
    """
    return draw_filters(clf, layer, filters, size, steps, **options).images


def draw_filters(
    clf: Classifier,
    layer: str,
    filters: Iterable[int] | None = None,
    size: int = 64,
    steps: int | None = None,
    *,
    start: str = "model",
    regularised: bool = False,
    smoothness: float = 0.0,
    seed: int = 0,
    cache: Cache | None = None,
    watch: Callable[[float, int], bool | None] = lambda done, total: None,
) -> FilterPatterns:
    """Draw the pictures that excite single filters of a layer most.

    By gradient ascent on the mean of a channel from noise, each step as long as a pixel value, the gradient divided
    by its root mean square (Erhan et al., "Visualizing Higher-Layer Features of a Deep Network", 2009; as in the
    tutorial).

    Args:
        layer: path of a layer with a map as output.
        filters: indices of channels; None for the first 64.
        size: side of the pictures in pixels.
        steps: of the ascent; None for 40, as in the tutorial, or for 128 where the picture is regularised.
        start: ``model`` brings the noise to the range that the model's preprocessing gives, ``tutorial`` feeds 128 to
            148 to the model as it is.
        regularised: the modern picture: the spectrum of decorrelated colours is changed, by Adam, at one contrast, and
            the picture moved at random (Olah et al., "Feature Visualization", Distill 2017).
        smoothness: weight of the total variation that is taken off the objective.
        seed: of the noise; each filter's noise depends on nothing else.
        cache: keeps each filter's pattern under the hash of everything that made it, so that asking for more filters,
            or again, draws only what is new.
        watch: called every few steps with the number of filters done, those under way counted by their steps, and
            the number to do; returns True to stop.

    Raises:
        ModelError: no such layer or filter, or a size or number of steps that makes no sense.
    """
    channels = clf.map_layer(layer).shape[-1]
    filters = list(range(min(64, channels)) if filters is None else filters)
    for index in filters:
        if not 0 <= index < channels:
            raise ModelError(
                Message(
                    "{layer} of {model} has no filter {index}: its filters are 0 to {n}.",
                    layer=layer,
                    model=clf.name,
                    index=index,
                    n=channels - 1,
                )
            )
    steps = STEPS[regularised] if steps is None else steps
    if size < 8 or steps < 1:
        raise ModelError(
            Message(
                "Patterns of {size} pixels in {steps} steps cannot be drawn: take 8 pixels, 1 step or more.",
                size=size,
                steps=steps,
            )
        )
    if not 0 <= seed < 2**31:
        raise ModelError(Message("{seed} is not a seed: give a whole number from 0 to 2147483647.", seed=seed))
    if not 0 <= smoothness < float("inf"):
        raise ModelError(Message("{smoothness} is not a smoothness: give 0 or more.", smoothness=smoothness))
    if start not in STARTS:
        raise ModelError(
            Message("{start} is not a start: choose one of {choices}.", start=start, choices=", ".join(STARTS))
        )
    settings = {"size": size, "steps": steps, "start": start, "regularised": regularised, "smoothness": smoothness}
    settings["seed"] = seed
    wanted = dict.fromkeys(filters)
    kept = Kept(cache, {"fingerprint": clf.fingerprint, "layer": layer, **settings} if cache else {})
    grown = {index: found for index in wanted if (found := kept.get(index))}
    missing = [index for index in wanted if index not in grown]
    if not watch(len(grown), len(wanted)):
        for finished, ahead in grow(clf, layer, missing, settings):
            for index, image, attempt in finished:
                grown[index] = image, attempt
                kept.put(index, image, attempt)
            if watch(len(grown) + ahead, len(wanted)):
                break
    made = [index for index in filters if index in grown]
    blank = np.zeros((0, size, size, clf.channels), np.uint8)
    return FilterPatterns(
        images=np.stack([grown[index][0] for index in made]) if made else blank,
        filters=tuple(made),
        deaf=tuple(index for index in made if grown[index][1] == len(SPREADS)),
        retried=tuple(index for index in made if 0 < grown[index][1] < len(SPREADS)),
        layer=layer,
        model_name=clf.name,
        fingerprint=clf.fingerprint,
        preprocessing=clf.preprocessing,
        settings=settings,
    )
