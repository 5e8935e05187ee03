"""What each layer and operation makes of the bounds of its input, and of what its rows add up to."""

import math
from collections.abc import Callable
from dataclasses import replace

import keras

from carvis.classifier.ranges.bounds import DISTRIBUTION, INFINITY, UNKNOWN, OutputRange, activated, exponential

# Each takes the step, its call, the tensor made and a function that tells the range of what goes in.
_Ask = Callable[[object], OutputRange]


def _given(node) -> list:
    """What goes into a call, in order: tensors and constants, those of a list one by one."""
    values = []
    for one in (*node.arguments.args, *node.arguments.kwargs.values()):
        values += list(one) if isinstance(one, (list, tuple)) else [one]
    return [one for one in values if one is not None and not isinstance(one, (bool, str))]


def _tensors(node, ask: _Ask) -> list[OutputRange]:
    return [ask(one) for one in node.input_tensors]


def _pass(step, node, tensor, ask: _Ask) -> OutputRange:
    (one, *others) = node.input_tensors
    if others:
        return UNKNOWN
    before = ask(one)
    same_rows = one.shape[-1] == tensor.shape[-1]
    return before if same_rows else replace(before, total=None, log=False)


def _item(step, node, tensor, ask: _Ask) -> OutputRange:
    one, key = node.arguments.args[:2]
    key = key if isinstance(key, tuple) else (key,)
    named = [part for part in key if part is not Ellipsis and part is not None]
    ends_the_key = len(named) == len(one.shape) or (len(named) < len(key) and key[-1] is not Ellipsis)
    # A row adds up as before only where it is taken whole.
    whole = not ends_the_key or (isinstance(key[-1], slice) and key[-1] == slice(None))
    return ask(one) if whole else replace(ask(one), total=None, log=False)


def _activation(step, node, tensor, ask: _Ask) -> OutputRange:
    return activated(getattr(step, "activation", step), ask(node.input_tensors[0]), len(tensor.shape))


def _operation(step, node, tensor, ask: _Ask) -> OutputRange:
    return activated(step, ask(node.input_tensors[0]), len(tensor.shape), getattr(step, "axis", -1))


def _softmax(step, node, tensor, ask: _Ask) -> OutputRange:
    rank = len(tensor.shape)
    axis = getattr(step, "axis", -1)
    axis = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
    return replace(DISTRIBUTION, total=1.0 if axis in (-1, rank - 1, None) else None)


def _hull(ranges: list[OutputRange]) -> OutputRange:
    totals = {one.total for one in ranges}
    return OutputRange(
        min(one.low for one in ranges),
        max(one.high for one in ranges),
        total=totals.pop() if len(totals) == 1 else None,
        untied=all(one.untied for one in ranges),
        known=all(one.known for one in ranges),
    )


def _average(step, node, tensor, ask: _Ask) -> OutputRange:
    ranges = _tensors(node, ask)
    totals = [one.total for one in ranges]
    total = None if None in totals else sum(totals) / len(totals)
    low, high = (sum(getattr(one, side) for one in ranges) / len(ranges) for side in ("low", "high"))
    return replace(_hull(ranges), low=low, high=high, total=total)


def _concatenate(step, node, tensor, ask: _Ask) -> OutputRange:
    # Columns laid side by side may be one value and what is left of one: the numbers tell.
    found = replace(_hull(_tensors(node, ask)), untied=False)
    along_rows = getattr(step, "axis", -1) in (-1, len(tensor.shape) - 1)
    return replace(found, total=None) if along_rows else found


def _extreme(of: Callable) -> Callable:
    def extreme(step, node, tensor, ask: _Ask) -> OutputRange:
        ranges = [ask(one) for one in _given(node)]
        low, high = (of(getattr(one, side) for one in ranges) for side in ("low", "high"))
        return OutputRange(low, high, known=_bounded(low, high) or all(one.known for one in ranges))

    return extreme


def _bounded(low: float, high: float) -> bool:
    return low > -INFINITY and high < INFINITY


def _add(sign: int) -> Callable:
    def add(step, node, tensor, ask: _Ask) -> OutputRange:
        given = _given(node)
        ranges = [ask(one) for one in given]
        low, high, total = ranges[0].low, ranges[0].high, _total(given[0], ranges[0], tensor)
        for one, of_one in zip(given[1:], ranges[1:]):
            ends = (of_one.low, of_one.high) if sign > 0 else (-of_one.high, -of_one.low)
            low, high = low + ends[0], high + ends[1]
            other = _total(one, of_one, tensor)
            total = None if total is None or other is None else total + sign * other
        return OutputRange(low, high, total=total, known=all(one.known for one in ranges))

    return add


def _total(value, of_value: OutputRange, tensor) -> float | None:
    """What a row of a summand adds up to: a single number is added to every column."""
    if isinstance(value, keras.KerasTensor):
        return of_value.total if tuple(value.shape)[-1:] == tuple(tensor.shape)[-1:] else None
    columns = tensor.shape[-1]
    return of_value.low * columns if of_value.low == of_value.high and columns else None


def _product(pairs) -> tuple[float, float]:
    ends = [0.0 if 0.0 in (a, b) else a * b for a in pairs[0] for b in pairs[1]]
    return min(ends), max(ends)


def _multiply(step, node, tensor, ask: _Ask) -> OutputRange:
    given = _given(node)
    found = ask(given[0])
    for value in given[1:]:
        other = ask(value)
        low, high = _product(((found.low, found.high), (other.low, other.high)))
        scale = other if other.low == other.high else found if found.low == found.high else None
        rows = found if scale is other else other
        total = None if scale is None or rows.total is None else rows.total * scale.low
        found = OutputRange(low, high, total=total, known=found.known and other.known)
    return found


def _divide(step, node, tensor, ask: _Ask) -> OutputRange:
    top, bottom = _given(node)[:2]
    above, below = ask(top), ask(bottom)
    if above.low >= 0 and _is_sum_of(bottom, top):
        return DISTRIBUTION
    if not isinstance(bottom, keras.KerasTensor) and below.low == below.high != 0:
        scale = 1 / below.low
        low, high = sorted((above.low * scale, above.high * scale))
        return OutputRange(low, high, None if above.total is None else above.total * scale, known=above.known)
    return UNKNOWN


def _is_sum_of(tensor, values) -> bool:
    if not (isinstance(tensor, keras.KerasTensor) and isinstance(values, keras.KerasTensor)):
        return False
    step = tensor._keras_history.operation
    node = step._inbound_nodes[tensor._keras_history.node_index]
    rank, axis = len(values.shape), getattr(step, "axis", None)
    axis = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
    return type(step).__name__ == "Sum" and axis in (-1, rank - 1) and node.input_tensors[0] is values


def _clip(step, node, tensor, ask: _Ask) -> OutputRange:
    before = ask(node.input_tensors[0])
    ends = [getattr(step, name, None) for name in ("x_min", "x_max")]
    if not all(isinstance(end, (int, float)) for end in ends):
        return UNKNOWN
    low, high = (float(min(max(end, ends[0]), ends[1])) for end in (before.low, before.high))
    # Where nothing is cut off, the rows add up as before.
    cut = before.low < ends[0] or before.high > ends[1]
    return OutputRange(low, high, None if cut else before.total, untied=before.untied)


def _reduced(step, node, tensor, ask: _Ask) -> OutputRange:
    one = node.input_tensors[0]
    before, axes = ask(one), getattr(step, "axis", None)
    axes = [axes] if isinstance(axes, int) else list(axes) if axes is not None else list(range(len(one.shape)))
    over_rows = -1 in axes or len(one.shape) - 1 in axes
    kind = type(step).__name__
    total = before.total if kind in ("Mean", "Sum") and not over_rows else None
    if kind != "Sum":
        return replace(before, total=total, log=False)
    counts = [one.shape[axis] for axis in axes]
    if None in counts:
        return UNKNOWN
    count = math.prod(counts)
    total = None if total is None else total * count
    return OutputRange(before.low * count, before.high * count, total, known=before.known)


def _pool(step, node, tensor, ask: _Ask) -> OutputRange:
    before = ask(node.input_tensors[0])
    highest = "Max" in type(step).__name__
    return replace(before, total=None if highest else before.total, log=False)


def _rescale(step, node, tensor, ask: _Ask) -> OutputRange:
    before = ask(node.input_tensors[0])
    if not (isinstance(step.scale, (int, float)) and isinstance(step.offset, (int, float))):
        return OutputRange(known=before.known)
    low, high = sorted(end * step.scale + step.offset for end in (before.low, before.high))
    total = None if before.total is None else before.total * step.scale + step.offset * tensor.shape[-1]
    return OutputRange(low, high, total, known=before.known)


def _exp(step, node, tensor, ask: _Ask) -> OutputRange:
    return exponential(ask(node.input_tensors[0]))


def _negative(step, node, tensor, ask: _Ask) -> OutputRange:
    before = ask(node.input_tensors[0])
    total = None if before.total is None else -before.total
    return OutputRange(-before.high, -before.low, total, known=before.known)


RULES: dict[str, Callable] = {
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
