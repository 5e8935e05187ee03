"""Reading the ``TensorFlowOpLayer`` of TensorFlow 2.0 to 2.3: the definition of a node as TensorFlow names it."""

import base64
import json
from typing import Any

_SAME = {
    "math": "Pow Square Sqrt Rsqrt Exp Log Abs Maximum Minimum Floor Ceil Round Sign Erf Sin Cos Tanh Sigmoid Softplus",
    "nn": "Relu Relu6 Elu Selu Softsign Softmax",
}
_PLAIN = {name: f"{place}.{name.lower()}" for place, names in _SAME.items() for name in names.split()}
_PLAIN |= {
    "Add": "math.add", "AddV2": "math.add", "BiasAdd": "nn.bias_add", "Sub": "math.subtract", "Mul": "math.multiply",
    "RealDiv": "math.truediv", "Neg": "math.negative", "SquaredDifference": "math.squared_difference",
    "LogSoftmax": "nn.log_softmax", "FloorDiv": "math.floordiv", "FloorMod": "math.floormod", "Identity": "identity",
    "StopGradient": "stop_gradient", "Reshape": "reshape", "Transpose": "transpose", "ExpandDims": "expand_dims",
    "Tile": "tile", "Pad": "pad", "ReverseV2": "reverse", "ClipByValue": "clip_by_value", "Shape": "shape",
    "Greater": "math.greater", "Less": "math.less", "SelectV2": "where", "Reciprocal": "math.reciprocal",
}  # fmt: skip
_REDUCTIONS = {name: f"math.reduce_{name.lower()}" for name in ("Mean", "Sum", "Max", "Min", "Prod", "Any", "All")}
_TYPES = {"DT_FLOAT": "float32", "DT_HALF": "float16", "DT_INT32": "int32", "DT_INT64": "int64", "DT_UINT8": "uint8",
          "DT_BOOL": "bool", "DT_BFLOAT16": "bfloat16"}  # fmt: skip


def operation_of(config: dict[str, Any], tensors: list[Any]) -> tuple[str, list[Any], dict[str, Any]]:
    """Return the function by its name in Python, and its arguments, of a ``TensorFlowOpLayer``.

    Args:
        config: of the layer.
        tensors: its inputs, in order; the constants are in the config.

    Returns:
        (function, arguments, settings); the node's own name where no function is known.
    """
    definition = config["node_def"]
    definition = json.loads(definition) if isinstance(definition, str) else definition
    constants = {int(place): value for place, value in (config.get("constants") or {}).items()}
    remaining = iter(tensors)
    arguments = [
        constants[place] if place in constants else next(remaining) for place in range(len(tensors) + len(constants))
    ]
    operation = definition["op"]
    facts = {key: _value(value) for key, value in (definition.get("attr") or {}).items()}
    return _translated(operation, arguments, facts)


def _value(attribute: dict[str, Any]) -> Any:
    """Return an attribute's value from the JSON of a protocol buffer."""
    if not attribute:
        return None
    kind, value = next(iter(attribute.items()))
    if kind == "i":
        return int(value)
    if kind == "s":
        return base64.b64decode(value).decode("utf-8", "replace")
    if kind == "list":
        kind, items = next(iter(value.items()), ("", []))
        return [int(item) for item in items] if kind == "i" else items
    return value


def _translated(operation: str, arguments: list[Any], facts: dict[str, Any]) -> tuple[str, list[Any], dict[str, Any]]:
    if str(facts.get("data_format") or "").startswith("NC"):
        return f"raw_ops.{operation}", arguments, {}
    if operation in _PLAIN:
        return _PLAIN[operation], arguments, {}
    if operation in _REDUCTIONS:
        return _REDUCTIONS[operation], arguments, {"keepdims": bool(facts.get("keep_dims"))}
    if operation == "Cast":
        return "cast", arguments, {"dtype": _TYPES.get(facts.get("DstT", ""), "unknown")}
    if operation == "ConcatV2":
        return "concat", [arguments[:-1], arguments[-1]], {}
    if operation == "Pack":
        return "stack", [arguments], {"axis": facts.get("axis", 0)}
    if operation == "AddN":
        return "math.add_n", [arguments], {}
    if operation == "Squeeze":
        return "squeeze", arguments, {"axis": facts.get("squeeze_dims") or None}
    if operation == "LeakyRelu":
        return "nn.leaky_relu", arguments, {"alpha": facts.get("alpha", 0.2)}
    if operation == "PadV2":
        return "pad", [*arguments[:2], "CONSTANT", arguments[2]], {}
    if operation == "MirrorPad":
        return "pad", arguments, {"mode": facts.get("mode", "REFLECT")}
    if operation == "GatherV2":
        return "gather", arguments, {"batch_dims": facts.get("batch_dims", 0)}
    if operation in ("MatMul", "BatchMatMulV2"):
        turned = [bool(facts.get(name) or facts.get(other)) for name, other in
                  (("transpose_a", "adj_x"), ("transpose_b", "adj_y"))]  # fmt: skip
        return "linalg.matmul", [*arguments, *turned], {}
    if operation in ("MaxPool", "AvgPool"):
        settings = {"ksize": facts["ksize"], "strides": facts["strides"], "padding": facts["padding"]}
        return f"nn.{'max' if operation == 'MaxPool' else 'avg'}_pool2d", arguments, settings
    half = facts.get("half_pixel_centers") and not facts.get("align_corners")
    if operation in ("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea") and half:
        method = {"ResizeNearestNeighbor": "nearest"}.get(operation, operation.removeprefix("Resize").lower())
        return "image.resize", arguments, {"method": method}
    if operation == "StridedSlice" and not facts.get("new_axis_mask"):
        return "__operators__.getitem", [arguments[0], _slices(arguments[1:], facts)], {}
    return f"raw_ops.{operation}", arguments, {}


def _slices(ends: list[list[Any]], facts: dict[str, Any]) -> list[Any]:
    begin, end, strides = ends
    parts: list[Any] = []
    for place, (start, stop, step) in enumerate(zip(begin, end, strides)):
        bit = 1 << place
        if facts.get("ellipsis_mask", 0) & bit:
            parts.append({"class_name": "__ellipsis__"})
        elif facts.get("shrink_axis_mask", 0) & bit:
            parts.append(start)
        else:
            start = None if facts.get("begin_mask", 0) & bit else start
            stop = None if facts.get("end_mask", 0) & bit else stop
            parts.append({"start": start, "stop": stop, "step": step})
    return parts
