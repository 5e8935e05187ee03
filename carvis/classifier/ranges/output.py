"""What a model's graph says of its output: bounds, and whether each row adds up to one."""

import keras
import numpy as np

from carvis.classifier.ranges.bounds import ANY, UNKNOWN, OutputRange, activated
from carvis.classifier.ranges.rules import RULES


def output_range(model: keras.Model) -> OutputRange:
    """Return what a model's graph says of its first output."""
    try:
        return _of(model.outputs[0], {})
    # An operation that is called in a way unheard of says nothing; the numbers decide then.
    except Exception:
        return UNKNOWN


def _of(tensor, inside: dict) -> OutputRange:
    """Work out a tensor's range; ``inside`` holds those of tensors met before, and of a nested model's inputs."""
    if id(tensor) not in inside:
        inside[id(tensor)] = _made(tensor, inside)
    return inside[id(tensor)]


def _made(tensor, inside: dict) -> OutputRange:
    history = tensor._keras_history
    step = history.operation
    if isinstance(step, keras.layers.InputLayer):
        return ANY
    node = step._inbound_nodes[history.node_index]
    if isinstance(step, keras.Model):
        given = {id(own): _of(outer, inside) for own, outer in zip(step.inputs, node.input_tensors, strict=True)}
        return _of(step.outputs[history.tensor_index], given)
    kind = type(step).__name__
    if kind in RULES:
        return RULES[kind](step, node, tensor, lambda one: _value(one, inside))
    if isinstance(step, keras.layers.TimeDistributed):
        return activated(step.layer.activation, ANY, len(tensor.shape)) if _linear(step.layer) else UNKNOWN
    if _linear(step):
        return activated(getattr(step, "activation", None), ANY, len(tensor.shape))
    return UNKNOWN


def _value(one, inside: dict) -> OutputRange:
    if isinstance(one, keras.KerasTensor):
        return _of(one, inside)
    values = np.asarray(keras.ops.convert_to_numpy(one), np.float64)
    return OutputRange(float(values.min()), float(values.max()))


def _linear(layer: object) -> bool:
    """Tell whether a layer is a weighted sum of its input, with or without an activation."""
    layers = keras.layers
    kinds = (layers.Dense, layers.EinsumDense, layers.BatchNormalization, layers.Conv1D, layers.Conv2D, layers.Conv3D)
    kinds += (layers.SeparableConv1D, layers.SeparableConv2D, layers.DepthwiseConv2D, layers.Conv2DTranspose)
    return isinstance(layer, kinds)
