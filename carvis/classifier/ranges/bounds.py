"""The bounds of a tensor's values, the sum of its rows, and how activations change both."""

import math
from dataclasses import dataclass, replace
from typing import Any

import keras

INFINITY = math.inf


@dataclass(frozen=True)
class OutputRange:
    """What is certain about a tensor (N, ..., k) from the operations that make it.

    Attributes:
        low, high: bounds of every value.
        total: what the values along the last axis add up to, or None where the graph does not fix it.
        log: whether the exponentials along the last axis add up to one.
        untied: whether each value has a sigmoid of its own, so that a row adds up to one only by chance.
        known: whether every operation was understood; where not, values may be anything.
    """

    low: float = -INFINITY
    high: float = INFINITY
    total: float | None = None
    log: bool = False
    untied: bool = False
    known: bool = True

    @property
    def sums_to_one(self) -> bool:
        """Whether every row is a distribution for certain."""
        return self.low >= 0 and self.total is not None and abs(self.total - 1) < 1e-6

    def within(self, low: float, high: float) -> bool:
        """Whether the range lies in [low, high], up to rounding."""
        return self.low >= low - 1e-6 and self.high <= high + 1e-6


ANY, UNKNOWN = OutputRange(), OutputRange(known=False)
DISTRIBUTION = OutputRange(0.0, 1.0, total=1.0)


def activation_name(activation: object) -> str:
    """Name an activation, be it a function of Keras or TensorFlow, or a layer used as one: ``softmax``."""
    name = getattr(activation, "__name__", None) or getattr(activation, "name", None) or type(activation).__name__
    if isinstance(activation, keras.Operation):
        name = type(activation).__name__
    return str(name).lower().removesuffix("_v2").replace("_", "")


def activated(activation: Any, before: OutputRange, rank: int, axis: int = -1) -> OutputRange:
    """Return the range after an activation, of a tensor of so many axes."""
    if activation is None:
        return before
    name = activation_name(activation)
    if name == "softmax":
        axis = getattr(activation, "axis", axis)
        along_last = axis in (-1, rank - 1) or axis in ([-1], (-1,))
        return replace(DISTRIBUTION, total=1.0 if along_last else None)
    if name == "logsoftmax":
        return OutputRange(-INFINITY, 0.0, log=axis in (-1, rank - 1))
    if name in ("linear", "identity"):
        return before
    if name in ("sigmoid", "hardsigmoid", "sparsesigmoid"):
        return OutputRange(0.0, 1.0, untied=before.known and before.low == -INFINITY and before.high == INFINITY)
    if name == "logsigmoid":
        return OutputRange(-INFINITY, 0.0, untied=True, known=before.known)
    if name in _BOUNDS:
        return replace(_BOUNDS[name], known=before.known)
    if name == "relu":
        top = getattr(activation, "max_value", None)
        slope = getattr(activation, "negative_slope", 0) or 0
        low = max(before.low, 0.0) if not slope else before.low
        return OutputRange(low, before.high if top is None else min(before.high, float(top)), known=before.known)
    if name in _UNBOUNDED:
        return OutputRange(known=before.known)
    if name in ("exponential", "exp"):
        return exponential(before)
    return UNKNOWN


_BOUNDS = {
    "tanh": OutputRange(-1.0, 1.0),
    "hardtanh": OutputRange(-1.0, 1.0),
    "softsign": OutputRange(-1.0, 1.0),
    "relu6": OutputRange(0.0, 6.0),
    "softplus": OutputRange(0.0),
    "sparseplus": OutputRange(0.0),
    # Its rows should add up to one; those of Keras 3 do not always.
    "sparsemax": OutputRange(0.0, 1.0),
}
_UNBOUNDED = {
    "leakyrelu", "elu", "selu", "celu", "gelu", "silu", "swish", "mish", "glu", "hardsilu", "hardswish", "prelu",
    "tanhshrink", "softshrink", "hardshrink", "squareplus", "threshold",
}  # fmt: skip


def exponential(before: OutputRange) -> OutputRange:
    """Return the range after the exponential."""
    high = math.exp(min(before.high, 700.0)) if before.high < INFINITY else INFINITY
    if before.log:
        return DISTRIBUTION
    return OutputRange(math.exp(before.low) if before.low > -INFINITY else 0.0, high)
