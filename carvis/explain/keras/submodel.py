"""The part of a model below a layer, for images of any size."""

import itertools
from collections.abc import Callable

import keras
import tensorflow as tf

from carvis.classifier.call_hooks import as_map, call_index
from carvis.classifier.flat_graph import Call


def submodel_to(
    model: keras.Model, layer: Call | keras.Layer, *, below: bool = False
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a function of images that gives a layer's output and computes nothing above it.

    The graph is walked instead of calling the model, whose input size and dense layers accept images of one size only.

    Args:
        model: flat, nested or Sequential.
        layer: at any depth; one call of it, or the layer itself for its first one.
        below: stop before the layer, and give its input.

    Returns:
        A function of a float tensor (N, H, W, C) that gives (N, h, w, c).
    """
    operation, index = call_index(layer)

    def run(images: tf.Tensor) -> tf.Tensor:
        reached: list[tf.Tensor] = []
        indices = itertools.count()
        _walk(model, [images], lambda step: step is operation and next(indices) == index, reached, below)
        return reached[0] if below else as_map(layer, reached[0])

    return run


def _walk(
    model: keras.Model,
    inputs: list[tf.Tensor],
    is_layer: Callable[[keras.Operation], bool],
    reached: list[tf.Tensor],
    below: bool,
) -> list[tf.Tensor]:
    """Run a model's graph on other inputs until the layer was reached; return its outputs where it was not."""
    if isinstance(model, keras.Sequential):
        model = model._functional
    values = dict(zip(map(id, model.inputs), inputs, strict=True))
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if node.is_input or any(id(tensor) not in values for tensor in node.input_tensors):
                continue
            step = node.operation
            if isinstance(step, keras.Model):
                outputs = _walk(step, [values[id(tensor)] for tensor in node.input_tensors], is_layer, reached, below)
            else:
                args, kwargs = node.arguments.fill_in(values)
                if isinstance(step, keras.Layer) and step._call_has_training_arg:
                    kwargs["training"] = False
                is_reached = is_layer(step)
                if below and is_reached:
                    reached.append(args[0])
                    return []
                outputs = keras.tree.flatten(step(*args, **kwargs))
                if is_reached:
                    reached.append(outputs[0])
            if reached:
                return []
            values |= zip(map(id, node.outputs), outputs, strict=True)
    return [values[id(tensor)] for tensor in model.outputs]
