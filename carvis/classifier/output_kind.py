"""What a model's output means: a name in ``vocabulary.OUTPUTS``, by its graph or by the values it gives."""

import keras
import numpy as np
from numpy.typing import NDArray

from carvis.classifier.graph import final_operation
from carvis.classifier.output import SQUASHING
from carvis.classifier.ranges.bounds import OutputRange, activation_name
from carvis.classifier.ranges.output import output_range
from carvis.classifier.vocabulary import OUTPUTS, OutputName, known_name
from carvis.errors import ModelError
from carvis.language import Message

# Rows of a half-precision softmax add up to 1 within a few thousandths.
_ADDS_UP, _ADDS_UP_HALF = 1e-3, 2e-2


def decide_output(
    model: keras.Model, name: str, raw: NDArray[np.floating] | None = None, images: str | Message = ""
) -> tuple[OutputName | None, Message | None]:
    """Decide what a model's output means: by its graph where that is certain, else by its values.

    Args:
        name: of the model, for the sentence.
        raw: outputs (N, k) for some images, or None where they were not computed.
        images: which images, in words.

    Returns:
        A name in ``OUTPUTS``, and what was assumed, or None where the graph is certain and nothing is unusual.
        The name is None where the graph does not decide and ``raw`` is None.

    Raises:
        ModelError: the one output can be no class's score.
    """
    single = model.outputs[0].shape[1] == 1
    bounds = output_range(model)
    if single:
        return _of_single(name, bounds, raw, images)
    if bounds.sums_to_one:
        return "probability", None
    if bounds.log:
        return "log-probability", None
    if bounds.high <= 0 and bounds.untied:
        return "log-probability", Message(
            "The model gives the logarithm of each class's own probability (log-sigmoid): they do not add up to 1."
        )
    if bounds.low >= 0 and bounds.total:
        return "share", Message(
            "The model's values add up to {total}, so each is divided by that sum to give a probability.",
            total=_number(bounds.total),
        )
    if bounds.within(0, 1) and bounds.untied:
        return "independent", Message(
            "The model judges each class by itself (sigmoid): its probabilities do not add up to 1."
        )
    if bounds.known and not bounds.within(0, 1):
        if bounds.low == -np.inf:
            return "logit", Message("The model has no softmax at the end: softmax turns its scores into probabilities.")
        return "logit", Message(
            "The model's scores are bounded ({low} to {high}) but are not probabilities: softmax is applied to them.",
            low=_number(bounds.low),
            high=_number(bounds.high),
        )
    if raw is None:
        return None, None
    tolerance = _ADDS_UP_HALF if "16" in str(model.outputs[0].dtype) else _ADDS_UP
    if _inside(raw) and np.allclose(raw.sum(axis=1), 1, rtol=0, atol=tolerance):
        return "probability", Message(
            "The meaning of the output was inferred from its values: they add up to 1 for {n} {images}, so"
            " they are used as probabilities.",
            n=len(raw),
            images=images,
        )
    if bounds.within(0, 1) or _inside(raw):
        return "independent", Message(
            "The meaning of the output was inferred from its values: they lie between 0 and 1 for {n}"
            " {images} but do not add up to 1, so each is used as the probability of its class.",
            n=len(raw),
            images=images,
        )
    if raw.max() <= 0 and np.allclose(np.exp(raw).sum(axis=1), 1, rtol=0, atol=tolerance):
        return "log-probability", Message(
            "The meaning of the output was inferred from its values: they are logarithms of probabilities"
            " for {n} {images}.",
            n=len(raw),
            images=images,
        )
    return "logit", Message(
        "The meaning of the output was inferred from its values: they range from {low} to {high} for {n}"
        " {images}, so softmax turns them into probabilities.",
        n=len(raw),
        images=images,
        low=_number(raw.min()),
        high=_number(raw.max()),
    )


def _of_single(
    name: str, bounds: OutputRange, raw: NDArray[np.floating] | None, images: str | Message
) -> tuple[OutputName | None, Message | None]:
    if bounds.sums_to_one:
        raise ModelError(
            Message(
                "{name} ends in a softmax over a single output, which is 1 for every image: it is not a classifier.",
                name=name,
            )
        )
    if bounds.within(0, 1):
        return "probability", None
    if bounds.known and bounds.within(-1, 1):
        return "signed", Message(
            "The model outputs a single value between -1 and 1: above 0 the second class is predicted."
        )
    if bounds.known and bounds.high <= 0:
        return "log-probability", Message(
            "The model outputs a single value, the logarithm of the second class's probability."
        )
    if bounds.known and bounds.low >= 0:
        raise ModelError(
            Message(
                "{name} outputs a single value of 0 or more, as a regression model does: it is not a"
                " classifier. If it is one, state what its output means (output, --output).",
                name=name,
            )
        )
    if bounds.known:
        return "logit", Message(
            "The model outputs a single value without a sigmoid: it is taken as the logit of the second"
            " class, and sigmoid is applied. A regression model looks the same."
        )
    if raw is None:
        return None, None
    if _inside(raw):
        return "probability", Message(
            "The meaning of the output was inferred from its value: it lies between 0 and 1 for {n}"
            " {images}, so it is used as the probability of the second class.",
            n=len(raw),
            images=images,
        )
    return "logit", Message(
        "The meaning of the output was inferred from its value: it ranges from {low} to {high} for {n}"
        " {images}, so it is taken as the logit of the second class.",
        n=len(raw),
        images=images,
        low=_number(raw.min()),
        high=_number(raw.max()),
    )


def _inside(raw: NDArray[np.floating]) -> bool:
    return bool(np.isfinite(raw).all() and raw.min() >= -1e-6 and raw.max() <= 1 + 1e-3)


def _number(value: float) -> str:
    return f"{float(value):.3g}"


def probe_images(size: tuple[int, int], channels: int) -> list[NDArray[np.uint8]]:
    """Return images of plain colours and noise that probe a model's output values: uint8 (h, w, c) each."""
    rng = np.random.default_rng(0)
    shape = (*size, channels)
    ramp = np.linspace(0, 255, size[1], dtype=np.float32)[None, :, None]
    images: list[np.ndarray] = [
        np.zeros(shape),
        np.full(shape, 255.0),
        np.full(shape, 128.0),
        np.broadcast_to(ramp, shape),
    ]
    images += [rng.integers(0, 256, shape) for _ in range(2)]
    for _ in range(4):
        coarse = rng.integers(0, 256, (4, 4, channels))
        images.append(coarse[np.arange(size[0]) * 4 // size[0]][:, np.arange(size[1]) * 4 // size[1]])
    return [np.ascontiguousarray(image, dtype=np.uint8) for image in images]


def changes_meaning(model: keras.Model, output: OutputName) -> bool:
    """Tell whether an output is used in another way than the model's last operation alone would suggest.

    Only then is it part of the fingerprint, which otherwise stays what it was before outputs had names.
    """
    squashed = _ends_in_squashing(model)
    return output not in (("probability", "independent") if squashed else ("logit",))


def _ends_in_squashing(model: keras.Model) -> bool:
    last = final_operation(model)
    return activation_name(last) in SQUASHING or activation_name(getattr(last, "activation", None)) in SQUASHING


def known_output(output: str, name: str) -> OutputName:
    """Return the name of an output's meaning.

    Raises:
        ModelError: it is none.
    """
    if meaning := known_name(output, OUTPUTS):
        return meaning
    raise ModelError(
        Message(
            "There is no output meaning {output}: choose one of {choices} for {name}.",
            output=output,
            choices=", ".join(OUTPUTS),
            name=name,
        )
    )


def gives_logits(model: keras.Model) -> bool:
    """Tell whether a model gives scores that softmax turns into probabilities."""
    kind, _ = decide_output(model, model.name)
    return kind in ("logit", "log-probability", None)
