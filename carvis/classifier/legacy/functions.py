"""TensorFlow functions that a graph of Keras 2 may apply, in operations of Keras 3.

The names are those that Keras 2 wrote down, the parameters those of TensorFlow. A name is looked up here and never
called, so a file can apply nothing else.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops

from carvis.classifier.legacy.image_functions import (
    central_crop,
    convert_image_dtype,
    crop_to_bounding_box,
    per_image_standardization,
    resize,
    rgb_to_grayscale,
)
from carvis.classifier.legacy.nn_functions import (
    batch_normalization,
    convolution,
    depth_to_space,
    moments,
    pooling,
    space_to_depth,
)
from carvis.classifier.legacy.shape_values import OPEN, ShapeValue, shape_value, sides_of, static_sides

L = keras.layers
Tensor: TypeAlias = keras.KerasTensor
# A tensor of the graph, a constant that its file holds, or a shape.
Value: TypeAlias = Any


def _words(text: str) -> list[str]:
    return text.split()


def _reshape(tensor: Tensor, shape: Value) -> Tensor:
    sides = sides_of(shape)
    if sides[0] is OPEN:
        return L.Reshape([int(side) for side in sides[1:]])(tensor)
    return ops.reshape(tensor, static_sides(sides))


def _reduce(function: Callable) -> Callable:
    return lambda input_tensor, axis=None, keepdims=False: function(input_tensor, axis=axis, keepdims=bool(keepdims))


def _padded(tensor: Tensor, paddings: Value, mode: str = "CONSTANT", constant_values: float = 0) -> Tensor:
    if mode.upper() == "CONSTANT":
        return ops.pad(tensor, paddings, mode="constant", constant_values=constant_values)
    return ops.pad(tensor, paddings, mode=mode.lower())


def _split(value: Tensor, num_or_size_splits: Value, axis: int = 0) -> list[Tensor]:
    if isinstance(num_or_size_splits, int):
        return ops.split(value, num_or_size_splits, axis=axis)
    return ops.split(value, [int(place) for place in np.cumsum(num_or_size_splits)[:-1]], axis=axis)


def _array(value: Value) -> Value:
    return np.asarray(value, np.float32) if isinstance(value, list) else value


def _stack(values: Sequence[Value], axis: int = 0) -> Value:
    if not any(isinstance(value, keras.KerasTensor) for value in values):
        return ShapeValue(values)
    return ops.stack(values, axis=axis)


def _concat(values: Sequence[Value], axis: int) -> Value:
    if not any(isinstance(value, keras.KerasTensor) for value in values):
        return ShapeValue(size for value in values for size in (sides_of(value)))
    return ops.concatenate(values, axis=axis)


def _slice(input_: Tensor, begin: Sequence[int], size: Value) -> Tensor:
    stops = [None if length == -1 else start + length for start, length in zip(begin, _with_rest(size))]
    return input_[tuple(slice(start, stop) for start, stop in zip(begin, stops))]


def _with_rest(size: Value) -> list[int]:
    return [-1 if side is OPEN else side for side in sides_of(size)]


def _matmul(a: Value, b: Value, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
    first, second = (
        ops.swapaxes(_array(value), -1, -2) if turned else _array(value)
        for value, turned in ((a, transpose_a), (b, transpose_b))
    )
    return ops.matmul(first, second)


def _clip_by_norm(t: Tensor, clip_norm: float, axes: Value = None) -> Tensor:
    norm = ops.sqrt(ops.sum(ops.square(t), axis=axes, keepdims=True))
    return t * clip_norm / ops.maximum(norm, clip_norm)


def _gather(params: Tensor, indices: Value, axis: int = 0, batch_dims: int = 0) -> Tensor:
    if batch_dims:
        raise TypeError("batch_dims")
    return ops.take(params, indices, axis=axis)


def _squeeze(input: Tensor, axis: Value = None) -> Tensor:
    if axis is None:
        # The batch may hold one image, and stays an axis all the same.
        axis = [place for place, side in enumerate(input.shape) if side == 1]
    return ops.squeeze(input, tuple(axis) if isinstance(axis, list) else axis)


def _norm(tensor: Tensor, ord: Value = "euclidean", axis: Value = None, keepdims: bool = False) -> Tensor:
    if ord not in ("euclidean", 2, 1):
        raise TypeError("order")
    if ord == 1:
        return ops.sum(ops.abs(tensor), axis=axis, keepdims=bool(keepdims))
    return ops.sqrt(ops.sum(ops.square(tensor), axis=axis, keepdims=bool(keepdims)))


def _unstack(value: Tensor, num: int | None = None, axis: int = 0) -> list[Tensor]:
    return [ops.squeeze(part, axis) for part in ops.split(value, value.shape[axis], axis=axis)]


def _top_k(input: Tensor, k: int = 1, sorted: bool = True) -> tuple[Tensor, Tensor]:
    return ops.top_k(input, k, sorted=sorted)


FUNCTIONS: dict[str, Callable] = {
    "clip_by_value": lambda t, clip_value_min, clip_value_max: ops.clip(t, clip_value_min, clip_value_max),
    "clip_by_norm": _clip_by_norm,
    "cast": lambda x, dtype: ops.cast(x, dtype),
    "concat": _concat,
    "stack": _stack,
    "unstack": _unstack,
    "split": _split,
    "expand_dims": lambda input, axis: ops.expand_dims(input, axis),
    "squeeze": _squeeze,
    "reshape": _reshape,
    "shape": lambda input, out_type=None: shape_value(input),
    "transpose": lambda a, perm=None: ops.transpose(a, perm),
    "reverse": lambda tensor, axis: ops.flip(tensor, axis=axis),
    "roll": lambda input, shift, axis: ops.roll(input, shift, axis=axis),
    "tile": lambda input, multiples: ops.tile(input, [int(number) for number in multiples]),
    "repeat": lambda input, repeats, axis=None: ops.repeat(input, repeats, axis=axis),
    "pad": _padded,
    "slice": _slice,
    "gather": _gather,
    "where": lambda condition, x, y: ops.where(condition, x, y),
    "zeros_like": lambda input, dtype=None: ops.zeros_like(input, dtype=dtype),
    "ones_like": lambda input, dtype=None: ops.ones_like(input, dtype=dtype),
    "one_hot": lambda indices, depth, axis=-1: ops.one_hot(indices, depth, axis=axis),
    "tensordot": lambda a, b, axes: ops.tensordot(a, _array(b), axes=axes),
    "linalg.matmul": _matmul,
    "norm": _norm,
    "math.pow": lambda x, y: ops.power(x, y),
    "math.maximum": lambda x, y: ops.maximum(x, y),
    "math.minimum": lambda x, y: ops.minimum(x, y),
    "math.squared_difference": lambda x, y: ops.square(x - y),
    "math.floordiv": lambda x, y: ops.floor_divide(x, y),
    "math.floormod": lambda x, y: ops.mod(x, y),
    "math.add_n": lambda inputs: sum(inputs[1:], inputs[0]),
    "math.divide_no_nan": lambda x, y: ops.divide_no_nan(x, y),
    "math.rsqrt": lambda x: 1 / ops.sqrt(x),
    "math.reciprocal": lambda x: 1 / x,
    "math.cumsum": lambda x, axis=0: ops.cumsum(x, axis=axis),
    "math.top_k": _top_k,
    "math.l2_normalize": lambda x, axis=None, epsilon=1e-12: (
        x * (1 / ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), epsilon)))
    ),
    "nn.leaky_relu": lambda features, alpha=0.2: L.LeakyReLU(alpha)(features),
    "nn.gelu": lambda features, approximate=False: ops.gelu(features, approximate=bool(approximate)),
    "nn.softmax": lambda logits, axis=-1: L.Softmax(axis=axis)(logits),
    "nn.log_softmax": lambda logits, axis=-1: ops.log_softmax(logits, axis=axis),
    "nn.crelu": lambda features, axis=-1: ops.relu(ops.concatenate([features, -features], axis=axis)),
    "nn.max_pool2d": pooling(L.MaxPooling2D),
    "nn.avg_pool2d": pooling(L.AveragePooling2D),
    "nn.conv2d": convolution(ops.conv),
    "nn.depthwise_conv2d": convolution(ops.depthwise_conv),
    "nn.moments": moments,
    "nn.batch_normalization": batch_normalization,
    "nn.depth_to_space": depth_to_space,
    "nn.space_to_depth": space_to_depth,
    "image.resize": resize,
    "image.per_image_standardization": per_image_standardization,
    "image.central_crop": central_crop,
    "image.crop_to_bounding_box": crop_to_bounding_box,
    "image.flip_left_right": lambda image: ops.flip(image, axis=-2),
    "image.flip_up_down": lambda image: ops.flip(image, axis=-3),
    "image.rgb_to_grayscale": rgb_to_grayscale,
    "image.grayscale_to_rgb": lambda images: ops.repeat(images, 3, axis=-1),
    "image.convert_image_dtype": convert_image_dtype,
    "image.adjust_brightness": lambda image, delta: image + delta,
    "image.adjust_contrast": lambda images, contrast_factor: (
        (images - ops.mean(images, axis=(-3, -2), keepdims=True)) * contrast_factor
        + ops.mean(images, axis=(-3, -2), keepdims=True)
    ),
}
FUNCTIONS |= {
    f"math.{name}": (lambda function: lambda x: function(x))(getattr(ops, of or name))
    for name, of in {
        **dict.fromkeys(_words("negative square sqrt exp log log1p expm1 sign floor ceil round erf sin cos tan")),
        **dict.fromkeys(_words("asin acos atan sinh cosh logical_not")),
        "abs": "absolute", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
    }.items()
}  # fmt: skip
FUNCTIONS |= {
    f"math.{name}": (lambda function: lambda x, y: function(x, y))(getattr(ops, name))
    for name in _words("greater greater_equal less less_equal equal not_equal logical_and logical_or")
}
FUNCTIONS |= {
    f"math.reduce_{name}": _reduce(getattr(ops, of))
    for name, of in {
        "mean": "mean", "sum": "sum", "max": "max", "min": "min", "prod": "prod", "std": "std", "variance": "var",
        "any": "any", "all": "all", "logsumexp": "logsumexp",
    }.items()
}  # fmt: skip
FUNCTIONS["math.reduce_euclidean_norm"] = _reduce(lambda x, axis, keepdims: _norm(x, axis=axis, keepdims=keepdims))
FUNCTIONS |= {
    f"math.{name}": (lambda function: lambda input, axis=0, output_type=None: function(input, axis=axis))(
        getattr(ops, name)
    )
    for name in ("argmax", "argmin")
}
_ALIASES = {
    "compat.v1.transpose": "transpose", "nn.l2_normalize": "math.l2_normalize",
    "linalg.l2_normalize": "math.l2_normalize", "image.resize_images": "image.resize",
    "linalg.norm": "norm", "matmul": "linalg.matmul", "linalg.tensordot": "tensordot",
    "nn.max_pool": "nn.max_pool2d", "nn.avg_pool": "nn.avg_pool2d", "nn.top_k": "math.top_k",
    "compat.v1.squeeze": "squeeze", "compat.v1.expand_dims": "expand_dims", "compat.v1.concat": "concat",
    "compat.v1.pad": "pad", "compat.v1.gather": "gather", "compat.v1.shape": "shape", "compat.v1.where": "where",
    "math.mod": "math.floormod", "pow": "math.pow", "abs": "math.abs", "exp": "math.exp", "square": "math.square",
    "sqrt": "math.sqrt", "negative": "math.negative", "maximum": "math.maximum", "minimum": "math.minimum",
    "round": "math.round", "floor": "math.floor", "argmax": "math.argmax", "argmin": "math.argmin",
    "compat.v1.argmax": "math.argmax", "compat.v1.argmin": "math.argmin", "where_v2": "where", "cast_v2": "cast",
    "__operators__.pow": "math.pow", "__operators__.neg": "math.negative", "__operators__.abs": "math.abs",
    "__operators__.matmul": "linalg.matmul", "__operators__.floordiv": "math.floordiv",
    "__operators__.mod": "math.floormod", "__operators__.gt": "math.greater", "__operators__.ge": "math.greater_equal",
    "__operators__.lt": "math.less", "__operators__.le": "math.less_equal", "__operators__.eq": "math.equal",
    "__operators__.ne": "math.not_equal", "math.divide_nonan": "math.divide_no_nan",
    "compat.v1.norm": "norm", "compat.v1.floor_div": "math.floordiv",
}  # fmt: skip
_ALIASES |= {
    f"compat.v1.{name}": name
    for name in list(FUNCTIONS)
    if name.startswith(("math.", "nn.", "image.", "linalg.")) and "." in name
}
FUNCTIONS |= {name: FUNCTIONS[of] for name, of in _ALIASES.items() if of in FUNCTIONS}
