"""What a model's output means, and the probabilities and scores that follow from it."""

import keras
import numpy as np
import tensorflow as tf

from carvis.classifier.graph import calls_of, final_operation
from carvis.classifier.ranges.bounds import activation_name
from carvis.classifier.ranges.output import output_range
from carvis.errors import ModelError
from carvis.language import Message

# What each makes of the output x, (N, k), as probabilities; of one output it is that of the second class.
OUTPUTS = {
    "probability": "probabilities: used as they are",
    "independent": "a probability for each class by itself: used as they are, they need not add up to 1",
    "share": "values that add up to another number than 1: each is divided by the sum",
    "logit": "scores: softmax, or sigmoid for one output, gives the probabilities",
    "independent-logit": "a score for each class by itself: sigmoid gives the probabilities",
    "log-probability": "logarithms of probabilities: the exponential gives the probabilities",
    "signed": "scores from -1 to 1: (1 + x) / 2 gives the probabilities",
}
SCORES = ("logit", "probability", "log-probability")
# Rows of a half-precision softmax add up to 1 within a few thousandths.
_ADDS_UP, _ADDS_UP_HALF = 1e-3, 2e-2
_SMALLEST = 1e-30


def probabilities(raw: np.ndarray, output: str) -> np.ndarray:
    """Turn a model's output (N, k) into probabilities (N, classes), one output into those of two classes.

    Args:
        output: a name in ``OUTPUTS``.
    """
    single = raw.shape[1] == 1
    if output in ("probability", "independent"):
        found = raw
    elif output == "share":
        found = raw / np.maximum(raw.sum(axis=1, keepdims=True), _SMALLEST)
    elif output == "log-probability":
        found = np.exp(raw)
    elif output == "signed":
        found = (1 + raw) / 2
    elif output == "independent-logit" or single:
        found = 1 / (1 + np.exp(-np.clip(raw, -80, 80)))
    else:
        powers = np.exp(raw - raw.max(axis=1, keepdims=True))
        found = powers / powers.sum(axis=1, keepdims=True)
    return np.concatenate([1 - found, found], axis=1) if single else found


def score_kind(model: keras.Model, output: str, asked: str) -> str:
    """Return the score that can be had where one of ``SCORES`` is asked for.

    A mixture of probabilities, such as the mean of several models, has no logit before a softmax: the logarithm of the
    probability stands in for it. Of one output, and of outputs that stand each for itself, the logit follows from the
    probability.
    """
    if asked != "logit" or output not in ("probability", "log-probability", "share"):
        return asked
    single = model.outputs[0].shape[1] == 1
    squashed = output != "share" and squashing_step(model) is not None
    return "logit" if single or squashed else "log-probability"


def class_scores(raw: tf.Tensor, before, output: str, kind: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the probabilities and the scores (N, classes) of a model's output, as tensors a gradient runs through.

    Args:
        raw: the model's output (N, k).
        before: what went into its last softmax or sigmoid, (N, k), or None.
        output: a name in ``OUTPUTS``.
        kind: one of ``SCORES``, as ``score_kind`` gives it.
    """
    single = raw.shape[1] == 1
    if output in ("probability", "independent"):
        found, logit = raw, before
    elif output == "share":
        found, logit = raw / tf.maximum(tf.reduce_sum(raw, axis=1, keepdims=True), _SMALLEST), None
    elif output == "log-probability":
        found, logit = tf.exp(raw), before
    elif output == "signed":
        found, logit = (1 + raw) / 2, None
    elif output == "independent-logit" or single:
        found, logit = tf.sigmoid(raw), raw
    else:
        found, logit = tf.nn.softmax(raw), raw
    if kind == "logit" and logit is None:
        logit = tf.math.log(tf.maximum(found, _SMALLEST)) - tf.math.log(tf.maximum(1 - found, _SMALLEST))
    if single:
        found = tf.concat([1 - found, found], axis=1)
        logit = None if logit is None else tf.concat([-logit, logit], axis=1)
    if kind == "probability":
        return found, found
    return found, logit if kind == "logit" else tf.math.log(tf.maximum(found, _SMALLEST))


def squashing_step(model: keras.Model) -> keras.Operation | None:
    """Return the softmax or sigmoid that a model ends with, or the layer that has it as activation, else None.

    What goes into it is the logit; where it is called more than once, there is no telling which call is meant.
    """
    last = final_operation(model)
    kind = activation_name(last)
    if kind not in _SQUASHING:
        kind = activation_name(getattr(last, "activation", None))
        # A layer used as an activation has calls of its own, which are no calls of the graph.
        if kind not in _SQUASHING or isinstance(last, (keras.layers.TimeDistributed, keras.layers.Bidirectional)):
            return None
    return last if len(_all_calls(model, last)) == 1 else None


_SQUASHING = ("softmax", "sigmoid")


def _all_calls(model: keras.Model, step: keras.Operation) -> list:
    inner = model._functional if isinstance(model, keras.Sequential) else model
    nodes = [node for nodes in inner._nodes_by_depth.values() for node in nodes]
    found = calls_of(inner, step)
    for node in nodes:
        if isinstance(node.operation, keras.Model):
            found = found + _all_calls(node.operation, step)
    return found


def decide_output(
    model: keras.Model, name: str, raw: np.ndarray | None = None, seen: str | Message = ""
) -> tuple[str, Message | None]:
    """Decide what a model's output means: by its graph where that is certain, else by numbers it gave.

    Args:
        name: of the model, for the sentence.
        raw: outputs (N, k) for some images, or None where they were not computed.
        seen: which images, in words.

    Returns:
        A name in ``OUTPUTS``, and what was assumed, or None where the graph is certain and nothing is unusual.
        The name is "" where the graph does not tell and ``raw`` is None.

    Raises:
        ModelError: the one output can be no class's score.
    """
    single = model.outputs[0].shape[1] == 1
    known = output_range(model)
    if single:
        return _of_one(name, known, raw, seen)
    if known.sums_to_one:
        return "probability", None
    if known.log:
        return "log-probability", None
    if known.high <= 0 and known.untied:
        return "log-probability", Message(
            "The model gives the logarithm of each class's own probability (log-sigmoid): they do not add up to 1."
        )
    if known.low >= 0 and known.total:
        return "share", Message(
            "The model's values add up to {total}, so each is divided by that to give a probability.",
            total=_number(known.total),
        )
    if known.within(0, 1) and known.untied:
        return "independent", Message(
            "The model judges each class by itself (sigmoid): its probabilities do not add up to 1."
        )
    if known.known and not known.within(0, 1):
        if known.low == -np.inf:
            return "logit", Message(
                "The model ends without softmax: softmax is applied to its scores to give probabilities."
            )
        return "logit", Message(
            "The model's scores are bounded ({low} to {high}) and no probabilities: softmax is applied to them.",
            low=_number(known.low),
            high=_number(known.high),
        )
    if raw is None:
        return "", None
    tolerance = _ADDS_UP_HALF if "16" in str(model.outputs[0].dtype) else _ADDS_UP
    if _inside(raw) and np.allclose(raw.sum(axis=1), 1, rtol=0, atol=tolerance):
        return "probability", Message(
            "What the output means was judged by numbers: its values add up to 1 for {n} {images}, so they are used as"
            " probabilities.",
            n=len(raw),
            images=seen,
        )
    if known.within(0, 1) or _inside(raw):
        return "independent", Message(
            "What the output means was judged by numbers: its values lie between 0 and 1 for {n} {images} and do not"
            " add up to 1, so each is used as the probability of its class.",
            n=len(raw),
            images=seen,
        )
    if raw.max() <= 0 and np.allclose(np.exp(raw).sum(axis=1), 1, rtol=0, atol=tolerance):
        return "log-probability", Message(
            "What the output means was judged by numbers: its values are logarithms of probabilities for {n} {images}.",
            n=len(raw),
            images=seen,
        )
    return "logit", Message(
        "What the output means was judged by numbers: its values reach from {low} to {high} for {n} {images}, so"
        " softmax is applied to them to give probabilities.",
        n=len(raw),
        images=seen,
        low=_number(raw.min()),
        high=_number(raw.max()),
    )


def _of_one(name: str, known, raw, seen) -> tuple[str, Message | None]:
    if known.sums_to_one:
        raise ModelError(
            Message(
                "{name} ends in a softmax over one output, which is 1 for every image: it is no classifier.", name=name
            )
        )
    if known.within(0, 1):
        return "probability", None
    if known.known and known.within(-1, 1):
        return "signed", Message(
            "The model gives one number between -1 and 1: the second class is predicted where it is above 0."
        )
    if known.known and known.high <= 0:
        return "log-probability", Message(
            "The model gives one number, the logarithm of the second class's probability."
        )
    if known.known and known.low >= 0:
        raise ModelError(
            Message(
                "{name} gives one number from 0 upwards: it measures something and is no classifier. If it is one, say"
                " what its output means (output, --output).",
                name=name,
            )
        )
    if known.known:
        return "logit", Message(
            "The model gives one number without a sigmoid: it is read as the logit of the second class, so sigmoid is"
            " applied. A model that measures something instead looks the same."
        )
    if raw is None:
        return "", None
    if _inside(raw):
        return "probability", Message(
            "What the output means was judged by numbers: its one value lies between 0 and 1 for {n} {images}, so it is"
            " used as the probability of the second class.",
            n=len(raw),
            images=seen,
        )
    return "logit", Message(
        "What the output means was judged by numbers: its one value reaches from {low} to {high} for {n} {images}, so"
        " it is read as the logit of the second class.",
        n=len(raw),
        images=seen,
        low=_number(raw.min()),
        high=_number(raw.max()),
    )


def _inside(raw: np.ndarray) -> bool:
    return bool(np.isfinite(raw).all() and raw.min() >= -1e-6 and raw.max() <= 1 + 1e-3)


def _number(value: float) -> str:
    return f"{float(value):.3g}"


def probe_images(size: tuple[int, int], channels: int) -> list[np.ndarray]:
    """Return images that show nothing, to see what numbers a model gives: uint8 (h, w, c) each."""
    rng = np.random.default_rng(0)
    shape = (*size, channels)
    ramp = np.linspace(0, 255, size[1], dtype=np.float32)[None, :, None]
    images = [np.zeros(shape), np.full(shape, 255.0), np.full(shape, 128.0), np.broadcast_to(ramp, shape)]
    images += [rng.integers(0, 256, shape) for _ in range(2)]
    for _ in range(4):
        coarse = rng.integers(0, 256, (4, 4, channels))
        images.append(coarse[np.arange(size[0]) * 4 // size[0]][:, np.arange(size[1]) * 4 // size[1]])
    return [np.ascontiguousarray(image, dtype=np.uint8) for image in images]


def changes_meaning(model: keras.Model, output: str) -> bool:
    """Tell whether an output is used in another way than the model's last operation alone would suggest.

    Only then is it part of the fingerprint, which otherwise stays what it was before outputs had names.
    """
    squashed = _ends_in_squashing(model)
    return output not in (("probability", "independent") if squashed else ("logit",))


def _ends_in_squashing(model: keras.Model) -> bool:
    last = final_operation(model)
    return activation_name(last) in _SQUASHING or activation_name(getattr(last, "activation", None)) in _SQUASHING


def check_output(output: str, name: str) -> None:
    """Check that an output's name is known.

    Raises:
        ModelError: it is not.
    """
    if output not in OUTPUTS:
        raise ModelError(
            Message(
                "{output} is no meaning of an output: choose one of {choices} for {name}.",
                output=output,
                choices=", ".join(OUTPUTS),
                name=name,
            )
        )


def gives_logits(model: keras.Model) -> bool:
    """Tell whether a model gives scores that softmax turns into probabilities."""
    found, _ = decide_output(model, model.name)
    return found in ("logit", "log-probability", "")
