"""Translating TensorFlow operations in a graph of Keras 2 (``x / 127.5 - 1`` and the like) into Keras 3.

Arithmetic with a constant becomes a ``Rescaling`` layer, so that it is seen as what it is, a scaling of the input.
Only what is listed here is known: a function's name is looked up, never called.
"""

import json

import keras
import numpy as np

from carvis.classifier.legacy_layers import layer_name
from carvis.errors import ModelError

L, ops = keras.layers, keras.ops
_ARITHMETIC = {
    "math.add": "+", "__operators__.add": "+", "add": "+", "Add": "+", "AddV2": "+", "nn.bias_add": "+", "BiasAdd": "+",
    "math.subtract": "-", "__operators__.subtract": "-", "subtract": "-", "Sub": "-",
    "math.multiply": "*", "__operators__.multiply": "*", "multiply": "*", "Mul": "*",
    "math.truediv": "/", "math.divide": "/", "divide": "/", "truediv": "/", "RealDiv": "/",
}  # fmt: skip


def _activation(function: str):
    return lambda name: L.Activation(function, name=name)


_LAYERS = {
    "nn.relu": lambda name: L.ReLU(name=name),
    "nn.relu6": lambda name: L.ReLU(6.0, name=name),
    "nn.softmax": lambda name: L.Softmax(name=name),
    "identity": lambda name: L.Identity(name=name),
    "nn.sigmoid": _activation("sigmoid"),
    "nn.silu": _activation("silu"),
    "nn.swish": _activation("silu"),
    "nn.tanh": _activation("tanh"),
    "math.softplus": _activation("softplus"),
}
_LAYERS |= {
    "math.sigmoid": _LAYERS["nn.sigmoid"],
    "math.tanh": _LAYERS["nn.tanh"],
    "stop_gradient": _LAYERS["identity"],
    "Relu": _LAYERS["nn.relu"],
    "Relu6": _LAYERS["nn.relu6"],
    "Softmax": _LAYERS["nn.softmax"],
    "Sigmoid": _LAYERS["nn.sigmoid"],
    "Identity": _LAYERS["identity"],
}


def _reduce(function):
    return lambda x, axis=None, keepdims=False: function(x, axis=axis, keepdims=bool(keepdims))


_FUNCTIONS = {
    "math.maximum": lambda x, y: ops.maximum(x, y),
    "math.minimum": lambda x, y: ops.minimum(x, y),
    "math.negative": lambda x: ops.negative(x),
    "math.square": lambda x: ops.square(x),
    "math.sqrt": lambda x: ops.sqrt(x),
    "math.abs": lambda x: ops.absolute(x),
    "math.exp": lambda x: ops.exp(x),
    "math.log": lambda x: ops.log(x),
    "math.pow": lambda x, y: ops.power(x, y),
    "clip_by_value": lambda t, clip_value_min, clip_value_max: ops.clip(t, clip_value_min, clip_value_max),
    "cast": lambda x, dtype: ops.cast(x, dtype),
    "concat": lambda values, axis: ops.concatenate(values, axis=axis),
    "expand_dims": lambda x, axis: ops.expand_dims(x, axis),
    "squeeze": lambda x, axis=None: ops.squeeze(x, axis),
    "reshape": lambda x, shape: ops.reshape(x, shape),
    "transpose": lambda x, perm=None: ops.transpose(x, perm),
    "reverse": lambda x, axis: ops.flip(x, axis=axis),
    "math.reduce_mean": _reduce(ops.mean),
    "math.reduce_sum": _reduce(ops.sum),
    "math.reduce_max": _reduce(ops.max),
    "math.l2_normalize": lambda x, axis=-1, epsilon=1e-12: ops.normalize(x, axis=axis, order=2, epsilon=epsilon),
    "image.resize": lambda images, size, method="bilinear": L.Resizing(*size, interpolation=method)(images),
    "__operators__.getitem": lambda x, slice_spec: _slice(x, slice_spec),
}
_FUNCTIONS |= {"compat.v1.transpose": _FUNCTIONS["transpose"], "nn.l2_normalize": _FUNCTIONS["math.l2_normalize"]}


def is_tensor(value) -> bool:
    """Tell a tensor of the graph from a constant."""
    return isinstance(value, keras.KerasTensor)


def apply_operation(function: str, name: str, arguments: list, settings: dict, where: str):
    """Apply a TensorFlow function, by the name that Keras 2 wrote down, to tensors of a Keras 3 graph.

    Args:
        function: such as ``math.truediv``, or ``RealDiv`` of a node definition.
        name: of the layer.
        arguments, settings: positional and keyword arguments, tensors or constants.
        where: the file and layer, for errors.

    Raises:
        ModelError: the function is not among those known here.
    """
    name = layer_name(name)
    settings = {key: value for key, value in settings.items() if key not in ("name", "data_format")}
    try:
        if function in _ARITHMETIC:
            first, second = [*arguments, *settings.values()]
            return _named(_arithmetic(_ARITHMETIC[function], first, second, name), name)
        if function in _LAYERS and len(arguments) == 1 and settings.get("axis", -1) in (None, -1):
            return _LAYERS[function](name)(arguments[0])
        if function in _FUNCTIONS:
            settings = {key: item for key, item in settings.items() if item is not None}
            return _named(_FUNCTIONS[function](*arguments, **settings), name)
    # Arguments that the function here does not have.
    except TypeError as error:
        raise _unknown(function, where) from error
    raise _unknown(function, where)


def _named(tensor, name: str):
    """Give an operation the name its layer had: Keras's own, such as ``add``, may be another layer's in the file."""
    operation = tensor._keras_history.operation
    if not isinstance(operation, keras.Layer):
        operation.name = name
    return tensor


def _unknown(function: str, where: str) -> ModelError:
    return ModelError(
        f"{where} applies tf.{function}, which cannot be brought to Keras 3: open the model with the Keras that wrote"
        " it and save it anew without this operation."
    )


def _arithmetic(sign: str, first, second, name: str):
    if is_tensor(first) and is_tensor(second):
        function = {"+": ops.add, "-": ops.subtract, "*": ops.multiply, "/": ops.true_divide}[sign]
        return function(first, second)
    if sign == "/" and not is_tensor(first):
        return ops.true_divide(first, second)
    tensor, constant = (first, second) if is_tensor(first) else (second, first)
    constant = np.asarray(constant, np.float64)
    scale, offset = {
        "+": lambda: (1.0, constant),
        "-": lambda: (1.0, -constant) if tensor is first else (-1.0, constant),
        "*": lambda: (constant, 0.0),
        "/": lambda: (1.0 / constant, 0.0),
    }[sign]()
    return L.Rescaling(np.asarray(scale).tolist(), np.asarray(offset).tolist(), name=name)(tensor)


def _slice(x, specification):
    parts = tuple(_slice_part(part) for part in specification)
    if parts in ((Ellipsis, slice(None, None, -1)), (*[slice(None)] * 3, slice(None, None, -1))):
        return ops.flip(x, axis=-1)
    return x[parts]


def _slice_part(part):
    if isinstance(part, dict) and part.get("class_name") != "__ellipsis__":
        return slice(part.get("start"), part.get("stop"), part.get("step"))
    return Ellipsis if isinstance(part, dict) or part == "Ellipsis" else part


def node_definition(config: dict) -> tuple[str, dict[int, object]]:
    """Return the operation and the constants by position of a ``TensorFlowOpLayer`` (TensorFlow 2.0 to 2.3)."""
    definition = config["node_def"]
    definition = json.loads(definition) if isinstance(definition, str) else definition
    return definition["op"], {int(place): value for place, value in (config.get("constants") or {}).items()}
