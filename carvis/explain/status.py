"""The status of a heatmap: whether it is evidence at all, and if not, why and what to do."""

from typing import Literal

import numpy as np

from carvis.explain.score import Score
from carvis.language import Message

Status = Literal["ok", "non-finite", "saturated", "zero-gradient", "all-negative", "constant"]

# A map is evidence only if changing the layer by its own size would change the score by more than this: below it the
# gradient is rounding noise, which normalising would stretch into a heatmap.
ZERO_GRADIENT = 1e-6
# A probability beyond these bounds has next to no gradient left, whatever the image shows.
SATURATED_ABOVE, SATURATED_BELOW = 0.999, 0.001
# A map whose values differ by less than this share of the largest one points nowhere.
CONSTANT = 1e-5

STATUS_MESSAGES: dict[Status, Message] = {
    "ok": Message("The heatmap shows evidence for the class."),
    "non-finite": Message("The model's values are NaN or infinite: check its weights and its preprocessing."),
    "saturated": Message(
        "The probability is so close to 0 or 1 that its gradient vanishes: explain the logit instead."
    ),
    "zero-gradient": Message("The score does not depend on this layer: choose another layer or class."),
    "all-negative": Message("All evidence in this layer is against the class: explain the predicted class instead."),
    "constant": Message("The heatmap is constant: choose a layer with a larger feature map."),
}


def influence(activations: np.ndarray, gradients: np.ndarray) -> float:
    """Return how far the score would change, to first order, if a layer changed by its own size.

    Args:
        activations: (h, w, c), the layer's output; where all of it is zero the gradient alone counts.
        gradients: (h, w, c), the gradient of the score by it.
    """
    sizes = np.abs(gradients.astype(np.float64))
    return float((sizes * np.abs(activations)).sum() if activations.any() else sizes.sum())


def status_of(raw: np.ndarray, influence: float, score: float, score_kind: Score = "logit") -> Status:
    """Return the status of one map: the first that holds, in the order of ``STATUS_MESSAGES`` after ``ok``.

    Args:
        raw: (h, w), the signed map.
        influence: how far what the map stands for can change the score: ``influence``, or the sum of the map's own
            sizes.
        score: the score's value.
        score_kind: which score it is.
    """
    if not (np.isfinite(raw).all() and np.isfinite(influence) and np.isfinite(score)):
        return "non-finite"
    if influence <= ZERO_GRADIENT:
        probability = {"probability": score, "log-probability": np.exp(score)}.get(score_kind)
        saturated = probability is not None and not SATURATED_BELOW <= probability <= SATURATED_ABOVE
        return "saturated" if saturated else "zero-gradient"
    low, high = float(raw.min()), float(raw.max())
    if low < 0 and high <= CONSTANT * -low:
        return "all-negative"
    if high - low <= CONSTANT * max(abs(high), abs(low)):
        return "constant"
    return "ok"
