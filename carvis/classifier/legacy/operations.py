"""Applying the TensorFlow operations in a graph of Keras 2 (``x / 127.5 - 1`` and the like) to tensors of Keras 3.

Arithmetic with a constant becomes a ``Rescaling`` layer, so that it is seen as what it is, a scaling of the input.
Only what is listed is known: a function's name is looked up, never called.
"""

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

import keras
import numpy as np

from carvis.classifier.legacy.functions import FUNCTIONS
from carvis.classifier.legacy.shape_values import OPEN, ShapeValue
from carvis.errors import ModelError
from carvis.language import Message

L, ops = keras.layers, keras.ops
# A tensor of the graph, a constant that its file holds, or a shape.
Value: TypeAlias = Any
_ARITHMETIC = {
    "math.add": "+", "__operators__.add": "+", "add": "+", "nn.bias_add": "+", "compat.v1.nn.bias_add": "+",
    "math.subtract": "-", "__operators__.subtract": "-", "__operators__.sub": "-", "subtract": "-",
    "math.multiply": "*", "__operators__.multiply": "*", "__operators__.mul": "*", "multiply": "*",
    "math.truediv": "/", "math.divide": "/", "divide": "/", "truediv": "/", "__operators__.truediv": "/",
    "math.scalar_mul": "*",
}  # fmt: skip


def _activation(function: str) -> Callable[[str], keras.Layer]:
    return lambda name: L.Activation(function, name=name)


# Applied as a layer, so that it is recognised as an activation.
_LAYERS: dict[str, Callable[[str], keras.Layer]] = {
    "nn.relu": lambda name: L.ReLU(name=name),
    "nn.relu6": lambda name: L.ReLU(6.0, name=name),
    "nn.softmax": lambda name: L.Softmax(name=name),
    "identity": lambda name: L.Identity(name=name),
    "nn.silu": _activation("silu"),
    **{f"nn.{name}": _activation(name) for name in ("sigmoid", "tanh", "softplus", "softsign", "elu", "selu")},
}
_LAYERS |= {
    "nn.swish": _LAYERS["nn.silu"],
    "stop_gradient": _LAYERS["identity"],
    "convert_to_tensor": _LAYERS["identity"],
    **{f"math.{name}": _LAYERS[f"nn.{name}"] for name in ("sigmoid", "tanh", "softplus", "softmax", "softsign")},
}


def is_tensor(value: object) -> bool:
    """Tell whether a value is a tensor of the graph, not a constant."""
    return isinstance(value, keras.KerasTensor)


def apply_operation(
    function: str, name: str, arguments: list[Value], settings: dict[str, Value], where: Message
) -> Value:
    """Apply a TensorFlow function, by the name that Keras 2 wrote down, to tensors of a Keras 3 graph.

    Args:
        function: such as ``math.truediv``.
        name: of the layer.
        arguments, settings: positional and keyword arguments, tensors or constants.
        where: the file and layer, for errors.

    Raises:
        ModelError: the function is not among those known here.
    """
    # TensorFlow computes channels first on GPUs alone, and nothing here does.
    if str(settings.get("data_format") or "").startswith("NC"):
        raise _unknown(function, where)
    settings = {key: value for key, value in settings.items() if key not in ("name", "data_format")}
    try:
        if function in _ARITHMETIC:
            first, second = [*arguments, *settings.values()]
            return _named(_arithmetic(_ARITHMETIC[function], first, second, name), name)
        if function in _LAYERS and len(arguments) == 1 and settings.get("axis", -1) in (None, -1):
            return _LAYERS[function](name)(arguments[0])
        if function == "__operators__.getitem":
            return _named(_slice(*arguments, **settings), name)
        if function in FUNCTIONS:
            applied = FUNCTIONS[function]
            return _named(applied(*arguments, **_effective(applied, settings)), name)
    # Arguments that the function here does not have, or shapes that are not known.
    except (TypeError, ValueError) as error:
        raise _unknown(function, where) from error
    raise _unknown(function, where)


def _effective(function: Callable, settings: dict[str, Value]) -> dict[str, Value]:
    accepted = inspect.signature(function).parameters
    return {
        key: value for key, value in settings.items() if value is not None and (key in accepted or value is not False)
    }


def _named(value: Value, name: str) -> Value:
    """Give an operation its layer's name: Keras's default, such as ``add``, may be another layer's in the file."""
    first = value[0] if isinstance(value, (list, tuple)) and value else value
    if is_tensor(first):
        operation = first._keras_history.operation
        if not isinstance(operation, keras.Layer):
            operation.name = name
    return value


def _unknown(function: str, where: Message) -> ModelError:
    return ModelError(
        Message(
            "{where} applies tf.{function}, which cannot be converted to Keras 3: open the model with the"
            " Keras that wrote it and save it again without this operation.",
            where=where,
            function=function,
        )
    )


def _arithmetic(sign: str, first: Value, second: Value, name: str) -> Value:
    if not is_tensor(first) and not is_tensor(second):
        # Of sizes; an open one raises a TypeError.
        return {"+": lambda: first + second, "-": lambda: first - second, "*": lambda: first * second}[sign]()
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


def _slice(x: Value, slice_spec: Value) -> Value:
    parts = tuple(_slice_part(part) for part in (slice_spec if isinstance(slice_spec, list) else [slice_spec]))
    if isinstance(x, ShapeValue):
        (part,) = parts
        return ShapeValue(x.sides[part]) if isinstance(part, slice) else x.sides[part]
    if any(part is OPEN for part in parts):
        raise TypeError("an open size")
    if parts in ((Ellipsis, slice(None, None, -1)), (*[slice(None)] * 3, slice(None, None, -1))):
        return ops.flip(x, axis=-1)
    return x[parts]


def _slice_part(part: Value) -> Value:
    if isinstance(part, dict) and part.get("class_name") != "__ellipsis__":
        return slice(part.get("start"), part.get("stop"), part.get("step"))
    return Ellipsis if isinstance(part, dict) or part == "Ellipsis" else part
