"""One forward pass through any Keras model that also hands out layers' outputs and the scores' gradients by them."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from carvis.classifier.flat_graph import Call
from carvis.classifier.graph import final_operation
from carvis.classifier.layers import walk
from carvis.classifier.method_patches import PATCHING, in_this_thread, patched
from carvis.classifier.model_call import call_model, fed_as_float, traced
from carvis.classifier.output import class_scores, squashing_step
from carvis.classifier.output_kind import decide_output
from carvis.classifier.runtime_errors import name_of, telling
from carvis.classifier.vocabulary import OutputName, ScoreName
from carvis.explain.keras.bfloat16 import heavy_layers, in_bfloat16


def calls_through(layer: keras.Operation, wrapper: Callable) -> contextlib.AbstractContextManager[None]:
    """Run ``wrapper(call, *args)`` in place of the layer's ``call`` while the block lasts."""
    return patched(layer, "call", wrapper)


def turn_of(layer: Call | keras.Operation) -> tuple[keras.Operation, int]:
    """Return a layer and which of its calls is meant: of a layer by itself the first."""
    return (layer.operation, layer.turn) if isinstance(layer, Call) else (layer, 0)


@contextlib.contextmanager
def outputs_of(layers: Sequence[Call | keras.Operation], keep: Callable) -> Iterator[None]:
    """Hand the output of each call to ``keep(place, output)``, with its place in ``layers``, while the block lasts.

    A layer may be called several times in one pass: its calls are counted.
    """
    wanted: dict[int, tuple[keras.Operation, dict[int, list[int]]]] = {}
    for place, layer in enumerate(layers):
        operation, turn = turn_of(layer)
        wanted.setdefault(id(operation), (operation, {}))[1].setdefault(turn, []).append(place)

    def counting(places: dict[int, list[int]]) -> Callable:
        turns = iter(range(1_000_000))

        def wrapper(call, *args, **kwargs):
            output = call(*args, **kwargs)
            for place in places.get(next(turns), ()):
                keep(place, output)
            return output

        return wrapper

    with contextlib.ExitStack() as patches:
        for operation, places in wanted.values():
            patches.enter_context(calls_through(operation, counting(places)))
        yield


@contextlib.contextmanager
def _activation(layer: keras.Layer, wrapper: Callable) -> Iterator[None]:
    with PATCHING:
        own = layer.activation
        layer.activation = in_this_thread(own, wrapper)
        try:
            yield
        finally:
            layer.activation = own


def _seen_before(squashing: keras.Operation, keep: Callable):
    """Run ``keep(function, x)`` in place of what squashes, be it the step itself or its activation."""
    activation = getattr(squashing, "activation", None)
    if activation is None:
        return calls_through(squashing, keep)
    if isinstance(activation, keras.Operation):
        return calls_through(activation, keep)
    return _activation(squashing, keep)


class Tapped(NamedTuple):
    """What one pass through a model tells of N pictures and T targets.

    Attributes:
        activations: for each layer tapped, (N, h, w, c).
        gradients: for each layer tapped, (N, T, h, w, c).
        scores: (N, T).
        output: the model's output (N, k).
        first, second: the class indices (N, T) that the scores are of.
    """

    activations: list
    gradients: list
    scores: tf.Tensor
    output: tf.Tensor
    first: tf.Tensor
    second: tf.Tensor


def make_tap(
    model: keras.Model,
    layers: Sequence[Call | keras.Layer | None],
    score_kind: ScoreName,
    n_targets: int = 1,
    precision: str = "full",
    *,
    output: OutputName | None = None,
    size: tuple[int | None, int | None] | None = None,
) -> Callable:
    """Build the traced function behind every method that asks for activations, gradients or scores.

    A layer's own ``call`` is wrapped while the function is traced, which works alike for flat, nested and
    Sequential models, needs no second model, and lets the gradient run only from the score back to the layer.

    Args:
        model: a Keras model with one image input and one output (N, k).
        layers: the calls of layers to tap, at any depth; of a layer by itself its first call, and None stands for the
            input itself. With none at all, only scores.
        score_kind: ``logit`` for the value before the final softmax or sigmoid, ``probability`` for the one after,
            ``log-probability`` for its logarithm.
        n_targets: T, the number of scores asked for each picture; 0 where only activations are.
        precision: ``full``, or ``fast`` for convolutions in bfloat16.
        output: what the output means (``Classifier.output``); None decides by the graph.
        size: height and width of the images, the model's own where None; with an open one nothing is traced.

    Returns:
        A function of images float32 (N, H, W, C), class indices first and second int32 (N, T), -1 for the predicted
        class, and gamma float32 (N, T). A score is that of the first class less gamma times that of the second.
    """
    last = final_operation(model)
    rounded = [layer for layer in heavy_layers(layer for _, layer in walk(model)) if precision == "fast"]
    meaning = output or decide_output(model, model.name)[0] or "logit"
    squashing = squashing_step(model)
    image_shape = [None, *(size or model.inputs[0].shape[1:3]), model.inputs[0].shape[3]]
    pair = [None, n_targets]

    def tapped(images, first, second, gamma):
        seen: dict = {}

        def watch(place, output):
            seen[place] = output
            tape.watch(output)

        def keep_input(function, x, *args, **kwargs):
            seen["logits"] = x
            return function(x, *args, **kwargs)

        with (
            PATCHING,
            tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape,
            contextlib.ExitStack() as patches,
        ):
            for layer in rounded:
                if layer is not last:
                    patches.enter_context(calls_through(layer, in_bfloat16))
            for place in (place for place, layer in enumerate(layers) if layer is None):
                watch(place, images)
            inner = [(place, layer) for place, layer in enumerate(layers) if layer is not None]
            places = [place for place, _ in inner]
            patches.enter_context(outputs_of([layer for _, layer in inner], lambda i, output: watch(places[i], output)))
            if squashing is not None:
                patches.enter_context(_seen_before(squashing, keep_input))
            if None in layers:
                patches.enter_context(fed_as_float(model))
            output = call_model(model, images)
            # What only reshapes may stand between the softmax and the output.
            before = tf.reshape(tf.cast(seen["logits"], tf.float32), tf.shape(output)) if "logits" in seen else None
            answers, values = class_scores(output, before, meaning, score_kind)
            answer = tf.argmax(answers, axis=1, output_type=tf.int32)[:, None]
            first, second = (tf.where(asked < 0, answer, asked) for asked in (first, second))
            rival = tf.gather(values, second, axis=1, batch_dims=1)
            # Without a rival its score is left out altogether: zero times infinity is no number.
            against = tf.where(gamma == 0, tf.zeros_like(rival), gamma * rival)
            scores = tf.gather(values, first, axis=1, batch_dims=1) - against
            totals = [tf.reduce_sum(scores[:, t]) for t in range(n_targets)]
        sources = [seen[place] for place in range(len(layers))]
        slopes = [tape.gradient(total, sources, unconnected_gradients=tf.UnconnectedGradients.ZERO) for total in totals]
        gradients = [tf.cast(tf.stack(of_one, axis=1), tf.float32) for of_one in zip(*slopes, strict=True)]
        return Tapped([tf.cast(x, tf.float32) for x in sources], gradients, scores, output, first, second)

    if None in image_shape[1:]:
        return telling(lambda images, *asked: tapped(tf.constant(images), *map(tf.constant, asked)), name_of(model))
    signature = [tf.TensorSpec(image_shape, tf.float32), *(tf.TensorSpec(pair, one) for one in (tf.int32,) * 2)]
    return traced(model, tapped, [*signature, tf.TensorSpec(pair, tf.float32)])
