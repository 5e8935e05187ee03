"""Functions of ``tf.nn`` that a graph of Keras 2 may apply, in operations of Keras 3."""

from collections.abc import Callable
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike

L = keras.layers
Tensor: TypeAlias = keras.KerasTensor
Value: TypeAlias = Any


def pooling(layer: type) -> Callable:
    """Return ``tf.nn.max_pool2d`` or ``avg_pool2d``, by the layer that computes it."""

    def pool(input: Tensor, ksize: Value, strides: Value, padding: str) -> Tensor:
        # TensorFlow gives one number for all axes, one a side, or one for each axis with batch and channels.
        sizes = [value if isinstance(value, int) else value[-3:-1] if len(value) == 4 else value for value in
                 (ksize, strides)]  # fmt: skip
        return layer(*(size if isinstance(size, int) else tuple(size) for size in sizes), padding=padding.lower())(
            input
        )

    return pool


def convolution(function: Callable) -> Callable:
    """Return ``tf.nn.conv2d`` or ``depthwise_conv2d``, by the operation of Keras 3."""

    # The parameters of tf.nn.conv2d, old and new: those a file may name.
    def convolve(
        input: Tensor,
        filter: ArrayLike | None = None,
        strides: Value = 1,
        padding: str = "VALID",
        dilations: Value = None,
        filters: ArrayLike | None = None,
        use_cudnn_on_gpu: bool = True,
    ) -> Tensor:
        kernel = np.asarray(filters if filter is None else filter, np.float32)
        steps, gaps = (
            value if isinstance(value, int) else tuple(value[1:3] if len(value) == 4 else value)
            for value in (strides, dilations or 1)
        )
        return function(input, kernel, strides=steps, padding=padding.lower(), dilation_rate=gaps)

    return convolve


def batch_normalization(
    x: Tensor,
    mean: ArrayLike,
    variance: ArrayLike,
    offset: ArrayLike | None,
    scale: ArrayLike | None,
    variance_epsilon: float,
) -> Tensor:
    """``tf.nn.batch_normalization``."""
    factor = 1 / np.sqrt(np.asarray(variance, np.float64) + variance_epsilon)
    factor = factor if scale is None else factor * np.asarray(scale)
    bias = (0 if offset is None else np.asarray(offset)) - np.asarray(mean) * factor
    return L.Rescaling(factor.tolist(), bias.tolist())(x)


def moments(x: Tensor, axes: Value, shift: Value = None, keepdims: bool = False) -> tuple[Tensor, Tensor]:
    """``tf.nn.moments``."""
    return ops.mean(x, axis=axes, keepdims=keepdims), ops.var(x, axis=axes, keepdims=keepdims)


def depth_to_space(input: Tensor, block_size: int, data_format: str = "NHWC") -> Tensor:
    """``tf.nn.depth_to_space``."""
    _, height, width, channels = input.shape
    inner = channels // block_size**2
    parts = ops.reshape(input, (-1, height, width, block_size, block_size, inner))
    return ops.reshape(ops.transpose(parts, (0, 1, 3, 2, 4, 5)), (-1, height * block_size, width * block_size, inner))


def space_to_depth(input: Tensor, block_size: int, data_format: str = "NHWC") -> Tensor:
    """``tf.nn.space_to_depth``."""
    _, height, width, channels = input.shape
    parts = ops.reshape(input, (-1, height // block_size, block_size, width // block_size, block_size, channels))
    transposed = ops.transpose(parts, (0, 1, 3, 2, 4, 5))
    return ops.reshape(transposed, (-1, height // block_size, width // block_size, channels * block_size**2))
