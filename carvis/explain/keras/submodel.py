"""The part of a model below a layer, for pictures of any size."""

from collections.abc import Callable

import keras

from carvis.classifier.flat_graph import Call
from carvis.explain.keras.hooks import turn_of


def trunk(model: keras.Model, layer: Call | keras.Layer, *, below: bool = False) -> Callable:
    """Return a function of pictures that gives a layer's output and computes nothing above it.

    The graph is walked instead of calling the model, whose input size and dense layers would hold pictures to one
    size.

    Args:
        model: flat, nested or Sequential.
        layer: at any depth; one call of it, or the layer itself for its first one.
        below: stop before the layer, and give what it takes.

    Returns:
        A function of a float tensor (N, H, W, C) that gives (N, h, w, c).
    """
    operation, turn = turn_of(layer)

    def run(images):
        reached: list = []
        turns = iter(range(1_000_000))
        _walk(model, [images], lambda step: step is operation and next(turns) == turn, reached, below)
        return reached[0]

    return run


def _walk(model: keras.Model, inputs: list, is_it: Callable, reached: list, below: bool) -> list:
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
                made = _walk(step, [values[id(tensor)] for tensor in node.input_tensors], is_it, reached, below)
            else:
                args, kwargs = node.arguments.fill_in(values)
                if isinstance(step, keras.Layer) and step._call_has_training_arg:
                    kwargs["training"] = False
                here = is_it(step)
                if below and here:
                    reached.append(args[0])
                    return []
                made = keras.tree.flatten(step(*args, **kwargs))
                if here:
                    reached.append(made[0])
            if reached:
                return []
            values |= zip(map(id, node.outputs), made, strict=True)
    return [values[id(tensor)] for tensor in model.outputs]
