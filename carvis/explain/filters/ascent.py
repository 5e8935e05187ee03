"""Gradient ascent: all filters of a chunk together, in one traced graph."""

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from carvis.classifier import Classifier
from carvis.classifier.model_call import traced
from carvis.classifier.preprocessing import PREPROCESSING
from carvis.explain.filters.objective import (
    ForwardPass,
    Objective,
    channel_maps,
    channel_mean,
    layer_maps,
    total_variation,
)
from carvis.explain.filters.optimiser import Optimiser, adam, normalised_ascent
from carvis.explain.filters.parametrisation import Parametrisation, ParametrisationFactory, fourier, pixels
from carvis.explain.filters.patterns import SPREADS, Pattern
from carvis.explain.filters.settings import FilterSettings
from carvis.explain.filters.transforms import Transform, jitter, transformed

CHUNK_PIXELS = 32 * 64 * 64
# The work can be stopped between two pieces.
_STEPS_PER_PIECE = 8
_MAX_GRAPHS = 64

_graphs: "weakref.WeakKeyDictionary[Classifier, dict]" = weakref.WeakKeyDictionary()


@dataclass(frozen=True)
class Functions:
    """The four parts of a filter pattern."""

    objective: Objective
    parametrisation: ParametrisationFactory
    transforms: tuple[Transform, ...]
    optimiser: Optimiser


_TUTORIAL = Functions(channel_mean(), pixels, (), normalised_ascent())


def default_functions(settings: FilterSettings) -> Functions:
    """Return the functions of some settings, the same objects each time: traced graphs are looked up by them."""
    return _regularised(settings.size // 16) if settings.regularised else _TUTORIAL


@lru_cache
def _regularised(reach: int) -> Functions:
    return Functions(channel_mean(), fourier, (jitter(reach),), adam())


@dataclass
class _State:
    """One filter during the ascent: its values, and the memory of the optimiser."""

    index: int
    attempt: int
    values: NDArray[np.float32]
    first: NDArray[np.float32]
    second: NDArray[np.float32]


def ascend(
    clf: Classifier, layer: str, filters: Iterable[int], settings: FilterSettings, functions: Functions
) -> Iterator[tuple[dict[int, Pattern], float]]:
    """Draw the patterns of filters, a chunk together.

    Yields:
        The finished patterns by filter, and how many filters' worth of steps has been done beside them.
    """
    ascent = _Ascent(clf, layer, settings, functions)
    waiting = list(filters)
    most = max(1, CHUNK_PIXELS // settings.size**2)
    # Chunks of equal size: a last one of two filters would cost nearly as much as a whole one.
    chunk = -(-len(waiting) // max(1, -(-len(waiting) // most)))
    ready: list[_State] = []
    while waiting or ready:
        if waiting and len(ready) < chunk:
            active, dead = ascent.begin(waiting[:chunk])
            ready += active
            waiting = waiting[chunk:]
            yield dict.fromkeys(dead, ascent.blank), 0.0
        if len(ready) >= chunk or (ready and not waiting):
            part, ready = ready[:chunk], ready[chunk:]
            for share in ascent.climb(part):
                yield {}, share * len(part)
            yield {state.index: ascent.finished(state) for state in part}, 0.0


class _Ascent:
    """The ascent of one layer's filters with some settings."""

    def __init__(self, clf: Classifier, layer: str, settings: FilterSettings, functions: Functions):
        self.steps, self.seed, size = settings.step_count, settings.seed, settings.size
        self.parametrisation = functions.parametrisation(size, clf.channels)
        self.blank = Pattern(np.zeros((size, size, clf.channels), np.uint8), len(SPREADS))
        self.step = _traced(clf, layer, self.parametrisation, settings, functions)

    def begin(self, filters: list[int]) -> tuple[list[_State], list[int]]:
        """Take the first step of each filter, from wider noise where it has no gradient; return also those without.

        The first step shows the gradient, so that looking for it costs nothing where there is one.
        """
        active: list[_State] = []
        dead = filters
        for attempt, spread in enumerate(SPREADS):
            if not dead:
                break
            starts = [
                self.parametrisation.start(1, np.random.default_rng([self.seed, i, attempt]), spread)[0] for i in dead
            ]
            states = [_State(i, attempt, x, 0 * x, 0 * x) for i, x in zip(dead, starts, strict=True)]
            largest = self._advance(states, 0, 1)
            has_gradient = np.isfinite(largest) & (largest > 0)
            active += [state for state, moves in zip(states, has_gradient, strict=True) if moves]
            dead = [state.index for state, moves in zip(states, has_gradient, strict=True) if not moves]
        return active, dead

    def climb(self, states: list[_State]) -> Iterator[float]:
        """Take the other steps; yields the share of them that is done."""
        for done in range(1, self.steps, _STEPS_PER_PIECE):
            end = min(done + _STEPS_PER_PIECE, self.steps)
            self._advance(states, done, end)
            if end < self.steps:
                yield end / self.steps

    def _advance(self, states: list[_State], begin: int, end: int) -> NDArray[np.float32]:
        """Take steps ``begin`` to ``end``; return the largest gradient of each image at the last one, float32 (N,)."""
        arrays = [np.stack([getattr(state, name) for state in states]) for name in ("values", "first", "second")]
        filters = np.array([state.index for state in states], np.int32)
        *arrays, largest = (x.numpy() for x in self.step(*arrays, filters, begin, end, self.seed))
        for place, state in enumerate(states):
            state.values, state.first, state.second = (part[place] for part in arrays)
        return largest

    def finished(self, state: _State) -> Pattern:
        image = self.parametrisation.image(tf.constant(state.values[None])).numpy()[0]
        return Pattern(self.parametrisation.finish(image), state.attempt) if np.isfinite(image).all() else self.blank


def _traced(
    clf: Classifier, layer: str, parametrisation: Parametrisation, settings: FilterSettings, functions: Functions
) -> Callable:
    """Return the traced steps of one layer.

    They take (values, first, second, filters, begin, end, seed) and return the first three and the largest gradient of
    each image at the last step.
    """
    graphs = _graphs.setdefault(clf, {})
    key = (layer, settings.size, settings.start, settings.smoothness, functions)
    if key not in graphs:
        # A function written anew at each call, as in a notebook, would otherwise pile up graphs.
        while len(graphs) >= _MAX_GRAPHS:
            graphs.pop(next(iter(graphs)))
        graphs[key] = _trace(clf, layer, parametrisation, settings, functions)
    return graphs[key]


def _trace(
    clf: Classifier, layer: str, parametrisation: Parametrisation, settings: FilterSettings, functions: Functions
) -> Callable:
    call, smoothness = clf.map_layer(layer), settings.smoothness
    channels, layer_map = channel_maps(clf.model, call), layer_maps(clf.model, call)
    preprocess = PREPROCESSING["none" if settings.start == "tutorial" else clf.preprocessing]
    shape = parametrisation.start(1, np.random.default_rng(0), 1.0).shape[1:]
    axes = list(range(1, len(shape) + 1))

    def gradient_at(values: tf.Tensor, filters: tf.Tensor, channel: Callable, seed: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            images = parametrisation.image(values)
            inputs = preprocess(transformed(images, functions.transforms, seed))
            step = ForwardPass(images, filters, lambda: channel(inputs), lambda: layer_map(inputs))
            score = functions.objective(step)
            if smoothness:
                score -= smoothness * total_variation(images)
            total = tf.reduce_sum(score)
        return tape.gradient(total, values, unconnected_gradients="zero")

    def steps(
        values: tf.Tensor,
        first: tf.Tensor,
        second: tf.Tensor,
        filters: tf.Tensor,
        begin: tf.Tensor,
        end: tf.Tensor,
        seed: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        channel = channels(filters)
        largest = tf.zeros(tf.shape(filters))
        for place in tf.range(begin, end):
            gradient = gradient_at(values, filters, channel, tf.stack([seed, place]))
            largest = tf.reduce_max(tf.abs(gradient), axis=axes)
            change, first, second = functions.optimiser(gradient, first, second, tf.cast(place + 1, tf.float32))
            values += change
        return values, first, second, largest

    number = tf.TensorSpec([], tf.int32)
    signature = [*[tf.TensorSpec([None, *shape])] * 3, tf.TensorSpec([None], tf.int32), *[number] * 3]
    return traced(clf.model, steps, signature)
