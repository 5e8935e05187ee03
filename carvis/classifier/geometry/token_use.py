"""Which tokens of each tensor the model's output is made from: behind the last attention a class token may be all."""

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from carvis.classifier.flat_graph import Call, FlatGraph
from carvis.classifier.geometry.layout import SpatialLayout
from carvis.classifier.geometry.spatial_layout import SpatialLayouts

_NEIGHBOURS = (
    keras.layers.Conv1D, keras.layers.DepthwiseConv1D, keras.layers.SeparableConv1D, keras.layers.AveragePooling1D,
    keras.layers.MaxPooling1D,
)  # fmt: skip


# The place of a call among the graph's calls, and the number of the tensor that it takes.
Edge = tuple[int, int]


def tokens_used(
    graph: FlatGraph, layouts: SpatialLayouts
) -> tuple[dict[int, NDArray[np.bool_]], dict[Edge, NDArray[np.bool_]]]:
    """Return which tokens reach the output, bool (T,): of each tensor of tokens, and through each call that takes it.

    The graph is followed back from the output. A step that treats each token by itself uses those whose results are
    used, one that mixes tokens uses all, and of one that picks tokens its gradient tells which. Weights decide
    nothing but within that step.
    """
    used: dict[int, NDArray[np.bool_]] = {}
    through: dict[Edge, NDArray[np.bool_]] = {}
    reached = {graph.output}
    for number in reversed(range(len(graph.calls))):
        call = graph.calls[number]
        if call.is_input or reached.isdisjoint(call.outputs):
            continue
        for place, source in enumerate(call.sources):
            reached.add(source)
            layout = layouts.of.get(source)
            if layout is None or layout.kind != "tokens":
                continue
            mask = _used_by(call, number in layouts.mixing, place, layouts, used, graph)
            edge = number, source
            through[edge] = through[edge] | mask if edge in through else mask
            used[source] = used[source] | mask if source in used else mask
    return used, through


def _used_by(
    call: Call,
    mixing: bool,
    place: int,
    layouts: SpatialLayouts,
    used: dict[int, NDArray[np.bool_]],
    graph: FlatGraph,
) -> NDArray[np.bool_]:
    """Return which tokens of one of a step's sources are used for what is used of its outputs."""
    layout = layouts.of[call.sources[place]]
    everything = np.ones(layout.count, bool)
    if mixing or len(call.outputs) != 1 or isinstance(call.operation, _NEIGHBOURS):
        return everything
    [output] = call.outputs
    after = layouts.of.get(output)
    if after is not None and after.kind == "tokens" and output in used:
        return _before_tokens(call, place, layout, after, used[output], graph)
    if len(call.sources) == 1 and call.node is not None:
        return _picked(call, layout, graph)
    return everything


def _before_tokens(
    call: Call, place: int, layout: SpatialLayout, after: SpatialLayout, used: NDArray[np.bool_], graph: FlatGraph
) -> NDArray[np.bool_]:
    if after.count == layout.count:
        return used
    counts = [graph.shapes[source][1] for source in call.sources]
    if len(counts) > 1 and sum(counts) == after.count:
        start = sum(counts[:place])
        return used[start : start + layout.count]
    return np.ones(layout.count, bool)


def _picked(call: Call, layout: SpatialLayout, graph: FlatGraph) -> NDArray[np.bool_]:
    """Return the tokens by which the output of a step has a gradient."""
    [source] = call.sources
    rng = np.random.default_rng(0)
    try:
        tokens = tf.constant(rng.normal(size=(1, *graph.shapes[source][1:])), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(tokens)
            args, kwargs = call.node.arguments.fill_in({id(call.node.input_tensors[0]): tokens})
            if getattr(call.operation, "_call_has_training_arg", False):
                kwargs["training"] = False
            output = tf.cast(keras.tree.flatten(call.operation(*args, **kwargs))[0], tf.float32)
            total = tf.reduce_sum(output * rng.normal(size=output.shape).astype(np.float32))
        gradient = tape.gradient(total, tokens)
    # A step of a person's own may fail in any way, and whole numbers have no gradient.
    except Exception:
        return np.ones(layout.count, bool)
    return np.ones(layout.count, bool) if gradient is None else np.abs(gradient.numpy()[0]).max(axis=1) > 0
