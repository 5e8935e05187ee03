"""Temperature scaling: one number that calibrates a model's confidence without changing any prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.errors import TableError
from carvis.evaluation.comparison.calibration import expected_calibration_error
from carvis.evaluation.metrics import log_loss, probability_columns
from carvis.evaluation.result import Evaluation
from carvis.language import Message

_LOWEST, _HIGHEST = 0.05, 20.0


class Effect(TypedDict):
    """What a temperature, fitted on ``n`` images, does to calibration error and log loss on other images."""

    temperature: float
    n: int
    bounded: bool
    ece: float
    ece_after: float
    log_loss: float
    log_loss_after: float


@dataclass(frozen=True)
class Temperature:
    """The temperature of a model, fitted on validation images.

    Attributes:
        value: what the logits are divided by: above 1 the model was overconfident, below 1 underconfident.
        n: images it was fitted on.
        bounded: whether the best value lies beyond 0.05 or 20, as for a model that is right on all images.
        fingerprint: of the model.
    """

    value: float
    n: int
    bounded: bool
    fingerprint: str

    def effect(self, evaluation: Evaluation) -> Effect:
        """Return what it changes on other images: ece, log_loss before, ece_after, log_loss_after, and itself.

        Raises:
            TableError: the evaluation is of another model.
        """
        if evaluation.setup["model"].get("fingerprint") != self.fingerprint:
            name = evaluation.setup["model"]["name"]
            raise TableError(
                Message(
                    "The temperature was fitted for another model than {name}: evaluate it on valid again.", name=name
                )
            )
        before, labels = _predictions(evaluation)
        after = rescaled(before, self.value)
        right = before.argmax(axis=1) == labels
        return {
            "temperature": self.value,
            "n": self.n,
            "bounded": self.bounded,
            "ece": expected_calibration_error(before.max(axis=1), right),
            "ece_after": expected_calibration_error(after.max(axis=1), right),
            "log_loss": log_loss(before, labels),
            "log_loss_after": log_loss(after, labels),
        }


def fit_temperature(evaluation: Evaluation) -> Temperature:
    """Find the temperature that makes the log loss of a validation evaluation least.

    Source: Guo et al., On Calibration of Modern Neural Networks (2017), section 4.2, on probabilities: their logarithms
    are the logits up to a constant, which the softmax takes out again.

    Raises:
        TableError: the evaluation is not of the validation split.
    """
    if evaluation.split != "valid":
        raise TableError(
            Message(
                "A temperature is fitted on validation images, not on {split} images: evaluate the model with --split "
                "valid.",
                split=evaluation.split,
            )
        )
    value, bounded = fitted(*_predictions(evaluation))
    return Temperature(value, len(evaluation.predictions), bounded, evaluation.setup["model"].get("fingerprint"))


def fitted(probabilities: NDArray[np.floating], labels: NDArray[np.int_]) -> tuple[float, bool]:
    """The temperature of least log loss for probabilities (N, C) and true classes (N,), and whether it met a bound."""
    from scipy.optimize import brentq
    from scipy.special import softmax

    logits = _logits(probabilities)
    of_label = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0].mean()

    def slope(temperature: float) -> float:
        """Of the log loss by 1/temperature, in which it is convex, so that the slope has one zero at most."""
        weights = softmax(logits / temperature, axis=1)
        return float((weights * logits).sum(axis=1).mean() - of_label)

    low, high = slope(_LOWEST), slope(_HIGHEST)
    # The slope rises with 1/temperature.
    if low <= 0 or high >= 0:
        return (_LOWEST, True) if low <= 0 else (_HIGHEST, True)
    return float(brentq(slope, _LOWEST, _HIGHEST, xtol=1e-6)), False


def rescaled(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Probabilities (N, C) as the model would give them with its logits divided by ``temperature``."""
    from scipy.special import softmax

    return softmax(_logits(probabilities) / temperature, axis=1)


def _logits(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.log(np.clip(np.asarray(probabilities, np.float64), np.finfo(np.float32).tiny, 1.0))


def _predictions(evaluation: Evaluation) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    names = evaluation.class_names
    probabilities = evaluation.predictions[probability_columns(names)].to_numpy(np.float64)
    return probabilities, pd.Index(names).get_indexer(pd.Index(evaluation.predictions["label"]))
