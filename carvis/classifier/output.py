"""Probabilities and scores from a model's output, by what ``output_kind`` says it means."""

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy.special import expit, softmax

from carvis.classifier.graph import Node, Step, calls_of, final_operation
from carvis.classifier.ranges.bounds import activation_name
from carvis.classifier.vocabulary import OutputName, ScoreName

SQUASHING = ("softmax", "sigmoid")
_SMALLEST = 1e-30


def probabilities(raw: NDArray[np.floating], output: OutputName) -> NDArray[np.floating]:
    """Turn a model's output (N, k) into probabilities (N, classes), one output into those of two classes.

    Args:
        output: a name in ``vocabulary.OUTPUTS``.
    """
    single = raw.shape[1] == 1
    if output in ("probability", "independent"):
        values = raw
    elif output == "share":
        values = raw / np.maximum(raw.sum(axis=1, keepdims=True), _SMALLEST)
    elif output == "log-probability":
        values = np.exp(raw)
    elif output == "signed":
        values = (1 + raw) / 2
    elif output == "independent-logit" or single:
        values = expit(raw)
    else:
        values = softmax(raw, axis=1)
    return np.concatenate([1 - values, values], axis=1) if single else values


def score_kind(model: keras.Model, output: OutputName, requested: ScoreName) -> ScoreName:
    """Return the score that can be had where one of ``SCORES`` is requested.

    A mixture of probabilities, such as the mean of several models, has no logit before a softmax: the logarithm of the
    probability stands in for it. Of one output, and of independent outputs, the logit follows from the
    probability.
    """
    if requested != "logit" or output not in ("probability", "log-probability", "share"):
        return requested
    single = model.outputs[0].shape[1] == 1
    squashed = output != "share" and squashing_step(model) is not None
    return "logit" if single or squashed else "log-probability"


def class_scores(
    raw: tf.Tensor, before: tf.Tensor | None, output: OutputName, kind: ScoreName
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the probabilities and the scores (N, classes) of a model's output, as tensors a gradient runs through.

    Args:
        raw: the model's output (N, k).
        before: what went into its last softmax or sigmoid, (N, k), or None.
        output: a name in ``vocabulary.OUTPUTS``.
        kind: one of ``SCORES``, as ``score_kind`` gives it.
    """
    single = raw.shape[1] == 1
    if output in ("probability", "independent"):
        probs, logit = raw, before
    elif output == "share":
        probs, logit = raw / tf.maximum(tf.reduce_sum(raw, axis=1, keepdims=True), _SMALLEST), None
    elif output == "log-probability":
        probs, logit = tf.exp(raw), before
    elif output == "signed":
        probs, logit = (1 + raw) / 2, None
    elif output == "independent-logit" or single:
        probs, logit = tf.sigmoid(raw), raw
    else:
        probs, logit = tf.nn.softmax(raw), raw
    if kind == "logit" and logit is None:
        logit = tf.math.log(tf.maximum(probs, _SMALLEST)) - tf.math.log(tf.maximum(1 - probs, _SMALLEST))
    if single:
        probs = tf.concat([1 - probs, probs], axis=1)
        logit = None if logit is None else tf.concat([-logit, logit], axis=1)
    if kind == "probability":
        return probs, probs
    return probs, logit if kind == "logit" else tf.math.log(tf.maximum(probs, _SMALLEST))


def squashing_step(model: keras.Model) -> Step | None:
    """Return the softmax or sigmoid that a model ends with, or the layer that has it as activation, else None.

    What goes into it is the logit; where it is called more than once, there is no telling which call is meant.
    """
    last = final_operation(model)
    kind = activation_name(last)
    if kind not in SQUASHING:
        kind = activation_name(getattr(last, "activation", None))
        # A layer used as an activation has calls of its own, which are no calls of the graph.
        if kind not in SQUASHING or isinstance(last, (keras.layers.TimeDistributed, keras.layers.Bidirectional)):
            return None
    return last if len(_all_calls(model, last)) == 1 else None


def _all_calls(model: keras.Model, step: Step) -> list[Node]:
    inner = model._functional if isinstance(model, keras.Sequential) else model
    nodes = [node for nodes in inner._nodes_by_depth.values() for node in nodes]
    calls = calls_of(inner, step)
    for node in nodes:
        if isinstance(node.operation, keras.Model):
            calls = calls + _all_calls(node.operation, step)
    return calls
