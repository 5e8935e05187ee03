"""Which layer's values are a model's embeddings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carvis.errors import ModelError
from carvis.feature_space.result import Source
from carvis.language import Message

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.classifier.flat_graph import Call, FlatGraph

# Between the layer that makes the scores and the output: what neither mixes classes nor counts as a layer of weights.
_RESHAPING = ("Reshape", "Flatten", "Squeeze", "Cast", "Identity")


@dataclass(frozen=True, eq=False)
class EmbeddingLayer:
    """Where the embeddings come from.

    Attributes:
        path: of the layer, as ``Classifier.default_layer`` names it.
        source: whether its input is taken, or the mean of its map.
        width: d, how many values an image has.
        calls: the calls that the path stands for: one, or for a mean all calls of a layer.
    """

    path: str
    source: Source
    width: int
    calls: tuple[Call, ...]


def embedding_layer(clf: Classifier) -> EmbeddingLayer:
    """Return the last layer that makes the scores from a vector, else the default layer.

    What hands scores on, behind that layer, is looked through: a softmax, a temperature, a normalisation, a reshape,
    dropout. A head that makes scores from maps, and an average of several models, have no such layer.

    Raises:
        ModelError: the model has neither.
    """
    graph = clf.layer_graph.graph
    call = _scoring_call(graph)
    if call is not None:
        return EmbeddingLayer(call.path, "score-input", graph.shapes[call.sources[0]][1], (call,))
    path = clf.default_layer
    if path is None:
        raise ModelError(
            Message(
                "{model} has no embeddings: no one layer makes its scores from a vector, and no layer with a feature"
                " map sees all of the signal. Of an average of models, use each of them.",
                model=clf.name,
            )
        )
    calls = clf.map_calls(path)
    return EmbeddingLayer(path, "layer-mean", calls[0].shape[-1], tuple(calls))


def _scoring_call(graph: FlatGraph) -> Call | None:
    """Return the call that makes the scores (N, k) from a vector (N, d), None where something else makes them."""
    tensor = graph.output
    while (maker := graph.makers[tensor]) is not None:
        call = graph.calls[maker]
        if len(call.sources) != 1 or len(call.outputs) != 1:
            return None
        [before] = call.sources
        if not _passes(call, graph.shapes[before]):
            makes = bool(getattr(call.operation, "weights", ()))
            return call if makes and len(graph.shapes[before]) == 2 else None
        tensor = before
    return None


def _passes(call: Call, before: tuple[int | None, ...]) -> bool:
    """Tell whether a call hands scores on: a softmax, a temperature, a normalisation or slope, a reshape.

    What makes scores has a weight for each pair of a value and a class. What hands them on has at most a few for each
    class, as the gain, shift, mean and variance of a normalisation are, and keeps their number.
    """
    step = call.operation
    values = math.prod(side or 1 for side in before[1:])
    if any(math.prod(weight.shape) > values for weight in getattr(step, "weights", ())):
        return False
    return type(step).__name__ in _RESHAPING or tuple(call.shape[1:]) == tuple(before[1:])
