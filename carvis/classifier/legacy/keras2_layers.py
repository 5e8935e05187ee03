"""Layers and functions of Keras 2 that Keras 3 no longer has, as layers of Keras 3 that do the same.

They are registered under ``carvis>``, so that a model that holds them is saved and opened like any other.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, TypeAlias

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

# A few bytes of a file can request any number of them.
_MAX_CONNECTIONS, _MAX_WINDOWS = 200_000_000, 2_000_000
# Of a batch, whose size is open.
Shape: TypeAlias = tuple[Any, ...]
Tensor: TypeAlias = keras.KerasTensor
_register = keras.saving.register_keras_serializable("carvis")


@_register
def hard_sigmoid(x: Tensor) -> Tensor:
    """Return clip(0.2 x + 0.5, 0, 1), which Keras 2 called by this name; that of Keras 3 is clip(x / 6 + 0.5, 0, 1)."""
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


@_register
class ImageResize(keras.layers.Resizing):
    """``tf.image.resize`` as Keras 2 applied it: with every interpolation, and to floats whatever the input is.

    Args:
        height, width: of the output.
        scale: (vertical, horizontal) whole factors, in place of height and width.
        interpolation: such as ``area``, ``gaussian`` or ``mitchellcubic``.
        antialias: whether to low-pass before shrinking.
        crop_to_aspect_ratio: whether to cut the largest centred window of the output's shape out first.
    """

    def __init__(
        self,
        height: int | None = None,
        width: int | None = None,
        interpolation: str = "bilinear",
        scale: Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(height, width, interpolation, **kwargs)
        self.scale = tuple(scale) if scale else None

    def call(self, inputs: Tensor) -> Tensor:
        """Resize images of shape (n, height, width, channels)."""
        import tensorflow as tf

        # Nearest neighbours keep their type; all else is computed in single precision, whatever the layer's own is.
        images = tf.cast(inputs, self.compute_dtype if self.interpolation == "nearest" else "float32")
        if self.crop_to_aspect_ratio:
            images = _centre_window(tf, images, self.height, self.width)
        size = tf.shape(images)[1:3] * self.scale if self.scale else [self.height, self.width]
        resized = tf.image.resize(images, size, method=self.interpolation, antialias=self.antialias)
        return tf.cast(resized, self.compute_dtype)

    def compute_output_spec(self, inputs: Tensor) -> keras.KerasTensor:
        """Return the symbolic output of a symbolic input."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the resized images."""
        size: Shape = (self.height, self.width)
        if self.scale:
            size = tuple(side and side * factor for side, factor in zip(input_shape[1:3], self.scale))
        return (*input_shape[:-3], *size, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is built again from."""
        return super().get_config() | {"scale": self.scale}


def _centre_window(tf: Any, images: Tensor, height: int, width: int) -> Tensor:
    """Cut the largest window of an aspect ratio out of the centre: ``smart_resize`` before it resizes."""
    shape = tf.shape(images)
    rows, columns = shape[-3], shape[-2]
    high = tf.minimum(rows, tf.cast(tf.cast(columns * height, "float32") / width, "int32"))
    wide = tf.minimum(columns, tf.cast(tf.cast(rows * width, "float32") / height, "int32"))
    top, left = (tf.cast(tf.cast(rest, "float32") / 2, "int32") for rest in (rows - high, columns - wide))
    return images[..., top : top + high, left : left + wide, :]


class _LocallyConnected(keras.Layer):
    """A convolution that has its own kernel at every place, channels last, its weights laid out as Keras 2 did.

    Args:
        filters: channels of the output.
        kernel_size, strides: one number an axis.
        padding: ``valid``, or ``same`` for implementations 2 and 3.
        implementation: how the kernel is laid out: 1 (places, window, filters), 2 (input, output) with zeros where
            no window is, 3 the entries of that matrix that are used, sorted by output, then input.
    """

    rank: ClassVar[int] = 2

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        activation: Any = None,
        use_bias: bool = True,
        implementation: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.padding, self.use_bias, self.implementation = filters, padding, use_bias, implementation
        self.kernel_size, self.strides = (
            (value,) * self.rank if isinstance(value, int) else tuple(value) for value in (kernel_size, strides)
        )
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: Shape) -> None:
        sides, channels = input_shape[1:-1], input_shape[-1]
        places = self.compute_output_shape(input_shape)[1:-1]
        if self.implementation == 1:
            shape: Shape = (math.prod(places), math.prod(self.kernel_size) * channels, self.filters)
        elif self.implementation == 2:
            shape = (*sides, channels, *places, self.filters)
        else:
            windows = math.prod(places) * math.prod(self.kernel_size)
            if windows > _MAX_WINDOWS or windows * channels * self.filters > _MAX_CONNECTIONS:
                raise ValueError(f"{self.name} has more connections than any model")
            self._pairs = _connections(sides, places, channels, self)
            shape = (len(self._pairs),)
        self.kernel = self.add_weight(shape=shape, initializer="glorot_uniform", name="kernel")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(*places, self.filters), initializer="zeros", name="bias")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        places = self.compute_output_shape(inputs.shape)[1:-1]
        if self.implementation == 1:
            output = ops.einsum("npk,pkf->npf", self._windows(inputs, places), self.kernel)
        elif self.implementation == 2:
            output = self._masked(inputs, places)
        else:
            output = self._sparse(inputs, places)
        output = ops.reshape(output, (-1, *places, self.filters))
        return self.activation(output if self.bias is None else output + self.bias)

    def _windows(self, inputs: Tensor, places: Shape) -> Tensor:
        """Lay the window of each place out in a row: (N, places, window x channels)."""
        parts = []
        for offsets in itertools.product(*map(range, self.kernel_size)):
            cut = tuple(
                slice(start, start + step * (n - 1) + 1, step) for start, step, n in zip(offsets, self.strides, places)
            )
            parts.append(ops.reshape(inputs[(slice(None), *cut)], (-1, math.prod(places), 1, inputs.shape[-1])))
        return ops.reshape(ops.concatenate(parts, axis=2), (-1, math.prod(places), len(parts) * inputs.shape[-1]))

    def _masked(self, inputs: Tensor, places: Shape) -> Tensor:
        sides = inputs.shape[1:-1]
        mask = np.zeros((math.prod(sides), math.prod(places)), "float32")
        for place, side in _windows_of(sides, places, self):
            mask[side, place] = 1
        mask = mask.reshape(*sides, 1, *places, 1)
        size = math.prod(inputs.shape[1:])
        return ops.matmul(
            ops.reshape(inputs, (-1, size)), ops.reshape(self.kernel * ops.cast(mask, self.kernel.dtype), (size, -1))
        )

    def _sparse(self, inputs: Tensor, places: Shape) -> Tensor:
        flat = ops.transpose(ops.reshape(inputs, (-1, math.prod(inputs.shape[1:]))))
        terms = ops.take(flat, self._pairs[:, 1], axis=0) * self.kernel[:, None]
        count = math.prod(places) * self.filters
        return ops.transpose(ops.segment_sum(terms, self._pairs[:, 0], num_segments=count))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        lengths = []
        for side, kernel, step in zip(input_shape[1:-1], self.kernel_size, self.strides):
            length = side if self.padding == "same" else side - kernel + 1
            lengths.append((length + step - 1) // step)
        return (input_shape[0], *lengths, self.filters)

    def get_config(self) -> dict[str, Any]:
        own = ("filters", "kernel_size", "strides", "padding", "use_bias", "implementation")
        config = super().get_config() | {name: getattr(self, name) for name in own}
        return config | {"activation": keras.activations.serialize(self.activation)}


def _windows_of(sides: Shape, places: Shape, layer: _LocallyConnected) -> Iterator[tuple[int, int]]:
    """Yield (place, input place), both flattened, for every place of the output and all that its window covers."""
    ranges = []
    for side, count, kernel, step in zip(sides, places, layer.kernel_size, layer.strides):
        axis = []
        for place in range(count):
            centre, left = place * step, kernel // 2
            start = centre - left if layer.padding == "same" else centre
            axis.append(range(max(0, start), min(side, start + kernel)))
        ranges.append(axis)
    for place, covered in enumerate(itertools.product(*ranges)):
        for position in itertools.product(*covered):
            yield place, int(np.ravel_multi_index(position, tuple(sides)))


def _connections(sides: Shape, places: Shape, channels: int, layer: _LocallyConnected) -> NDArray[np.int32]:
    """List (output, input), both flattened with their channels, of every weight, sorted."""
    pairs = np.array(list(_windows_of(sides, places, layer)))
    outputs = pairs[:, 0, None, None] * layer.filters + np.arange(layer.filters)[None, :, None]
    inputs = pairs[:, 1, None, None] * channels + np.arange(channels)[None, None, :]
    listed = np.stack(np.broadcast_arrays(outputs, inputs), axis=-1).reshape(-1, 2)
    return listed[np.lexsort((listed[:, 1], listed[:, 0]))].astype("int32")


@_register
class LocallyConnected1D(_LocallyConnected):
    """``LocallyConnected1D`` of Keras 2."""

    rank = 1


@_register
class LocallyConnected2D(_LocallyConnected):
    """``LocallyConnected2D`` of Keras 2."""


@_register
class RandomFourierFeatures(keras.Layer):
    """``RandomFourierFeatures`` of Keras 2: cos(x W / scale + b), of which the scale alone can learn.

    Args:
        output_dim: how many features.
    """

    def __init__(self, output_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_dim = output_dim

    def build(self, input_shape: Shape) -> None:
        """Make the weights that the file holds."""
        rows = input_shape[-1]
        self.unscaled_kernel = self.add_weight(shape=(rows, self.output_dim), trainable=False, name="unscaled_kernel")
        self.bias = self.add_weight(shape=(self.output_dim,), trainable=False, name="bias")
        self.kernel_scale = self.add_weight(shape=(1,), initializer="ones", name="kernel_scale")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Map inputs of shape (n, features) to random Fourier features."""
        return ops.cos(ops.matmul(inputs, self.unscaled_kernel / self.kernel_scale) + self.bias)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape with ``output_dim`` features."""
        return (*input_shape[:-1], self.output_dim)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is built again from."""
        return super().get_config() | {"output_dim": self.output_dim}
