"""The range of values that reaches a model's first weights, which decides whether it scales pixel values itself."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import keras
import numpy as np
import tensorflow as tf

from carvis.classifier.graph import consumers, operations_of
from carvis.classifier.method_patches import patched
from carvis.classifier.model_call import call_model, input_dtype, takes_whole_numbers
from carvis.classifier.preprocessing import PREPROCESSING
from carvis.classifier.vocabulary import PreprocessingName
from carvis.language import Message

# Layers with weights of their own that only shift and scale.
_SCALING = (
    keras.layers.Normalization,
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
)
_SUMS = (keras.layers.Conv2D, keras.layers.Dense, keras.layers.DepthwiseConv2D)
_TRIED: tuple[PreprocessingName, ...] = ("none", "unit", "tf")
# A division by at least this scales pixel values to the range that weights are trained on.
_LARGE = 16.0
# Weights are trained on values of about this span; that of pixel values is about 255.
_SCALED, _PIXELS = (0.25, 20.0), (200.0, 320.0)


class _Reached(Exception):
    """The first weights were reached, so the rest of the model need not run."""

    # Keras would wrap any other exception and lose what it holds.
    _keras_call_info_injected = True

    def __init__(self, values: np.ndarray):
        super().__init__()
        self.values = values


@dataclass(frozen=True)
class FirstWeightsRange:
    """The values that reach a model's first weights for pixel values 0 to 255.

    Attributes:
        low, high: of the values that reach them when pixel values go in unchanged.
        preprocessing: the name in ``PREPROCESSING`` that brings them to a range weights are trained on.
        unchanged: whether pixel values reach them as they are.
        certain: whether no other of ``none``, ``unit`` and ``tf`` would do.
    """

    low: float
    high: float
    preprocessing: PreprocessingName
    unchanged: bool
    certain: bool


def first_weights_input(model: keras.Model, images: np.ndarray) -> np.ndarray | None:
    """Return what reaches the first layer with weights, float32 (N, h, w, c), or None where none is reached.

    Args:
        images: float32 (N, H, W, C), as they go into the model.
    """
    with _stopping_at_weights(model):
        try:
            call_model(model, tf.constant(images, tf.float32))
        except _Reached as reached:
            return reached.values
    return None


@contextlib.contextmanager
def _stopping_at_weights(model: keras.Model) -> Iterator[None]:
    def stop(call: Callable, x: Any, *args: Any, **kwargs: Any) -> NoReturn:
        raise _Reached(np.asarray(tf.cast(keras.tree.flatten(x)[0], tf.float32)))

    learning = [
        step
        for step, parents in _with_parents(model, [model])
        if isinstance(step, keras.Layer) and step.weights and not isinstance(step, _SCALING) and _has_kernel(step)
        if not _only_weighs(step, parents)
    ]
    with contextlib.ExitStack() as patches:
        for step in learning:
            patches.enter_context(patched(step, "call", stop))
        yield


def _with_parents(model: keras.Model, parents: list[keras.Model]) -> Iterator[tuple[keras.Operation, list]]:
    for step in operations_of(model):
        if isinstance(step, keras.Model):
            yield from _with_parents(step, [*parents, step])
        else:
            yield step, parents


def _only_weighs(step: keras.Layer, parents: list[keras.Model]) -> bool:
    """Tell whether a step is a weighted sum that is scaled down at once, such as a conversion to grayscale.

    Its place before the scaling says that it takes pixel values.
    """
    if not isinstance(step, _SUMS) or getattr(step.activation, "__name__", "") != "linear":
        return False
    uses = consumers(parents, step)
    return bool(uses) and all(use is not None and _scales_down(use) for use in uses)


def _scales_down(step: keras.Operation) -> bool:
    if isinstance(step, keras.layers.Rescaling):
        return bool(np.max(np.abs(step.scale)) <= 1 / _LARGE)
    if isinstance(step, keras.layers.Normalization):
        spread = np.sqrt(np.asarray(step.variance))
        return bool(not step.invert and spread.min() >= _LARGE)
    kind = type(step).__name__
    if kind not in ("Divide", "TrueDivide", "Multiply") or not step._inbound_nodes:
        return False
    others = [
        operand for operand in step._inbound_nodes[0].arguments.args if not isinstance(operand, keras.KerasTensor)
    ]
    sizes = [np.abs(np.asarray(operand)) for operand in others if np.issubdtype(np.asarray(operand).dtype, np.number)]
    return any(size.max() <= 1 / _LARGE if kind == "Multiply" else size.min() >= _LARGE for size in sizes)


def _has_kernel(layer: keras.Layer) -> bool:
    """Tell whether a layer learns, and does not only keep the state of its random numbers."""
    return any("seed" not in weight.name and np.issubdtype(weight.dtype, np.floating) for weight in layer.weights)


def first_weights_range(model: keras.Model, size: tuple[int, int], channels: int) -> FirstWeightsRange | None:
    """Send black, white and noise through a model up to its first weights, and judge what reaches them.

    Returns:
        None where no weights are reached or the model cannot be run so.
    """
    rng = np.random.default_rng(0)
    shape = (*size, channels)
    images = np.stack([np.zeros(shape), np.full(shape, 255.0), rng.integers(0, 256, shape)]).astype(np.float32)
    try:
        ranges = {name: _ends(model, PREPROCESSING[name](images)) for name in _TRIED}
    # A custom layer may fail in any way; the range is then unknown.
    except Exception:
        return None
    ends = {name: pair for name, pair in ranges.items() if pair is not None}
    if len(ends) < len(ranges):
        return None
    low, high = ends["none"]
    if takes_whole_numbers(model):
        return FirstWeightsRange(low, high, "none", abs(low) < 1 and abs(high - 255) < 1, True)
    unchanged = abs(low) < 0.5 and abs(high - 255) < 0.5
    fits = [name for name in ends if _fits(*ends[name], _SCALED)]
    if not fits and not unchanged:
        fits = [name for name in ends if _fits(*ends[name], _PIXELS)]
    name = fits[0] if fits else "unit"
    rivals = [rival for rival in fits[1:] if abs(_off_centre(*ends[rival])) < abs(_off_centre(*ends[name])) - 0.5]
    return FirstWeightsRange(low, high, name, unchanged, bool(fits) and not rivals and not unchanged)


def _ends(model: keras.Model, images: np.ndarray) -> tuple[float, float] | None:
    values = first_weights_input(model, images)
    return None if values is None or not np.isfinite(values).all() else (float(values.min()), float(values.max()))


def _fits(low: float, high: float, spans: tuple[float, float]) -> bool:
    """Tell whether values span about as much, and lie about zero: an offset of another range puts them far away."""
    span = high - low
    return spans[0] <= span <= spans[1] and low - 0.3 * span <= 0 <= high + 0.3 * span


def _off_centre(low: float, high: float) -> float:
    """0 where values lie about zero alike, 1 where they begin or end there."""
    return (low + high) / (high - low)


def assumed_preprocessing(model: keras.Model, shape: tuple[int, int, int]) -> tuple[PreprocessingName, Message]:
    """Return the preprocessing that a model without a card is given, and the sentence that says why.

    Args:
        shape: (height, width, channels) of an image that the model takes.
    """
    span = first_weights_range(model, shape[:2], shape[2])
    if takes_whole_numbers(model):
        return "none", Message(
            "The model takes integers ({dtype}), so pixel values go in unchanged, 0 to 255 (preprocessing none).",
            dtype=input_dtype(model),
        )
    if span is None or span.unchanged:
        return "unit", Message(
            "Pixel values are divided by 255 (preprocessing unit), as the tutorial's models take them."
        )
    ends = {"low": f"{span.low:.3g}", "high": f"{span.high:.3g}"}
    if not span.certain:
        return span.preprocessing, Message(
            "The model transforms pixel values itself: 0 to 255 reach its first weights as {low} to {high},"
            " which does not show the range it expects, so preprocessing {name} is assumed.",
            name=span.preprocessing,
            **ends,
        )
    if span.preprocessing == "none":
        return "none", Message(
            "The model scales its input itself, so pixel values go in unchanged (preprocessing none): 0 to 255 reach"
            " its first weights as {low} to {high}.",
            **ends,
        )
    return span.preprocessing, Message(
        "The model transforms its input but expects scaled values: 0 to 255 would reach its first weights"
        " as {low} to {high}, so preprocessing {name} is assumed.",
        name=span.preprocessing,
        **ends,
    )
