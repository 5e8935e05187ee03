"""Walking through a model's layers, nested ones too, by paths such as ``vgg16/block5_conv3``."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import keras
import pandas as pd

from carvis.classifier.files.scope_names import shown_name
from carvis.classifier.flat_graph import Shape
from carvis.classifier.graph import Step, consumers
from carvis.classifier.layer_graph import COMPLETING, CONVOLUTIONS, LayerGraph
from carvis.errors import ModelError
from carvis.language import Message

_Row: TypeAlias = tuple[Any, ...]


def walk(model: keras.Model) -> Iterator[tuple[str, keras.Layer]]:
    """Yield (path, layer) of every layer in execution order; a nested model's layers in place of the model.

    A layer that is used several times is yielded once, under its first path.
    """
    for path, layer, _ in _walk(model, "", [model], set()):
        yield path, layer


def _walk(
    model: keras.Model, prefix: str, parents: list[keras.Model], visited: set[int]
) -> Iterator[tuple[str, keras.Layer, list[keras.Model]]]:
    for layer in model.layers:
        if id(layer) in visited:
            continue
        visited.add(id(layer))
        path = f"{prefix}{shown_name(layer)}"
        if isinstance(layer, keras.Model):
            yield from _walk(layer, f"{path}/", [*parents, layer], visited)
        else:
            yield path, layer, parents


def find_layer(model: keras.Model, path: str) -> keras.Layer:
    """Return the layer at a path.

    Raises:
        ModelError: there is none.
    """
    for name, layer in walk(model):
        if name == path:
            return layer
    raise ModelError(
        Message(
            "{model} has no layer {path}: `python -m carvis summary` lists its layers.", model=model.name, path=path
        )
    )


def _shape(layer: keras.Layer) -> Shape:
    try:
        return tuple(layer.output.shape)
    # A layer with several outputs, or one that was never called.
    except (AttributeError, ValueError):
        return ()


def map_shape(layer: keras.Layer) -> Shape | None:
    """Return (height, width, channels) of a layer whose one output is a map larger than 1x1, else None."""
    shape = _shape(layer)
    return shape[1:] if len(shape) == 4 and shape[1:3] != (1, 1) else None


def _conv_layers(model: keras.Model) -> list[str]:
    return [path for path, layer in walk(model) if isinstance(layer, CONVOLUTIONS) and map_shape(layer)]


def last_conv_layer(model: keras.Model) -> str | None:
    """Return the last convolution, or what follows it directly.

    Batch normalisation and an activation that follow belong to the convolution: its map is complete after them. The
    signal may also run past it: what is explained by default is ``LayerGraph.default``.
    """
    paths = _conv_layers(model)
    return _completed(model, paths[-1:])[0] if paths else None


def _completed(model: keras.Model, convolutions: list[str]) -> list[str]:
    layers = {path: (layer, parents) for path, layer, parents in _walk(model, "", [model], set())}
    paths = {id(layer): path for path, (layer, _) in layers.items()}
    return [_completing(layers, paths, path) for path in convolutions]


def _completing(layers: dict[str, tuple[keras.Layer, list[keras.Model]]], paths: dict[int, str], path: str) -> str:
    while True:
        layer, parents = layers[path]
        uses = consumers(parents, layer)
        if len(uses) != 1 or not isinstance(uses[0], COMPLETING) or id(uses[0]) not in paths:
            return path
        # Softmax over channels is the output of a fully convolutional head, no part of the convolution.
        if getattr(getattr(uses[0], "activation", None), "__name__", "") == "softmax":
            return path
        path = paths[id(uses[0])]


class Totals(NamedTuple):
    """How large a model is: its layers, those of nested models included and the inputs not, and its weights."""

    layers: int
    parameters: int
    trainable: int

    @property
    def frozen(self) -> int:
        """The number of parameters that training does not change."""
        return self.parameters - self.trainable


def totals(model: keras.Model) -> Totals:
    """Count a model's layers and weights, each once."""
    layers = {id(layer) for _, layer in walk(model) if not isinstance(layer, keras.layers.InputLayer)}
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return Totals(len(layers), model.count_params(), trainable)


def layer_table(graph: LayerGraph) -> pd.DataFrame:
    """Return one row a call of a layer: name (path), type, output_shape, parameters, trainable, explainable, branch.

    The parameters of a layer that is called several times stand in the row of its first call. ``branch`` marks the
    layers with a map that only part of the signal passes.
    """
    rows: list[_Row] = []
    counted: set[int] = set()
    for call in graph.calls:
        step, shape = call.operation, call.shape
        if isinstance(step, keras.Model):
            rows += [_row(f"{call.path}/{path}", layer, _shape(layer), counted) for path, layer in walk(step)]
            continue
        explainable = call.map_shape is not None
        branch = explainable and not graph.passes_all(call.path)
        rows.append(_row(call.path, step, shape, counted, explainable, branch))
    columns = ["name", "type", "output_shape", "parameters", "trainable", "explainable", "branch"]
    return pd.DataFrame(rows, columns=columns)


def _row(
    path: str, step: Step, shape: Shape, counted: set[int], explainable: bool = False, branch: bool = False
) -> _Row:
    text = " x ".join("?" if side is None else str(side) for side in shape[1:])
    # An operation such as x + y is no layer and has no weights.
    own = isinstance(step, keras.Layer) and id(step) not in counted
    counted.add(id(step))
    parameters = step.count_params() if own and step.built else 0
    trainable = bool(getattr(step, "trainable_weights", ()))
    return path, type(step).__name__, text, parameters, trainable, explainable, branch
