"""Mixed precision: while a model is trained its layers compute in bfloat16; weights and files stay float32."""

import contextlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import keras
import tensorflow as tf

from carvis.classifier.layers import walk

POLICY = "mixed_bfloat16"


class MixedPrecision:
    """Gives a model's layers Keras' policy ``mixed_bfloat16`` within a ``with`` block.

    What is traced inside, such as the steps of ``fit``, computes so for good.

    Args:
        enabled: False leaves the model as it is.
        with_output: whether the model ends in the scores of the classes. The last layer with weights, and what follows,
            then stay as they are: a softmax of three digits cannot tell 0.998 from 1.
    """

    def __init__(self, model: keras.Model, enabled: bool = True, *, with_output: bool = True):
        self._layers = _layers(model, with_output) if enabled else []
        self._policies = [layer.dtype_policy for layer in self._layers]

    def __enter__(self) -> Self:
        for layer in self._layers:
            layer.dtype_policy = POLICY
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for layer, policy in zip(self._layers, self._policies, strict=True):
            layer.dtype_policy = policy

    @contextlib.contextmanager
    def suspended(self) -> Iterator[None]:
        """Give the layers their own policies back within the block, so that a file that is written there has them."""
        self.__exit__(None, None, None)
        try:
            yield
        finally:
            self.__enter__()


def frozen_pass(model: keras.Model, mixed: bool) -> Callable[[tf.Tensor], tf.Tensor]:
    """Compile the frozen part of a model: from images (N, H, W, C) to float32 features."""

    @tf.function(reduce_retracing=True)
    def run(images: tf.Tensor) -> tf.Tensor:
        with MixedPrecision(model, mixed, with_output=False):
            return tf.cast(model(images, training=False), tf.float32)

    return run


def _layers(model: keras.Model, with_output: bool) -> list[keras.Layer]:
    leaves = [layer for _, layer in walk(model) if not isinstance(layer, keras.layers.InputLayer)]
    weighted = [i for i, layer in enumerate(leaves) if layer.weights]
    return leaves[: weighted[-1]] if with_output and weighted else leaves
