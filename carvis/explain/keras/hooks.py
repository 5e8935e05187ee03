"""Hooks on a model's layers: their outputs, and the gradients of scores by them, from one forward pass."""

import contextlib
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from carvis.classifier import Classifier
from carvis.classifier.call_hooks import as_map, hooked_calls, wrapped_call
from carvis.classifier.flat_graph import Call
from carvis.classifier.graph import final_operation
from carvis.classifier.layers import walk
from carvis.classifier.method_patches import PATCHING, in_this_thread
from carvis.classifier.model_call import call_model, fed_as_float, traced
from carvis.classifier.output import class_scores, squashing_step
from carvis.classifier.output_kind import decide_output
from carvis.classifier.runtime_errors import name_of, with_model_failures
from carvis.classifier.vocabulary import OutputName
from carvis.explain.keras.bfloat16 import heavy_layers, in_bfloat16
from carvis.explain.score import Precision, Score

# Takes images, class indices, those they are contrasted with, and gamma, as ``hook_layers`` says.
Hooks = Callable[[Any, Any, Any, Any], "HookedOutputs"]

# Tracing takes a second and serves every image after: once for each model, layers, score, precision and number.
_hooks: "weakref.WeakKeyDictionary[Classifier, dict[tuple, Hooks]]" = weakref.WeakKeyDictionary()


class HookedOutputs(NamedTuple):
    """What one pass through a model gives for N images and T targets: tensors, or arrays.

    Attributes:
        activations: for each hooked layer, (N, h, w, c).
        gradients: for each hooked layer, (N, T, h, w, c).
        scores: (N, T).
        output: the model's output (N, k).
        classes, against: the class indices (N, T) that the scores are of.
    """

    activations: list[Any]
    gradients: list[Any]
    scores: Any
    output: Any
    classes: Any
    against: Any

    def as_arrays(self) -> "HookedOutputs":
        """Return the same as numpy arrays."""
        return HookedOutputs(*([x.numpy() for x in part] if isinstance(part, list) else part.numpy() for part in self))


def hooks_of(
    clf: Classifier, paths: tuple[str, ...], score: Score, n_targets: int, precision: Precision = "full"
) -> Hooks:
    """Return ``hook_layers`` for layers by their paths, ``input`` for the input itself, traced once for each model.

    Raises:
        ModelError: no such layer, or one without a map.
    """
    of_model = _hooks.setdefault(clf, {})
    key = (paths, score, n_targets, precision)
    if key not in of_model:
        layers = [None if path == "input" else clf.map_layer(path) for path in paths]
        of_model[key] = hook_layers(
            clf.model, layers, score, n_targets, precision, output=clf.output, size=clf.input_size
        )
    return of_model[key]


@contextlib.contextmanager
def _wrapped_activation(layer: keras.Layer, wrapper: Callable) -> Iterator[None]:
    with PATCHING:
        activation = layer.activation
        layer.activation = in_this_thread(activation, wrapper)
        try:
            yield
        finally:
            layer.activation = activation


def wrapped_squashing(squashing: keras.Operation, wrapper: Callable) -> contextlib.AbstractContextManager[None]:
    """Run ``wrapper(function, x)`` in place of what squashes, be it the step itself or its activation."""
    activation = getattr(squashing, "activation", None)
    if activation is None:
        return wrapped_call(squashing, wrapper)
    if isinstance(activation, keras.Operation):
        return wrapped_call(activation, wrapper)
    return _wrapped_activation(squashing, wrapper)


def hook_layers(
    model: keras.Model,
    layers: Sequence[Call | keras.Layer | None],
    score_kind: Score,
    n_targets: int = 1,
    precision: Precision = "full",
    *,
    output: OutputName | None = None,
    size: tuple[int | None, int | None] | None = None,
    patching: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
) -> Hooks:
    """Build the traced function behind every method that needs activations, gradients or scores.

    A layer's own ``call`` is wrapped while the function is traced, which works alike for flat, nested and
    Sequential models, needs no second model, and lets the gradient run only from the score back to the layer.

    Args:
        model: a Keras model with one image input and one output (N, k).
        layers: the calls of layers to hook, at any depth; of a layer by itself its first call, and None stands for the
            input itself. With none at all, only scores.
        score_kind: ``logit`` for the value before the final softmax or sigmoid, ``probability`` for the one after,
            ``log-probability`` for its logarithm.
        n_targets: T, the number of scores of each image; 0 where only activations are needed.
        precision: ``full``, or ``fast`` for convolutions in bfloat16.
        output: what the output means (``Classifier.output``); None decides by the graph.
        size: height and width of the images, the model's own where None; with an open one nothing is traced.
        patching: what else is changed in the model while it runs.

    Returns:
        A function of images float32 (N, H, W, C), class indices and those they are contrasted with int32 (N, T), -1 for
        the predicted class, and gamma float32 (N, T). A score is that of the first class less gamma times that of the
        second.
    """
    last = final_operation(model)
    rounded = [layer for layer in heavy_layers(layer for _, layer in walk(model)) if precision == "fast"]
    meaning = output or decide_output(model, model.name)[0] or "logit"
    squashing = squashing_step(model)
    image_shape = [None, *(size or model.inputs[0].shape[1:3]), model.inputs[0].shape[3]]

    def run(images: tf.Tensor, classes: tf.Tensor, against: tf.Tensor, gamma: tf.Tensor) -> HookedOutputs:
        activations: dict[int, tf.Tensor] = {}
        logits: list[tf.Tensor] = []

        def watch(place: int, output: tf.Tensor) -> None:
            activations[place] = output
            tape.watch(output)

        def keep_logits(function: Callable[..., tf.Tensor], x: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
            logits.append(x)
            return function(x, *args, **kwargs)

        with (
            PATCHING,
            tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape,
            contextlib.ExitStack() as patches,
        ):
            patches.enter_context(patching())
            for layer in rounded:
                if layer is not last:
                    patches.enter_context(wrapped_call(layer, in_bfloat16))
            for place in (place for place, layer in enumerate(layers) if layer is None):
                watch(place, images)
            inner = [(place, layer) for place, layer in enumerate(layers) if layer is not None]
            places = [place for place, _ in inner]
            patches.enter_context(
                hooked_calls([layer for _, layer in inner], lambda i, given, output: watch(places[i], output))
            )
            if squashing is not None:
                patches.enter_context(wrapped_squashing(squashing, keep_logits))
            if None in layers:
                patches.enter_context(fed_as_float(model))
            output = call_model(model, images)
            # What only reshapes may stand between the softmax and the output.
            before = tf.reshape(tf.cast(logits[-1], tf.float32), tf.shape(output)) if logits else None
            probabilities, values = class_scores(output, before, meaning, score_kind)
            predicted = tf.argmax(probabilities, axis=1, output_type=tf.int32)[:, None]
            classes, against = (tf.where(index < 0, predicted, index) for index in (classes, against))
            rival = tf.gather(values, against, axis=1, batch_dims=1)
            # Without a contrast the other score is replaced by zero: zero times infinity is NaN.
            rival = tf.where(gamma == 0, tf.zeros_like(rival), gamma * rival)
            scores = tf.gather(values, classes, axis=1, batch_dims=1) - rival
            totals = [tf.reduce_sum(scores[:, t]) for t in range(n_targets)]
        sources = [activations[place] for place in range(len(layers))]
        by_target = [
            tape.gradient(total, sources, unconnected_gradients=tf.UnconnectedGradients.ZERO) for total in totals
        ]
        gradients = [
            tf.cast(tf.stack([as_map(layer, gradient) for gradient in of_layer], axis=1), tf.float32)
            for layer, of_layer in zip(layers, zip(*by_target, strict=True))
        ]
        maps = [tf.cast(as_map(layer, x), tf.float32) for layer, x in zip(layers, sources, strict=True)]
        return HookedOutputs(maps, gradients, scores, output, classes, against)

    if None in image_shape[1:]:
        return with_model_failures(
            lambda images, *targets: run(tf.constant(images), *map(tf.constant, targets)), name_of(model)
        )
    pair = [None, n_targets]
    signature = [tf.TensorSpec(image_shape, tf.float32), tf.TensorSpec(pair, tf.int32), tf.TensorSpec(pair, tf.int32)]
    return traced(model, run, [*signature, tf.TensorSpec(pair, tf.float32)])
