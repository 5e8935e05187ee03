"""What the TensorFlow functions do that a graph of Keras 2 may apply, in operations of Keras 3.

The names are those that Keras 2 wrote down, the parameters those of TensorFlow. A name is looked up here and never
called, so a file can apply nothing else.
"""

import keras
import numpy as np
from keras import ops

from carvis.classifier.legacy.keras2_layers import ImageResize

L = keras.layers


class Sizes:
    """The value of ``tf.shape``: whole numbers, and ``OPEN`` for the batch and for sides that a model leaves open."""

    def __init__(self, values):
        self.values = list(values)


OPEN = object()


def sizes_of(x) -> Sizes:
    """Return the shape of a tensor."""
    return Sizes(OPEN if side is None else side for side in x.shape)


def _closed(values) -> list:
    """Return a shape with -1 for the one side that may be open."""
    values = values.values if isinstance(values, Sizes) else list(values)
    sides = [-1 if side is OPEN else side for side in values]
    if sides.count(-1) > 1 or not all(isinstance(side, int) for side in sides):
        raise TypeError("several sides are open")
    return sides


def _words(text: str) -> list[str]:
    return text.split()


def _reshape(tensor, shape):
    shape = shape.values if isinstance(shape, Sizes) else list(shape)
    if shape[0] is OPEN:
        return L.Reshape([int(side) for side in shape[1:]])(tensor)
    return ops.reshape(tensor, _closed(shape))


def _reduce(function):
    return lambda input_tensor, axis=None, keepdims=False: function(input_tensor, axis=axis, keepdims=bool(keepdims))


def _pooled(layer):
    def pool(input, ksize, strides, padding):
        # TensorFlow gives one number for all axes, one a side, or one for each axis with batch and channels.
        sizes = [value if isinstance(value, int) else value[-3:-1] if len(value) == 4 else value for value in
                 (ksize, strides)]  # fmt: skip
        return layer(*(size if isinstance(size, int) else tuple(size) for size in sizes), padding=padding.lower())(
            input
        )

    return pool


def _resize(images, size, method="bilinear", preserve_aspect_ratio=False, antialias=False):
    if preserve_aspect_ratio:
        raise TypeError("preserve_aspect_ratio")
    return ImageResize(*(int(side) for side in _closed(size)), interpolation=str(method).lower(), antialias=antialias)(
        images
    )


def _standardised(image):
    axes = (-3, -2, -1)
    mean, deviation = ops.mean(image, axis=axes, keepdims=True), ops.std(image, axis=axes, keepdims=True)
    return (image - mean) / ops.maximum(deviation, float(1 / np.sqrt(np.prod(image.shape[-3:]))))


def _central_crop(image, central_fraction):
    cuts = [int((side - side * central_fraction) / 2) for side in image.shape[-3:-1]]
    (top, left), (height, width) = cuts, image.shape[-3:-1]
    return image[..., top : height - top, left : width - left, :]


def _crop_box(image, offset_height, offset_width, target_height, target_width):
    return image[..., offset_height : offset_height + target_height, offset_width : offset_width + target_width, :]


def _padded(tensor, paddings, mode="CONSTANT", constant_values=0):
    if mode.upper() == "CONSTANT":
        return ops.pad(tensor, paddings, mode="constant", constant_values=constant_values)
    return ops.pad(tensor, paddings, mode=mode.lower())


def _split(value, num_or_size_splits, axis=0):
    if isinstance(num_or_size_splits, int):
        return ops.split(value, num_or_size_splits, axis=axis)
    return ops.split(value, [int(place) for place in np.cumsum(num_or_size_splits)[:-1]], axis=axis)


def _array(value):
    return np.asarray(value, np.float32) if isinstance(value, list) else value


def _stack(values, axis=0):
    if not any(isinstance(value, keras.KerasTensor) for value in values):
        return Sizes(values)
    return ops.stack(values, axis=axis)


def _concat(values, axis):
    if not any(isinstance(value, keras.KerasTensor) for value in values):
        return Sizes(size for value in values for size in (value.values if isinstance(value, Sizes) else value))
    return ops.concatenate(values, axis=axis)


def _convolution(function):
    def convolve(input, filter=None, strides=1, padding="VALID", dilations=None, filters=None, use_cudnn_on_gpu=True):
        kernel = np.asarray(filters if filter is None else filter, np.float32)
        steps, gaps = (
            value if isinstance(value, int) else tuple(value[1:3] if len(value) == 4 else value)
            for value in (strides, dilations or 1)
        )
        return function(input, kernel, strides=steps, padding=padding.lower(), dilation_rate=gaps)

    return convolve


def _slice(input_, begin, size):
    stops = [None if length == -1 else start + length for start, length in zip(begin, _with_rest(size))]
    return input_[tuple(slice(start, stop) for start, stop in zip(begin, stops))]


def _with_rest(size) -> list:
    size = size.values if isinstance(size, Sizes) else size
    return [-1 if side is OPEN else side for side in size]


def _matmul(a, b, transpose_a=False, transpose_b=False):
    first, second = (
        ops.swapaxes(_array(value), -1, -2) if turned else _array(value)
        for value, turned in ((a, transpose_a), (b, transpose_b))
    )
    return ops.matmul(first, second)


def _normalised(x, mean, variance, offset, scale, variance_epsilon):
    factor = 1 / np.sqrt(np.asarray(variance, np.float64) + variance_epsilon)
    factor = factor if scale is None else factor * np.asarray(scale)
    shift = (0 if offset is None else np.asarray(offset)) - np.asarray(mean) * factor
    return L.Rescaling(factor.tolist(), shift.tolist())(x)


def _moments(x, axes, shift=None, keepdims=False):
    return ops.mean(x, axis=axes, keepdims=keepdims), ops.var(x, axis=axes, keepdims=keepdims)


def _clip_by_norm(t, clip_norm, axes=None):
    norm = ops.sqrt(ops.sum(ops.square(t), axis=axes, keepdims=True))
    return t * clip_norm / ops.maximum(norm, clip_norm)


def _depth_to_space(input, block_size, data_format="NHWC"):
    _, height, width, channels = input.shape
    inner = channels // block_size**2
    parts = ops.reshape(input, (-1, height, width, block_size, block_size, inner))
    return ops.reshape(ops.transpose(parts, (0, 1, 3, 2, 4, 5)), (-1, height * block_size, width * block_size, inner))


def _space_to_depth(input, block_size, data_format="NHWC"):
    _, height, width, channels = input.shape
    parts = ops.reshape(input, (-1, height // block_size, block_size, width // block_size, block_size, channels))
    moved = ops.transpose(parts, (0, 1, 3, 2, 4, 5))
    return ops.reshape(moved, (-1, height // block_size, width // block_size, channels * block_size**2))


def _grey(images):
    weights = ops.reshape(ops.convert_to_tensor([0.2989, 0.587, 0.114], "float32"), (3, 1))
    return ops.cast(ops.matmul(ops.cast(images, "float32"), weights), images.dtype)


def _as_float(image, dtype, saturate=False):
    whole = keras.backend.standardize_dtype(image.dtype)
    if str(dtype) != "float32" or not ("int" in whole or whole == "float32"):
        raise TypeError("only to float32")
    return L.Rescaling(1 / np.iinfo(whole).max)(image) if "int" in whole else image


def _gather(params, indices, axis=0, batch_dims=0):
    if batch_dims:
        raise TypeError("batch_dims")
    return ops.take(params, indices, axis=axis)


def _squeeze(input, axis=None):
    if axis is None:
        # The batch may hold one image, and stays an axis all the same.
        axis = [place for place, side in enumerate(input.shape) if side == 1]
    return ops.squeeze(input, tuple(axis) if isinstance(axis, list) else axis)


def _norm(tensor, ord="euclidean", axis=None, keepdims=False):
    if ord not in ("euclidean", 2, 1):
        raise TypeError("order")
    if ord == 1:
        return ops.sum(ops.abs(tensor), axis=axis, keepdims=bool(keepdims))
    return ops.sqrt(ops.sum(ops.square(tensor), axis=axis, keepdims=bool(keepdims)))


def _unstack(value, num=None, axis=0):
    return [ops.squeeze(part, axis) for part in ops.split(value, value.shape[axis], axis=axis)]


def _top_k(input, k=1, sorted=True):
    return ops.top_k(input, k, sorted=sorted)


FUNCTIONS = {
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
    "shape": lambda input, out_type=None: sizes_of(input),
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
    "nn.max_pool2d": _pooled(L.MaxPooling2D),
    "nn.avg_pool2d": _pooled(L.AveragePooling2D),
    "nn.conv2d": _convolution(ops.conv),
    "nn.depthwise_conv2d": _convolution(ops.depthwise_conv),
    "nn.moments": _moments,
    "nn.batch_normalization": _normalised,
    "nn.depth_to_space": _depth_to_space,
    "nn.space_to_depth": _space_to_depth,
    "image.resize": _resize,
    "image.per_image_standardization": _standardised,
    "image.central_crop": _central_crop,
    "image.crop_to_bounding_box": _crop_box,
    "image.flip_left_right": lambda image: ops.flip(image, axis=-2),
    "image.flip_up_down": lambda image: ops.flip(image, axis=-3),
    "image.rgb_to_grayscale": _grey,
    "image.grayscale_to_rgb": lambda images: ops.repeat(images, 3, axis=-1),
    "image.convert_image_dtype": _as_float,
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
