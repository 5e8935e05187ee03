"""The loop that lets patterns grow: all filters of a chunk together, in one traced graph."""

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from carvis.classifier import Classifier
from carvis.classifier.model_call import traced
from carvis.classifier.preprocessing import PREPROCESSING
from carvis.explain.filters.objective import channel_means
from carvis.explain.filters.parametrisation import Parametrisation, fourier, pixels
from carvis.explain.filters.transforms import jitter, total_variation

# The tutorial's noise first; a filter with no gradient there is tried again from wider noise.
SPREADS = (20.0, 80.0, 255.0)
ADAM_RATE = 0.02
CHUNK_PIXELS = 32 * 64 * 64
# Between two pieces a person can stop the work.
_STEPS_A_PIECE = 8
_SMALL = 1e-5

_loops: "weakref.WeakKeyDictionary[Classifier, dict]" = weakref.WeakKeyDictionary()


@dataclass
class _Climber:
    """One filter on its way: where it stands, and what Adam remembers."""

    index: int
    attempt: int
    values: np.ndarray
    mean: np.ndarray
    square: np.ndarray


def grow(clf: Classifier, layer: str, filters: Iterable[int], settings: dict) -> Iterator[tuple[list, float]]:
    """Let the patterns of filters grow, a chunk together.

    Yields:
        What was finished, as (filter, pattern, number of the start at which it answered), and how many filters' worth
        of steps has been done beside them.
    """
    ascent = _Ascent(clf, layer, settings)
    waiting = list(filters)
    most = max(1, CHUNK_PIXELS // settings["size"] ** 2)
    # Chunks of equal size: a last one of two filters would cost nearly as much as a whole one.
    chunk = -(-len(waiting) // max(1, -(-len(waiting) // most)))
    ready: list[_Climber] = []
    while waiting or ready:
        if waiting and len(ready) < chunk:
            answering, deaf = ascent.begin(waiting[:chunk])
            ready += answering
            waiting = waiting[chunk:]
            yield [(index, ascent.blank, len(SPREADS)) for index in deaf], 0.0
        if len(ready) >= chunk or (ready and not waiting):
            part, ready = ready[:chunk], ready[chunk:]
            for share in ascent.climb(part):
                yield [], share * len(part)
            yield [ascent.finished(climber) for climber in part], 0.0


class _Ascent:
    """The ascent of one layer's filters under some settings."""

    def __init__(self, clf: Classifier, layer: str, settings: dict):
        self.steps, self.seed, self.regularised = settings["steps"], settings["seed"], settings["regularised"]
        size = settings["size"]
        self.way = (fourier if self.regularised else pixels)(size, clf.channels)
        self.blank = np.zeros((size, size, clf.channels), np.uint8)
        self.step = _traced(clf, layer, self.way, settings)

    def begin(self, filters: list[int]) -> tuple[list[_Climber], list[int]]:
        """Take the first step of each filter, from wider noise where it has no gradient; return those that have none.

        The first step shows the gradient, so that looking for it costs nothing where there is one.
        """
        answering, deaf = [], filters
        for attempt, spread in enumerate(SPREADS):
            if not deaf:
                break
            starts = [self.way.start(1, np.random.default_rng([self.seed, i, attempt]), spread)[0] for i in deaf]
            climbers = [_Climber(i, attempt, x, 0 * x, 0 * x) for i, x in zip(deaf, starts, strict=True)]
            slopes = self._advance(climbers, 0, 1)
            heard = np.isfinite(slopes) & (slopes > 0)
            answering += [climber for climber, answers in zip(climbers, heard, strict=True) if answers]
            deaf = [climber.index for climber, answers in zip(climbers, heard, strict=True) if not answers]
        return answering, deaf

    def climb(self, climbers: list[_Climber]) -> Iterator[float]:
        """Take the other steps; yields the share of them that is done."""
        for done in range(1, self.steps, _STEPS_A_PIECE):
            upto = min(done + _STEPS_A_PIECE, self.steps)
            self._advance(climbers, done, upto)
            if upto < self.steps:
                yield upto / self.steps

    def _advance(self, climbers: list[_Climber], first: int, upto: int) -> np.ndarray:
        state = [np.stack([getattr(one, name) for one in climbers]) for name in ("values", "mean", "square")]
        channels = np.array([one.index for one in climbers], np.int32)
        *state, slopes = (x.numpy() for x in self.step(*state, channels, first, upto, self.seed))
        for place, one in enumerate(climbers):
            one.values, one.mean, one.square = (part[place] for part in state)
        return slopes

    def finished(self, climber: _Climber) -> tuple[int, np.ndarray, int]:
        picture = self.way.picture(tf.constant(climber.values[None])).numpy()[0]
        if not np.isfinite(picture).all():
            return climber.index, self.blank, len(SPREADS)
        made = picture.round().astype(np.uint8) if self.regularised else standardised(picture)
        return climber.index, made, climber.attempt


def _traced(clf: Classifier, layer: str, way: Parametrisation, settings: dict) -> Callable:
    """Return the traced steps of one layer.

    They take (values, mean, square, channels, first, upto, seed) and return the first three and the largest gradient
    of each pattern at the last step.
    """
    loops = _loops.setdefault(clf, {})
    key = (layer, *(settings[name] for name in ("size", "start", "regularised", "smoothness")))
    if key not in loops:
        loops[key] = _trace(clf, layer, way, settings)
    return loops[key]


def _trace(clf: Classifier, layer: str, way: Parametrisation, settings: dict) -> Callable:
    objective = channel_means(clf.model, clf.map_layer(layer))
    scale = PREPROCESSING["none" if settings["start"] == "tutorial" else clf.preprocessing]
    regularised, smoothness = settings["regularised"], settings["smoothness"]
    reach = settings["size"] // 16 if regularised else 0
    shape = way.start(1, np.random.default_rng(0), 1.0).shape[1:]
    axes = list(range(1, len(shape) + 1))

    def slope_at(values, means, seed):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            pictures = way.picture(values)
            grown = means(scale(jitter(pictures, reach, seed)))
            if smoothness:
                grown -= smoothness * total_variation(pictures)
            total = tf.reduce_sum(grown)
        return tape.gradient(total, values)

    number = tf.TensorSpec([], tf.int32)

    def step(values, mean, square, channels, first, upto, seed):
        means = objective(channels)
        largest = tf.zeros(tf.shape(channels))
        for turn in tf.range(first, upto):
            slope = slope_at(values, means, tf.stack([seed, turn]))
            largest = tf.reduce_max(tf.abs(slope), axis=axes)
            if regularised:
                mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
                count = tf.cast(turn + 1, tf.float32)
                rate = ADAM_RATE * tf.sqrt(1 - 0.999**count) / (1 - 0.9**count)
                values += rate * mean / (tf.sqrt(square) + 1e-8)
            else:
                length = tf.sqrt(tf.reduce_mean(slope**2, axis=axes, keepdims=True))
                values += slope / (length + _SMALL)
        return values, mean, square, largest

    signature = [*[tf.TensorSpec([None, *shape])] * 3, tf.TensorSpec([None], tf.int32), *[number] * 3]
    return traced(clf.model, step, signature)


def standardised(picture: np.ndarray) -> np.ndarray:
    """Bring a pattern to grey with a spread of a tenth of the range, as the tutorial does: float to uint8."""
    values = (picture - picture.mean()) / (picture.std() + _SMALL) * 0.1 + 0.5
    return (np.clip(values, 0, 1) * 255).astype(np.uint8)
