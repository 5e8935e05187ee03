"""The output range by a model's graph: bounds, and whether each row adds up to one."""

from typing import Any, TypeAlias

import keras
import numpy as np

from carvis.classifier.ranges.bounds import ANY, UNKNOWN, OutputRange, activated
from carvis.classifier.ranges.rules import RULES

L = keras.layers
_WEIGHTED_SUMS = (
    L.Dense, L.EinsumDense, L.BatchNormalization, L.Conv1D, L.Conv2D, L.Conv3D, L.SeparableConv1D, L.SeparableConv2D,
    L.DepthwiseConv2D, L.Conv2DTranspose,
)  # fmt: skip
# By the identity of tensors: those of a nested model's inputs, and those met before.
Known: TypeAlias = dict[int, OutputRange]


def output_range(model: keras.Model) -> OutputRange:
    """Return the range of a model's first output by its graph."""
    try:
        return _of(model.outputs[0], {})
    # An operation called in an unknown way has an unknown range; the values decide then.
    except Exception:
        return UNKNOWN


def _of(tensor: keras.KerasTensor, ranges: Known) -> OutputRange:
    if id(tensor) not in ranges:
        ranges[id(tensor)] = _computed(tensor, ranges)
    return ranges[id(tensor)]


def _computed(tensor: keras.KerasTensor, ranges: Known) -> OutputRange:
    history = tensor._keras_history
    step = history.operation
    if isinstance(step, keras.layers.InputLayer):
        return ANY
    node = step._inbound_nodes[history.node_index]
    if isinstance(step, keras.Model):
        inputs = {id(own): _of(outer, ranges) for own, outer in zip(step.inputs, node.input_tensors, strict=True)}
        return _of(step.outputs[history.tensor_index], inputs)
    kind = type(step).__name__
    if kind in RULES:
        return RULES[kind](step, node, tensor, lambda value: _value(value, ranges))
    if isinstance(step, keras.layers.TimeDistributed):
        return activated(step.layer.activation, ANY, len(tensor.shape)) if _linear(step.layer) else UNKNOWN
    if _linear(step):
        return activated(getattr(step, "activation", None), ANY, len(tensor.shape))
    return UNKNOWN


def _value(value: Any, ranges: Known) -> OutputRange:
    if isinstance(value, keras.KerasTensor):
        return _of(value, ranges)
    values = np.asarray(keras.ops.convert_to_numpy(value), np.float64)
    return OutputRange(float(values.min()), float(values.max()))


def _linear(layer: object) -> bool:
    """Tell whether a layer is a weighted sum of its input, with or without an activation."""
    return isinstance(layer, _WEIGHTED_SUMS)
