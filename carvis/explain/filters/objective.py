"""What is to grow: one number a picture, the mean of its own channel of a layer."""

from collections.abc import Callable

import keras
import tensorflow as tf

from carvis.classifier.flat_graph import Call
from carvis.explain.keras.hooks import call_index
from carvis.explain.keras.submodel import submodel_to

# Activations that answer for each value by itself, so that one channel needs no other.
_BY_VALUE = ("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "silu", "gelu", "tanh", "sigmoid", "softplus")


def channel_means(model: keras.Model, call: Call | keras.Layer) -> Callable:
    """Return a function of channels int32 (N,) that gives a function of pictures (N, H, W, C) to their means (N,).

    Where the layer is a plain convolution, only the channel asked for is computed of each picture.
    """
    layer, _ = call_index(call)
    if _is_plain(layer):
        return lambda channels: _mean_of_one(layer, submodel_to(model, call, below=True), channels)
    return lambda channels: _mean_of_masked(submodel_to(model, call), channels)


def _is_plain(layer: keras.Layer) -> bool:
    return (
        type(layer) is keras.layers.Conv2D
        and layer.groups == 1
        and layer.data_format == "channels_last"
        and layer.padding in ("same", "valid")
        and getattr(layer.activation, "__name__", "") in _BY_VALUE
        # Of a picture's few colours the whole layer is as quickly computed.
        and layer.kernel.shape[2] > 4
    )


def _mean_of_masked(run: Callable, channels) -> Callable:
    def means(pictures):
        output = tf.cast(run(pictures), tf.float32)
        # A mask, since picking channels out of each picture is slow to differentiate.
        mask = tf.one_hot(channels, tf.shape(output)[3])[:, None, None, :]
        return tf.reduce_mean(tf.reduce_sum(output * mask, axis=3), axis=(1, 2))

    return means


def _mean_of_one(layer: keras.layers.Conv2D, run: Callable, channels) -> Callable:
    height, width, depth, _ = layer.kernel.shape
    # For each picture the kernel of its own channel, as columns: (N, depth, height * width).
    kernels = tf.gather(tf.transpose(tf.reshape(layer.kernel, (height * width, depth, -1)), (2, 1, 0)), channels)
    bias = tf.gather(layer.bias, channels)[:, None, None] if layer.use_bias else 0.0

    def means(pictures):
        below = run(pictures)
        count, rows, columns = (tf.shape(below)[axis] for axis in range(3))
        # What each place of the kernel makes of each pixel; the output adds these maps up, each moved to its place.
        products = tf.matmul(tf.reshape(below, (count, rows * columns, depth)), kernels)
        products = tf.reshape(products, (count, rows, columns, height, width))
        (top, bottom, tall), (left, right, wide) = _frame(layer, 0, rows), _frame(layer, 1, columns)
        products = tf.pad(products, [[0, 0], [top, bottom], [left, right], [0, 0], [0, 0]])
        total = bias
        for y in range(height):
            for x in range(width):
                down, along = y * layer.dilation_rate[0], x * layer.dilation_rate[1]
                moved = products[:, down :: layer.strides[0], along :: layer.strides[1], y, x]
                total += moved[:, :tall, :wide]
        return tf.reduce_mean(tf.cast(layer.activation(total), tf.float32), axis=(1, 2))

    return means


def _frame(layer: keras.layers.Conv2D, axis: int, side) -> tuple:
    """Return how many pixels a convolution adds before the first and after the last, and the side of its output."""
    reach, stride = (layer.kernel_size[axis] - 1) * layer.dilation_rate[axis] + 1, layer.strides[axis]
    if layer.padding == "valid":
        return 0, 0, (side - reach) // stride + 1
    places = (side + stride - 1) // stride
    missing = tf.maximum(0, (places - 1) * stride + reach - side)
    return missing // 2, missing - missing // 2, places
