"""The loop that lets patterns grow: all filters of a chunk together, in one traced graph."""

import weakref
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import tensorflow as tf

from carvis.classifier import Classifier
from carvis.classifier.preprocessing import PREPROCESSING
from carvis.errors import ModelError
from carvis.explain.filters.objective import channel_mean
from carvis.explain.filters.parametrisation import Parametrisation, fourier, pixels
from carvis.explain.filters.patterns import FilterPatterns
from carvis.explain.filters.transforms import jitter, total_variation
from carvis.explain.trunk import trunk

STARTS = ("model", "tutorial")
# The tutorial's noise first; a filter with no gradient there is tried again from wider noise.
SPREADS = (20.0, 80.0, 255.0)
ADAM_RATE = 0.05
_CHUNK_PIXELS = 32 * 64 * 64
_SMALL = 1e-5

_loops: "weakref.WeakKeyDictionary[Classifier, dict]" = weakref.WeakKeyDictionary()


def filter_patterns(
    clf: Classifier, layer: str, filters: Iterable[int] | None = None, size: int = 64, steps: int = 40, **options
) -> np.ndarray:
    """Draw the pictures that excite single filters of a layer most: uint8 (n, size, size, 3).

    Arguments and errors as ``draw_filters``, which also tells which filters never answered.
    """
    return draw_filters(clf, layer, filters, size, steps, **options).images


def draw_filters(
    clf: Classifier,
    layer: str,
    filters: Iterable[int] | None = None,
    size: int = 64,
    steps: int = 40,
    *,
    start: str = "model",
    regularised: bool = False,
    smoothness: float = 0.0,
    seed: int = 0,
    watch: Callable[[int, int], bool | None] = lambda done, total: None,
) -> FilterPatterns:
    """Draw the pictures that excite single filters of a layer most.

    By gradient ascent on the mean of a channel from noise, each step as long as a pixel value, the gradient divided
    by its root mean square (Erhan et al., "Visualizing Higher-Layer Features of a Deep Network", 2009; as in the
    tutorial).

    Args:
        layer: path of a layer with a map as output.
        filters: indices of channels; None for the first 64.
        size: side of the pictures in pixels.
        steps: of the ascent.
        start: ``model`` brings the noise to the range that the model's preprocessing gives, ``tutorial`` feeds 128 to
            148 to the model as it is.
        regularised: the modern picture: the spectrum of decorrelated colours is changed, by Adam, and the picture
            moved at random (Olah et al., "Feature Visualization", Distill 2017).
        smoothness: weight of the total variation that is taken off the objective.
        seed: of the noise; each filter's noise depends on nothing else.
        watch: called with the number of filters done and to do; returns True to stop.

    Raises:
        ModelError: no such layer or filter, or a size or number of steps that makes no sense.
    """
    channels = clf.map_layer(layer).output.shape[-1]
    filters = list(range(min(64, channels)) if filters is None else filters)
    for index in filters:
        if not 0 <= index < channels:
            raise ModelError(f"{layer} of {clf.name} has no filter {index}: its filters are 0 to {channels - 1}.")
    if size < 8 or steps < 1:
        raise ModelError(f"Patterns of {size} pixels in {steps} steps cannot be drawn: take 8 pixels, 1 step or more.")
    if start not in STARTS:
        raise ModelError(f"{start} is not a start: choose one of {', '.join(STARTS)}.")
    settings = {"size": size, "steps": steps, "start": start, "regularised": regularised, "smoothness": smoothness}
    grown: dict[int, tuple[np.ndarray, int]] = {}
    for index, image, attempt in _grow(clf, layer, dict.fromkeys(filters), settings, seed):
        grown[index] = image, attempt
        if watch(len(grown), len(filters)):
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
        settings=settings | {"seed": seed},
    )


def _grow(clf: Classifier, layer: str, filters: Iterable[int], settings: dict, seed: int) -> Iterator[tuple]:
    """Yield each filter with its pattern and the number of the start at which it answered."""
    size, regularised = settings["size"], settings["regularised"]
    way = (fourier if regularised else pixels)(size, clf.channels)
    climb = _loop(clf, layer, way, settings)
    waiting = list(filters)
    chunk = max(1, min(len(waiting), _CHUNK_PIXELS // size**2))
    for attempt, spread in enumerate(SPREADS):
        deaf = []
        for part in (waiting[i : i + chunk] for i in range(0, len(waiting), chunk)):
            # A short chunk is filled up, or it would be traced anew.
            full = (part * chunk)[:chunk]
            start = [way.start(1, np.random.default_rng([seed, index, attempt]), spread) for index in full]
            pictures, slopes = climb(np.concatenate(start), np.array(full, np.int32), settings["steps"], seed)
            for index, picture, slope in zip(part, pictures.numpy(), slopes.numpy()):
                if not (np.isfinite(slope) and slope > 0 and np.isfinite(picture).all()):
                    deaf.append(index)
                    continue
                yield index, picture.round().astype(np.uint8) if regularised else _standardised(picture), attempt
        waiting = deaf
    for index in waiting:
        yield index, np.zeros((size, size, clf.channels), np.uint8), len(SPREADS)


def _loop(clf: Classifier, layer: str, way: Parametrisation, settings: dict) -> Callable:
    """Return the traced ascent of one layer: (values, channels, steps, seed) -> (pictures, first slopes)."""
    loops = _loops.setdefault(clf, {})
    key = (layer, *(settings[name] for name in ("size", "start", "regularised", "smoothness")))
    if key not in loops:
        loops[key] = _trace(clf, layer, way, settings)
    return loops[key]


def _trace(clf: Classifier, layer: str, way: Parametrisation, settings: dict) -> Callable:
    run = trunk(clf.model, clf.layer(layer))
    scale = PREPROCESSING["none" if settings["start"] == "tutorial" else clf.preprocessing]
    regularised, smoothness = settings["regularised"], settings["smoothness"]
    reach = settings["size"] // 16 if regularised else 0

    def slope_at(values, channels, seed):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            pictures = way.picture(values)
            grown = channel_mean(run(scale(jitter(pictures, reach, seed))), channels)
            if smoothness:
                grown -= smoothness * total_variation(pictures)
            total = tf.reduce_sum(grown)
        return tape.gradient(total, values)

    @tf.function(reduce_retracing=True)
    def climb(values, channels, steps, seed):
        axes = list(range(1, len(values.shape)))
        first = tf.reduce_max(tf.abs(slope_at(values, channels, tf.stack([seed, -1]))), axis=axes)
        mean, square = tf.zeros_like(values), tf.zeros_like(values)
        for step in tf.range(steps):
            slope = slope_at(values, channels, tf.stack([seed, step]))
            if regularised:
                mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
                turn = tf.cast(step + 1, tf.float32)
                rate = ADAM_RATE * tf.sqrt(1 - 0.999**turn) / (1 - 0.9**turn)
                values += rate * mean / (tf.sqrt(square) + 1e-8)
            else:
                length = tf.sqrt(tf.reduce_mean(slope**2, axis=axes, keepdims=True))
                values += slope / (length + _SMALL)
        return way.picture(values), first

    return lambda values, channels, steps, seed: climb(values, channels, tf.constant(steps), tf.constant(seed))


def _standardised(picture: np.ndarray) -> np.ndarray:
    """Bring a pattern to grey with a spread of a tenth of the range, as the tutorial does: float to uint8."""
    values = (picture - picture.mean()) / (picture.std() + _SMALL) * 0.1 + 0.5
    return (np.clip(values, 0, 1) * 255).astype(np.uint8)
