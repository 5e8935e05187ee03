"""One forward pass through any Keras model that also hands out a layer's output and the score's gradient by it."""

import contextlib
import threading
from collections.abc import Callable, Iterator

import keras
import tensorflow as tf

from carvis.classifier.graph import final_operation

_tracing = threading.RLock()


def _in_this_thread(own: Callable, wrapper: Callable) -> Callable:
    """Wrap a function for the calls of this thread alone: another one may use the model at the same time."""
    here = threading.get_ident()

    def call(*args, **kwargs):
        return wrapper(own, *args, **kwargs) if threading.get_ident() == here else own(*args, **kwargs)

    return call


@contextlib.contextmanager
def _calls(layer: keras.Operation, wrapper: Callable) -> Iterator[None]:
    """Run ``wrapper(call, *args)`` in place of the layer's ``call`` while the block lasts."""
    own = layer.__dict__.get("call")
    call = layer.call
    object.__setattr__(layer, "call", _in_this_thread(call, wrapper))
    try:
        yield
    finally:
        if own is None:
            object.__delattr__(layer, "call")
        else:
            object.__setattr__(layer, "call", own)


@contextlib.contextmanager
def _activation(layer: keras.Layer, wrapper: Callable) -> Iterator[None]:
    own = layer.activation
    layer.activation = _in_this_thread(own, wrapper)
    try:
        yield
    finally:
        layer.activation = own


def _squashes(name: str) -> bool:
    return name.lower() in ("softmax", "sigmoid")


def make_tap(model: keras.Model, layer: keras.Layer, score_kind: str) -> Callable:
    """Build the traced function behind every method that needs activations and gradients.

    The layer's own ``call`` is wrapped while the function is traced, which works alike for flat, nested and
    Sequential models, needs no second model, and lets the gradient run only from the score back to the layer.

    Args:
        model: a Keras model with one image input and one output (N, k).
        layer: the layer to explain, at any depth.
        score_kind: ``logit`` for the value before the final softmax or sigmoid, ``probability`` for the one after.

    Returns:
        A function of images float32 (N, H, W, C) and targets int32 (N,), -1 for the predicted class, giving
        activations (N, h, w, c), gradients (N, h, w, c), scores (N,), output (N, k) and targets (N,).
    """
    last = final_operation(model)
    input_shape = [None, *model.inputs[0].shape[1:]]

    @tf.function(
        input_signature=[tf.TensorSpec(input_shape, tf.float32), tf.TensorSpec([None], tf.int32)],
        reduce_retracing=True,
    )
    def tapped(images, targets):
        seen: dict[str, tf.Tensor] = {}

        def watch(call, *args, **kwargs):
            seen["activations"] = call(*args, **kwargs)
            tape.watch(seen["activations"])
            return seen["activations"]

        def keep_input(function, x, *args, **kwargs):
            seen["logits"] = x
            return function(x, *args, **kwargs)

        with (
            _tracing,
            tf.GradientTape(persistent=False, watch_accessed_variables=False) as tape,
            contextlib.ExitStack() as patches,
        ):
            patches.enter_context(_calls(layer, watch))
            if _squashes(type(last).__name__):
                patches.enter_context(_calls(last, keep_input))
            elif _squashes(getattr(getattr(last, "activation", None), "__name__", "")):
                patches.enter_context(_activation(last, keep_input))
            output = tf.cast(model(images, training=False), tf.float32)
            # What only reshapes may stand between the softmax and the output.
            logits = tf.reshape(tf.cast(seen.get("logits", output), tf.float32), tf.shape(output))
            answers, logits = _two_columns(output, logits, squashed="logits" in seen)
            chosen = tf.where(targets < 0, tf.argmax(answers, axis=1, output_type=tf.int32), targets)
            scores = tf.gather(logits if score_kind == "logit" else answers, chosen, axis=1, batch_dims=1)
            total = tf.reduce_sum(scores)
        gradients = tape.gradient(total, seen["activations"], unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tf.cast(seen["activations"], tf.float32), tf.cast(gradients, tf.float32), scores, output, chosen

    return tapped


def _two_columns(output, logits, squashed: bool):
    """Give a single sigmoid output its second class, and an output without softmax its probabilities."""
    if output.shape[1] == 1:
        return tf.concat([1 - output, output], axis=1), tf.concat([-logits, logits], axis=1)
    return (output, logits) if squashed else (tf.nn.softmax(output), output)
