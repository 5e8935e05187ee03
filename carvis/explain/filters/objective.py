"""Objectives: the number that gradient ascent makes grow, one for each image.

An objective is a function of a ``ForwardPass`` that returns a float tensor (N,). To add one, write it::

    def centre(step: ForwardPass) -> tf.Tensor:
        maps = step.channel()
        return maps[:, tf.shape(maps)[1] // 2, tf.shape(maps)[2] // 2]

    filter_patterns(clf, "block3_conv1", objective=centre)
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf

from carvis.classifier.call_hooks import call_index
from carvis.classifier.flat_graph import Call
from carvis.explain.keras.submodel import submodel_to

# Activations of single values, so that one channel can be computed without the others.
_ELEMENTWISE = ("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "silu", "gelu", "tanh", "sigmoid", "softplus")

# (N, H, W, C) to (N, h, w) or (N, h, w, c).
ImagesToMaps = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class ForwardPass:
    """What an objective can use: the images of a step, and what the layer makes of them.

    Attributes:
        images: float32 (N, H, W, C), 0 to 255, before the transforms.
        filters: int32 (N,), the filter that each image is drawn for.
        channel: returns float32 (N, h, w), for each image the output of its own filter. A plain convolution computes
            no other, which makes it faster than ``layer``.
        layer: returns float32 (N, h, w, c), the output of the whole layer.
    """

    images: tf.Tensor
    filters: tf.Tensor
    channel: Callable[[], tf.Tensor]
    layer: Callable[[], tf.Tensor]


Objective = Callable[[ForwardPass], tf.Tensor]


def channel_mean() -> Objective:
    """Return the objective of the tutorial: the mean of the filter's output over all positions."""
    return lambda step: tf.reduce_mean(step.channel(), axis=(1, 2))


def total_variation(images: tf.Tensor) -> tf.Tensor:
    """Return how much neighbouring pixels differ: (N, H, W, C) to (N,), the sum of the means of both directions."""
    down = tf.abs(images[:, 1:] - images[:, :-1])
    across = tf.abs(images[:, :, 1:] - images[:, :, :-1])
    return tf.reduce_mean(down, axis=(1, 2, 3)) + tf.reduce_mean(across, axis=(1, 2, 3))


def layer_maps(model: keras.Model, call: Call | keras.Layer) -> ImagesToMaps:
    """Return a function of images (N, H, W, C) to the output of a layer, float32 (N, h, w, c)."""
    run = submodel_to(model, call)
    return lambda images: tf.cast(run(images), tf.float32)


def channel_maps(model: keras.Model, call: Call | keras.Layer) -> Callable[[tf.Tensor], ImagesToMaps]:
    """Return a function of channels int32 (N,) that returns a function of images (N, H, W, C) to float32 (N, h, w).

    Each image has a channel of its own. Where the layer is a plain convolution, no other channel is computed.
    """
    layer, _ = call_index(call)
    if _is_plain(layer):
        return lambda channels: _single_channels(layer, submodel_to(model, call, below=True), channels)
    return lambda channels: _selected_channels(layer_maps(model, call), channels)


def _is_plain(layer: keras.Layer) -> bool:
    return (
        type(layer) is keras.layers.Conv2D
        and layer.groups == 1
        and layer.data_format == "channels_last"
        and layer.padding in ("same", "valid")
        and getattr(layer.activation, "__name__", "") in _ELEMENTWISE
        # For the few channels of an image the whole layer is computed as fast.
        and layer.kernel.shape[2] > 4
    )


def _selected_channels(run: ImagesToMaps, channels: tf.Tensor) -> ImagesToMaps:
    def maps(images: tf.Tensor) -> tf.Tensor:
        output = run(images)
        # A mask, since the gradient of gathering a channel of each image is slow.
        mask = tf.one_hot(channels, tf.shape(output)[3])[:, None, None, :]
        return tf.reduce_sum(output * mask, axis=3)

    return maps


def _single_channels(layer: keras.layers.Conv2D, run: ImagesToMaps, channels: tf.Tensor) -> ImagesToMaps:
    height, width, depth, _ = layer.kernel.shape
    # For each image the kernel of its own channel, as columns: (N, depth, height * width).
    kernels = tf.gather(tf.transpose(tf.reshape(layer.kernel, (height * width, depth, -1)), (2, 1, 0)), channels)
    bias = tf.gather(layer.bias, channels)[:, None, None] if layer.use_bias else 0.0

    def maps(images: tf.Tensor) -> tf.Tensor:
        below = run(images)
        count, rows, columns = (tf.shape(below)[axis] for axis in range(3))
        # What each weight of the kernel makes of each pixel; the output is the sum of these maps, each shifted.
        products = tf.matmul(tf.reshape(below, (count, rows * columns, depth)), kernels)
        products = tf.reshape(products, (count, rows, columns, height, width))
        (top, bottom, tall), (left, right, wide) = _padding(layer, 0, rows), _padding(layer, 1, columns)
        products = tf.pad(products, [[0, 0], [top, bottom], [left, right], [0, 0], [0, 0]])
        total = bias
        for y in range(height):
            for x in range(width):
                down, along = y * layer.dilation_rate[0], x * layer.dilation_rate[1]
                shifted = products[:, down :: layer.strides[0], along :: layer.strides[1], y, x]
                total += shifted[:, :tall, :wide]
        return tf.cast(layer.activation(total), tf.float32)

    return maps


def _padding(layer: keras.layers.Conv2D, axis: int, side: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return how many pixels a convolution adds before the first and after the last, and the side of its output."""
    reach, stride = (layer.kernel_size[axis] - 1) * layer.dilation_rate[axis] + 1, layer.strides[axis]
    if layer.padding == "valid":
        return 0, 0, (side - reach) // stride + 1
    positions = (side + stride - 1) // stride
    missing = tf.maximum(0, (positions - 1) * stride + reach - side)
    return missing // 2, missing - missing // 2, positions
