"""Mixed precision: layers compute in bfloat16 while a function is traced; weights and the model stay float32."""

import contextlib
from collections.abc import Callable, Iterator

import keras
import tensorflow as tf

from carvis.classifier.layers import walk

POLICY = "mixed_bfloat16"


@contextlib.contextmanager
def mixed_precision(model: keras.Model, wanted: bool = True, *, answers: bool = True) -> Iterator[None]:
    """Let a model's layers compute in bfloat16 as long as this is open.

    Open it inside what is traced, so that the model is never seen, nor saved, in this state.

    Args:
        wanted: whether to do so at all.
        answers: whether the model ends in an answer. The last layer with weights, and what follows, then stay as they
            are: a softmax of three digits cannot tell 0.998 from 1.
    """
    layers = _layers(model, answers) if wanted else []
    before = [layer.dtype_policy for layer in layers]
    try:
        for layer in layers:
            layer.dtype_policy = POLICY
        yield
    finally:
        for layer, policy in zip(layers, before, strict=True):
            layer.dtype_policy = policy


def frozen_pass(model: keras.Model, mixed: bool) -> Callable:
    """Compile the frozen part of a model: from images (N, H, W, C) to float32 features."""

    @tf.function(reduce_retracing=True)
    def run(images):
        with mixed_precision(model, mixed, answers=False):
            return tf.cast(model(images, training=False), tf.float32)

    return run


def _layers(model: keras.Model, answers: bool) -> list[keras.Layer]:
    leaves = [layer for _, layer in walk(model) if not isinstance(layer, keras.layers.InputLayer)]
    weighted = [i for i, layer in enumerate(leaves) if layer.weights]
    return leaves[: weighted[-1]] if answers and weighted else leaves
