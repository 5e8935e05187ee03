"""The part of a model above a layer: from the layer's activations to the scores of the classes."""

import contextlib
import itertools
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from carvis.classifier import Classifier
from carvis.classifier.call_hooks import wrapped_call
from carvis.classifier.classifier import MOST_VALUES
from carvis.classifier.method_patches import PATCHING
from carvis.classifier.model_call import call_model, traced
from carvis.classifier.output import class_scores, squashing_step
from carvis.errors import ModelError
from carvis.explain.keras.hooks import wrapped_squashing
from carvis.explain.score import Score
from carvis.language import Message

# Takes activations (N, h, w, c) and the (height, width) of the images that they are of.
Head = Callable[[NDArray[np.floating], tuple[int, int]], "HeadOutputs"]

_heads: "weakref.WeakKeyDictionary[Classifier, dict[tuple[str, Score], Head]]" = weakref.WeakKeyDictionary()


class HeadOutputs(NamedTuple):
    """What activations lead to: scores and probabilities, float32 (N, classes) each."""

    scores: NDArray[np.float32]
    probabilities: NDArray[np.float32]


def head_of(clf: Classifier, path: str, score: Score = "logit") -> Head:
    """Return the function of a layer's activations to the scores of the classes, traced once for each model.

    The layer's output is replaced while the model is traced, which works alike for flat, nested and Sequential
    models; what lies below the layer is in the graph, but nothing needs it, so that it is not run.

    Raises:
        ModelError: no such layer, one without a map, or one that only a part of the signal passes.
    """
    of_model = _heads.setdefault(clf, {})
    if (path, score) not in of_model:
        of_model[path, score] = _head(clf, path, score)
    return of_model[path, score]


def _head(clf: Classifier, path: str, score: Score) -> Head:
    layer = clf.map_layer(path)
    if not clf.layer_graph.passes_all(path):
        raise ModelError(
            Message(
                "Only a part of the signal passes {layer} of {name}, so its activations do not decide the scores: "
                "choose a layer that all of it passes, such as {default}.",
                layer=path,
                name=clf.name,
                default=clf.default_layer or "–",
            )
        )
    if layer.tokens is not None and layer.tokens.extra:
        raise ModelError(
            Message(
                "{layer} of {name} gives class or register tokens, too, and the scores depend on them: choose a layer "
                "without such tokens.",
                layer=path,
                name=clf.name,
            )
        )
    # The sides of a map follow from those of the image, where these differ.
    grid = layer.tokens
    sides = (grid.height, grid.width) if grid else (None, None) if clf.native_size else layer.shape[1:3]
    kind, squashing = clf.score_kind(score), squashing_step(clf.model)

    def run(activations: tf.Tensor, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        turns, logits = itertools.count(), []

        def replace(call: Callable, *args: Any, **kwargs: Any) -> Any:
            given = call(*args, **kwargs)
            if next(turns) != layer.turn:
                return given
            # Tokens lie on a map row by row.
            values = activations if layer.tokens is None else tf.reshape(activations, (-1, *layer.shape[1:]))
            return tf.cast(tf.ensure_shape(values, given.shape), given.dtype)

        def keep_logits(function: Callable, x: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
            logits.append(x)
            return function(x, *args, **kwargs)

        images = tf.repeat(image, tf.shape(activations)[0], axis=0)
        with PATCHING, contextlib.ExitStack() as patches:
            patches.enter_context(wrapped_call(layer.operation, replace))
            if squashing is not None:
                patches.enter_context(wrapped_squashing(squashing, keep_logits))
            output = call_model(clf.model, images)
        # What only reshapes may stand between the softmax and the output.
        before = tf.reshape(tf.cast(logits[-1], tf.float32), tf.shape(output)) if logits else None
        probabilities, scores = class_scores(output, before, clf.output, kind)
        return scores, probabilities

    signature = [
        tf.TensorSpec([None, *sides, layer.shape[-1]], tf.float32),
        tf.TensorSpec([1, *clf.input_size, clf.channels], tf.float32),
    ]
    function = traced(clf.model, run, signature)

    def head(activations: NDArray[np.floating], size: tuple[int, int]) -> HeadOutputs:
        image = np.zeros((1, *size, clf.channels), np.float32)
        batch = max(MOST_VALUES // max(int(np.prod(activations.shape[1:])), 1), 1)
        parts = [
            function(tf.constant(activations[start : start + batch], tf.float32), tf.constant(image))
            for start in range(0, len(activations), batch)
        ]
        scores, probabilities = (np.concatenate([np.asarray(part[place]) for part in parts]) for place in (0, 1))
        return HeadOutputs(scores, probabilities)

    return head
