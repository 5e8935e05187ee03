"""The attention weights of a model's layers, and the gradients of scores by them, from one forward pass."""

import contextlib
import inspect
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from carvis.classifier import Classifier
from carvis.classifier.call_hooks import wrapped_call
from carvis.classifier.flat_graph import Call
from carvis.classifier.geometry.frame import Frame
from carvis.classifier.geometry.token_grid import TokenGrid
from carvis.classifier.layer_notes import grid_sentence
from carvis.classifier.method_patches import PATCHING, patched
from carvis.classifier.model_call import call_model
from carvis.errors import ModelError
from carvis.explain.keras.hooks import Hooks, hook_layers
from carvis.explain.score import Precision, Score
from carvis.language import Message

_ATTENTION = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)

_layouts: "weakref.WeakKeyDictionary[Classifier, AttentionLayout | Message]" = weakref.WeakKeyDictionary()
_hooks: "weakref.WeakKeyDictionary[Classifier, dict[tuple, Hooks]]" = weakref.WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class AttentionLayout:
    """The attention of a model: where its weights are computed, and how its tokens lie on the image.

    Attributes:
        layers: the attention layers, at any depth.
        calls: the calls of the softmax that give weights (N, heads, T, T), from the input to the output.
        tokens, frame: how the T tokens lie on a grid, and that grid on the image.
        read: which tokens behind the last attention the head reads, bool (T,).
        notes: what has to be known of the heatmaps, a sentence each.
    """

    layers: tuple[keras.Layer, ...]
    calls: tuple[Call, ...]
    tokens: TokenGrid
    frame: Frame
    read: NDArray[np.bool_]
    notes: tuple[Message, ...]


def attention_layout(clf: Classifier) -> AttentionLayout:
    """Return where the attention weights of a model are computed.

    Raises:
        ModelError: its attention weights cannot be had, or are not among tokens of one grid.
    """
    if clf not in _layouts:
        try:
            _layouts[clf] = _found(clf)
        except ModelError as error:
            _layouts[clf] = error.args[0]
    layout = _layouts[clf]
    if isinstance(layout, AttentionLayout):
        return layout
    raise ModelError(layout)


def why_no_attention(clf: Classifier) -> Message | None:
    """Say why the attention weights of a model cannot be had; None where they can."""
    try:
        attention_layout(clf)
    except ModelError as error:
        return error.args[0]
    return None


def attention_hooks(clf: Classifier, score: Score, n_targets: int, precision: Precision = "full") -> Hooks:
    """Return ``hook_layers`` for the attention weights of all layers, traced once for each model.

    Raises:
        ModelError: as ``attention_layout``.
    """
    of_model = _hooks.setdefault(clf, {})
    key = (score, n_targets, precision)
    if key not in of_model:
        layout = attention_layout(clf)
        of_model[key] = hook_layers(
            clf.model,
            layout.calls,
            score,
            n_targets,
            precision,
            output=clf.output,
            size=clf.input_size,
            patching=partial(explicit_attention, layout.layers),
        )
    return of_model[key]


@contextlib.contextmanager
def explicit_attention(layers: Sequence[keras.Layer]) -> Iterator[None]:
    """Have attention computed step by step while the block lasts: fused kernels give no weights."""
    with contextlib.ExitStack() as patches:
        for layer in layers:
            patches.enter_context(patched(layer, "_compute_attention", partial(_explicitly, layer)))
        yield


def _explicitly(layer: keras.Layer, own: Callable, *args: Any, **kwargs: Any) -> Any:
    arguments = inspect.signature(own).bind(*args, **kwargs)
    if "return_attention_scores" in inspect.signature(own).parameters:
        arguments.arguments["return_attention_scores"] = True
    # Grouped attention keeps as attributes what other attention takes as an argument.
    attributes = {"_flash_attention": False, "_return_attention_scores": True}
    before = {name: getattr(layer, name) for name in attributes if hasattr(layer, name)}
    for name in before:
        object.__setattr__(layer, name, attributes[name])
    try:
        return own(*arguments.args, **arguments.kwargs)
    finally:
        for name, value in before.items():
            object.__setattr__(layer, name, value)


def _found(clf: Classifier) -> AttentionLayout:
    layers = [layer for layer in clf.model._flatten_layers(include_self=False) if isinstance(layer, _ATTENTION)]
    calls = _softmax_calls(clf, layers)
    if not calls:
        raise ModelError(
            Message(
                "{model} has no attention weights that can be read, as those of keras.layers.MultiHeadAttention or"
                " GroupQueryAttention: choose another method.",
                model=clf.name,
            )
        )
    counts = {call.shape[-2:] for call in calls}
    if len(counts) > 1 or len({side for sides in counts for side in sides}) > 1 or calls[0].shape[0] != 1:
        raise ModelError(
            Message(
                "The attention of {model} is not among all tokens of an image at once (windows, several stages or cross"
                " attention): attention-rollout and gradient-attention need that; choose another method.",
                model=clf.name,
            )
        )
    count = calls[0].shape[-1]
    graph = clf.layer_graph
    placed = [
        call for call in graph.calls if call.tokens and call.tokens.count == count and graph.passes_all(call.path)
    ]
    if not placed:
        for call in graph.calls:
            graph.check_tokens(call)
        raise ModelError(
            Message(
                "The {n} tokens of {model} cannot be laid on a grid: give it with token_grid (--token-grid).",
                n=count,
                model=clf.name,
            )
        )
    last = placed[-1]
    assert last.tokens is not None
    read = graph.tokens_used(last)
    read = np.ones(count, bool) if read is None or not read.any() else read
    return AttentionLayout(
        tuple(layers), tuple(calls), last.tokens, graph.frame(last) or Frame(), read, _notes(last, last.tokens, read)
    )


def _notes(last: Call, tokens: TokenGrid, read: NDArray[np.bool_]) -> tuple[Message, ...]:
    notes = [grid_sentence(last.path, tokens)]
    if read.sum() > 1:
        notes.append(
            Message("The head reads {n} tokens: the heatmap is the mean of their relevances.", n=int(read.sum()))
        )
    return tuple(notes)


def _softmax_calls(clf: Classifier, layers: Sequence[keras.Layer]) -> list[Call]:
    """Run the model on one image, and list the calls of a softmax that gives attention weights, in their order."""
    inner = [layer._softmax for layer in layers if hasattr(layer, "_softmax")]
    written_out = [call.operation for call in clf.layer_graph.calls if _gives_weights(call)]
    calls: list[Call] = []
    if not (inner or written_out):
        return calls
    turns: dict[int, int] = {}

    def record(operation: keras.Operation, call: Callable, *args: Any, **kwargs: Any) -> Any:
        output = call(*args, **kwargs)
        turn = turns[id(operation)] = turns.get(id(operation), -1) + 1
        calls.append(Call(operation.name, operation, turn + 1, turn, (), (), tuple(output.shape)))
        return output

    with PATCHING, explicit_attention(layers), contextlib.ExitStack() as patches:
        for operation in {id(operation): operation for operation in (*inner, *written_out)}.values():
            patches.enter_context(wrapped_call(operation, partial(record, operation)))
        call_model(clf.model, tf.zeros((1, *clf.probe_size, clf.channels)))
    return calls


def _gives_weights(call: Call) -> bool:
    """Tell whether a step of the graph is a softmax over tokens, as attention has that is written out."""
    step, shape = call.operation, call.shape
    name = getattr(getattr(step, "activation", None), "__name__", "")
    return (type(step).__name__ == "Softmax" or name == "softmax") and len(shape) in (3, 4) and shape[-1] == shape[-2]
