"""``draw_filters`` and ``filter_patterns``: the patterns of some filters of one layer."""

from collections.abc import Iterable, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from carvis.classifier import Classifier
from carvis.errors import ModelError
from carvis.explain.filters.ascent import Functions, ascend, default_functions
from carvis.explain.filters.cache import PATTERN_FORMAT, pattern_key
from carvis.explain.filters.objective import Objective
from carvis.explain.filters.optimiser import Optimiser
from carvis.explain.filters.parametrisation import ParametrisationFactory
from carvis.explain.filters.patterns import FilterPatterns, Pattern
from carvis.explain.filters.settings import FilterSettings, Start
from carvis.explain.filters.transforms import Transform
from carvis.language import Message
from carvis.progress import Progress, no_progress
from carvis.workspace import Cache, load_cached, store_cached

MOST_FILTERS = 64


def filter_patterns(
    clf: Classifier,
    layer: str,
    filters: Iterable[int] | None = None,
    size: int = 64,
    steps: int | None = None,
    *,
    start: Start = "model",
    regularised: bool = False,
    smoothness: float = 0.0,
    seed: int = 0,
    objective: Objective | None = None,
    parametrisation: ParametrisationFactory | None = None,
    transforms: Sequence[Transform] | None = None,
    optimiser: Optimiser | None = None,
    cache: Cache | None = None,
    progress: Progress = no_progress,
) -> NDArray[np.uint8]:
    """Draw the images that single filters of a layer respond to most: uint8 (n, size, size, 3).

    Arguments as the attributes of ``FilterSettings`` and as those of ``draw_filters``, which also returns which
    filters are dead, and whose result displays itself in a notebook; this is a plain array, to compute with.

    Raises:
        ModelError: no such layer or filter, or an invalid setting.
    """
    settings = FilterSettings(size, steps, start, regularised, smoothness, seed)
    return draw_filters(
        clf,
        layer,
        filters,
        settings,
        objective=objective,
        parametrisation=parametrisation,
        transforms=transforms,
        optimiser=optimiser,
        cache=cache,
        progress=progress,
    ).images


def draw_filters(
    clf: Classifier,
    layer: str,
    filters: Iterable[int] | None = None,
    settings: FilterSettings | None = None,
    *,
    objective: Objective | None = None,
    parametrisation: ParametrisationFactory | None = None,
    transforms: Sequence[Transform] | None = None,
    optimiser: Optimiser | None = None,
    cache: Cache | None = None,
    progress: Progress = no_progress,
) -> FilterPatterns:
    """Draw the images that single filters of a layer respond to most (activation maximisation).

    By gradient ascent on the mean of a channel from noise, each step as long as a pixel value, the gradient divided
    by its root mean square (Erhan et al., "Visualizing Higher-Layer Features of a Deep Network", 2009; as in the
    tutorial). The four parts of it are functions that can be replaced, as in Lucid.

    Args:
        layer: path of a layer with a map as output.
        filters: indices of channels; None for the first 64.
        settings: None for those of the tutorial, in the model's input range.
        objective: what is maximised; None for ``objective.channel_mean()``.
        parametrisation: what is changed; None for ``parametrisation.pixels``, or ``fourier`` where regularised.
        transforms: what is done to the images before the model's preprocessing; None for nothing, or
            ``[transforms.jitter(size // 16)]`` where regularised.
        optimiser: how far a step goes; None for ``optimiser.normalised_ascent()``, or ``adam()`` where regularised.
        cache: keeps each filter's pattern under the hash of everything that made it, so that asking for more filters,
            or again, draws only what is new. A function has no hash: with one of yours nothing is kept.
        progress: called every few steps with the number of filters done, those under way counted by their steps, and
            the number to do; returns True to stop, and the result then holds the filters that are finished.

    Raises:
        ModelError: no such layer or filter.
    """
    settings = settings or FilterSettings()
    filters = filter_indices(clf, layer, filters)
    _check_size(clf, layer, settings)
    default = default_functions(settings)
    functions = Functions(
        objective or default.objective,
        parametrisation or default.parametrisation,
        default.transforms if transforms is None else tuple(transforms),
        optimiser or default.optimiser,
    )
    custom = {
        field.name for field in fields(Functions) if getattr(functions, field.name) != getattr(default, field.name)
    }
    indices = list(dict.fromkeys(filters))
    keys = {index: pattern_key(clf, layer, index, settings) for index in indices} if cache and not custom else {}
    done = {index: pattern for index, key in keys.items() if (pattern := load_cached(cache, key, PATTERN_FORMAT))}
    missing = [index for index in indices if index not in done]
    if not progress(len(done), len(indices)):
        for finished, ahead in ascend(clf, layer, missing, settings, functions):
            done |= finished
            for index in finished.keys() & keys.keys():
                store_cached(cache, keys[index], PATTERN_FORMAT, finished[index])
            if progress(len(done) + ahead, len(indices)):
                break
    names = {name: _name(getattr(functions, name)) for name in sorted(custom)}
    return _result(clf, layer, [(index, done[index]) for index in filters if index in done], settings, names)


def _check_size(clf: Classifier, layer: str, settings: FilterSettings) -> None:
    if clf.map_layer(layer).tokens and (settings.size, settings.size) != clf.input_size:
        raise ModelError(
            Message(
                "{layer} of {model} has tokens, so its patterns can be drawn only at the size of the model's input,"
                " {size} (--size, size=), or of its convolutions at any size: {layers}.",
                layer=layer,
                model=clf.name,
                size="x".join(map(str, clf.input_size)),
                layers=", ".join(clf.conv_layers) or "-",
            )
        )


def filter_indices(clf: Classifier, layer: str, filters: Iterable[int] | None) -> list[int]:
    """Return the indices of the filters to draw, the first 64 where none are given.

    Raises:
        ModelError: no such layer or filter.
    """
    channels = int(clf.map_layer(layer).shape[-1] or 0)
    indices = list(range(min(MOST_FILTERS, channels)) if filters is None else filters)
    for index in indices:
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
    return indices


def _result(
    clf: Classifier, layer: str, patterns: list[tuple[int, Pattern]], settings: FilterSettings, names: dict[str, str]
) -> FilterPatterns:
    blank = np.zeros((0, settings.size, settings.size, clf.channels), np.uint8)
    return FilterPatterns(
        images=np.stack([pattern.image for _, pattern in patterns]) if patterns else blank,
        filters=tuple(index for index, _ in patterns),
        dead=tuple(index for index, pattern in patterns if pattern.dead),
        retried=tuple(index for index, pattern in patterns if pattern.retried),
        layer=layer,
        model_name=clf.name,
        fingerprint=clf.fingerprint,
        preprocessing=clf.preprocessing,
        settings=settings,
        functions=names,
    )


def _name(function: object) -> str:
    if isinstance(function, tuple):
        return ", ".join(map(_name, function))
    return getattr(function, "__qualname__", type(function).__name__)
