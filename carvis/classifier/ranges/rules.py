"""How each layer and operation changes the bounds and the row sums of its input."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeAlias

import keras

from carvis.classifier.graph import Node, Step
from carvis.classifier.ranges.bounds import DISTRIBUTION, INFINITY, UNKNOWN, OutputRange, activated, exponential

Tensor: TypeAlias = keras.KerasTensor
# The range of a tensor or constant that goes in.
RangeOf: TypeAlias = Callable[[Any], OutputRange]
# Each takes the step, its call, the output tensor and the ranges of the inputs.
Rule: TypeAlias = Callable[[Step, Node, Tensor, RangeOf], OutputRange]


def _operands(node: Node) -> list[Any]:
    """What goes into a call, in order: tensors and constants, those of a list one by one."""
    values = []
    for operand in (*node.arguments.args, *node.arguments.kwargs.values()):
        values += list(operand) if isinstance(operand, (list, tuple)) else [operand]
    return [operand for operand in values if operand is not None and not isinstance(operand, (bool, str))]


def _tensors(node: Node, range_of: RangeOf) -> list[OutputRange]:
    return [range_of(operand) for operand in node.input_tensors]


def _pass(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    (operand, *others) = node.input_tensors
    if others:
        return UNKNOWN
    before = range_of(operand)
    same_rows = operand.shape[-1] == tensor.shape[-1]
    return before if same_rows else replace(before, total=None, log=False)


def _item(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    operand, key = node.arguments.args[:2]
    key = key if isinstance(key, tuple) else (key,)
    indices = [part for part in key if part is not Ellipsis and part is not None]
    ends_the_key = len(indices) == len(operand.shape) or (len(indices) < len(key) and key[-1] is not Ellipsis)
    # The row sum stays only where the whole row is taken.
    complete = not ends_the_key or (isinstance(key[-1], slice) and key[-1] == slice(None))
    return range_of(operand) if complete else replace(range_of(operand), total=None, log=False)


def _activation(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    return activated(getattr(step, "activation", step), range_of(node.input_tensors[0]), len(tensor.shape))


def _operation(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    return activated(step, range_of(node.input_tensors[0]), len(tensor.shape), getattr(step, "axis", -1))


def _softmax(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    rank = len(tensor.shape)
    axis = getattr(step, "axis", -1)
    axis = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
    return replace(DISTRIBUTION, total=1.0 if axis in (-1, rank - 1, None) else None)


def _hull(ranges: list[OutputRange]) -> OutputRange:
    totals = {operand.total for operand in ranges}
    return OutputRange(
        min(operand.low for operand in ranges),
        max(operand.high for operand in ranges),
        total=totals.pop() if len(totals) == 1 else None,
        untied=all(operand.untied for operand in ranges),
        known=all(operand.known for operand in ranges),
    )


def _average(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    ranges = _tensors(node, range_of)
    totals = [operand.total for operand in ranges]
    present = [total for total in totals if total is not None]
    total = sum(present) / len(present) if len(present) == len(totals) else None
    low, high = (sum(getattr(operand, side) for operand in ranges) / len(ranges) for side in ("low", "high"))
    return replace(_hull(ranges), low=low, high=high, total=total)


def _concatenate(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    # Columns side by side may be one value and its complement to one: the values decide.
    hull = replace(_hull(_tensors(node, range_of)), untied=False)
    along_rows = getattr(step, "axis", -1) in (-1, len(tensor.shape) - 1)
    return replace(hull, total=None) if along_rows else hull


def _extreme(of: Callable[[Iterable[float]], float]) -> Rule:
    def extreme(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
        ranges = [range_of(operand) for operand in _operands(node)]
        low, high = (of(getattr(operand, side) for operand in ranges) for side in ("low", "high"))
        return OutputRange(low, high, known=_bounded(low, high) or all(operand.known for operand in ranges))

    return extreme


def _bounded(low: float, high: float) -> bool:
    return low > -INFINITY and high < INFINITY


def _add(sign: int) -> Rule:
    def add(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
        operands = _operands(node)
        ranges = [range_of(operand) for operand in operands]
        low, high, total = ranges[0].low, ranges[0].high, _total(operands[0], ranges[0], tensor)
        for operand, of_operand in zip(operands[1:], ranges[1:]):
            ends = (of_operand.low, of_operand.high) if sign > 0 else (-of_operand.high, -of_operand.low)
            low, high = low + ends[0], high + ends[1]
            other = _total(operand, of_operand, tensor)
            total = None if total is None or other is None else total + sign * other
        return OutputRange(low, high, total=total, known=all(operand.known for operand in ranges))

    return add


def _total(value: Any, of_value: OutputRange, tensor: Tensor) -> float | None:
    """What a row of a summand adds up to: a single number is added to every column."""
    if isinstance(value, keras.KerasTensor):
        return of_value.total if tuple(value.shape)[-1:] == tuple(tensor.shape)[-1:] else None
    columns = tensor.shape[-1]
    return of_value.low * columns if of_value.low == of_value.high and columns else None


def _product(first: OutputRange, second: OutputRange) -> tuple[float, float]:
    ends = [0.0 if 0.0 in (a, b) else a * b for a in (first.low, first.high) for b in (second.low, second.high)]
    return min(ends), max(ends)


def _multiply(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    operands = _operands(node)
    product = range_of(operands[0])
    for value in operands[1:]:
        other = range_of(value)
        low, high = _product(product, other)
        scale = other if other.low == other.high else product if product.low == product.high else None
        rows = product if scale is other else other
        total = None if scale is None or rows.total is None else rows.total * scale.low
        product = OutputRange(low, high, total=total, known=product.known and other.known)
    return product


def _divide(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    top, bottom = _operands(node)[:2]
    above, below = range_of(top), range_of(bottom)
    if above.low >= 0 and _is_sum_of(bottom, top):
        return DISTRIBUTION
    if not isinstance(bottom, keras.KerasTensor) and below.low == below.high != 0:
        scale = 1 / below.low
        low, high = sorted((above.low * scale, above.high * scale))
        return OutputRange(low, high, None if above.total is None else above.total * scale, known=above.known)
    return UNKNOWN


def _is_sum_of(tensor: Any, values: Any) -> bool:
    if not (isinstance(tensor, keras.KerasTensor) and isinstance(values, keras.KerasTensor)):
        return False
    step = tensor._keras_history.operation
    node = step._inbound_nodes[tensor._keras_history.node_index]
    rank, axis = len(values.shape), getattr(step, "axis", None)
    axis = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
    return type(step).__name__ == "Sum" and axis in (-1, rank - 1) and node.input_tensors[0] is values


def _clip(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    before = range_of(node.input_tensors[0])
    ends: list[Any] = [getattr(step, name, None) for name in ("x_min", "x_max")]
    if not all(isinstance(end, (int, float)) for end in ends):
        return UNKNOWN
    low, high = (float(min(max(end, ends[0]), ends[1])) for end in (before.low, before.high))
    # Where nothing is clipped, the row sums stay.
    cut = before.low < ends[0] or before.high > ends[1]
    return OutputRange(low, high, None if cut else before.total, untied=before.untied)


def _reduced(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    operand = node.input_tensors[0]
    before, axes = range_of(operand), getattr(step, "axis", None)
    axes = [axes] if isinstance(axes, int) else list(axes) if axes is not None else list(range(len(operand.shape)))
    over_rows = -1 in axes or len(operand.shape) - 1 in axes
    kind = type(step).__name__
    total = before.total if kind in ("Mean", "Sum") and not over_rows else None
    if kind != "Sum":
        return replace(before, total=total, log=False)
    counts = [operand.shape[axis] for axis in axes]
    if None in counts:
        return UNKNOWN
    count = math.prod(counts)
    total = None if total is None else total * count
    return OutputRange(before.low * count, before.high * count, total, known=before.known)


def _pool(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    before = range_of(node.input_tensors[0])
    highest = "Max" in type(step).__name__
    return replace(before, total=None if highest else before.total, log=False)


def _rescale(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    before = range_of(node.input_tensors[0])
    if not (isinstance(step.scale, (int, float)) and isinstance(step.offset, (int, float))):
        return OutputRange(known=before.known)
    low, high = sorted(end * step.scale + step.offset for end in (before.low, before.high))
    total = None if before.total is None else before.total * step.scale + step.offset * tensor.shape[-1]
    return OutputRange(low, high, total, known=before.known)


def _exp(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    return exponential(range_of(node.input_tensors[0]))


def _negative(step: Step, node: Node, tensor: Tensor, range_of: RangeOf) -> OutputRange:
    before = range_of(node.input_tensors[0])
    total = None if before.total is None else -before.total
    return OutputRange(-before.high, -before.low, total, known=before.known)


RULES: dict[str, Rule] = {
    **dict.fromkeys(
        ("Reshape", "Flatten", "Dropout", "Identity", "Squeeze", "Cast", "SpatialDropout1D", "SpatialDropout2D",
         "ExpandDims", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization", "StopGradient"),
        _pass,
    ),
    **dict.fromkeys(("Activation", "ReLU"), _activation),
    **dict.fromkeys(
        ("Sigmoid", "HardSigmoid", "SparseSigmoid", "LogSoftmax", "Sparsemax", "Tanh", "HardTanh", "SoftSign",
         "Softsign", "Relu", "Relu6", "Softplus", "SparsePlus", "LogSigmoid", "LeakyRelu", "Elu", "Selu", "Celu",
         "Gelu", "Silu", "HardSilu", "Squareplus", "LeakyReLU", "ELU", "PReLU"),
        _operation,
    ),
    **dict.fromkeys(("Maximum",), _extreme(max)),
    **dict.fromkeys(("Minimum",), _extreme(min)),
    **dict.fromkeys(("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D",
                     "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "AveragePooling1D",
                     "AveragePooling2D", "MaxPooling1D", "MaxPooling2D"), _pool),
    **dict.fromkeys(("Divide", "TrueDivide"), _divide),
    **dict.fromkeys(("Concatenate", "Stack"), _concatenate),
    **dict.fromkeys(("Mean", "Sum", "Max", "Min", "Amax", "Amin"), _reduced),
    "GetItem": _item,
    "Average": _average,
    "Softmax": _softmax,
    "Add": _add(1),
    "Subtract": _add(-1),
    "Multiply": _multiply,
    "Clip": _clip,
    "Rescaling": _rescale,
    "Exp": _exp,
    "Negative": _negative,
}  # fmt: skip
