"""The part of a model below a layer, for pictures of any size."""

from collections.abc import Callable

import keras


def trunk(model: keras.Model, layer: keras.Layer, *, below: bool = False) -> Callable:
    """Return a function of pictures that gives a layer's output and computes nothing above it.

    The graph is walked instead of calling the model, whose input size and dense layers would hold pictures to one
    size.

    Args:
        model: flat, nested or Sequential.
        layer: at any depth.
        below: stop before the layer, and give what it takes.

    Returns:
        A function of a float tensor (N, H, W, C) that gives (N, h, w, c).
    """

    def run(images):
        reached: list = []
        _walk(model, [images], layer, reached, below)
        return reached[0]

    return run


def _walk(model: keras.Model, inputs: list, layer: keras.Layer, reached: list, below: bool) -> list:
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
                made = _walk(step, [values[id(tensor)] for tensor in node.input_tensors], layer, reached, below)
            else:
                args, kwargs = node.arguments.fill_in(values)
                if isinstance(step, keras.Layer) and step._call_has_training_arg:
                    kwargs["training"] = False
                if below and step is layer:
                    reached.append(args[0])
                    return []
                made = keras.tree.flatten(step(*args, **kwargs))
                if step is layer:
                    reached.append(made[0])
            if reached:
                return []
            values |= zip(map(id, node.outputs), made, strict=True)
    return [values[id(tensor)] for tensor in model.outputs]
