"""What is predicted of an image by a model, as a value, as a row of a table, and in words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from carvis.language import Message
from carvis.prediction.novelty import NoveltyScore, Verdict

Status = Literal["ok", "unreadable", "failed"]
TOP = 3
COLUMNS = (
    "path", "model", "predicted", "confidence", "second", "second_confidence", "third", "third_confidence",
    "calibrated_confidence", "calibration", "temperature", "novelty", "novelty_score", "novelty_p", "novelty_by",
    "false_alarms", "nearest_id", "nearest_label", "nearest_distance", "status", "reason",
)  # fmt: skip
NOVELTY_WORDS: dict[Verdict, Message] = {
    "novel": Message("Unlike anything in training"),
    "typical": Message("Like the training images"),
    "unknown": Message("Cannot tell whether it is like the training images"),
}


@dataclass(frozen=True)
class Neighbour:
    """A training image near a new one: sample id, label, and cosine distance in the model's features."""

    id: str
    label: str
    distance: float


@dataclass(frozen=True)
class Prediction:
    """What one model says of one image.

    Attributes:
        path: of the image, or the name of an upload.
        model: the model's name; ``average`` for the average of several.
        status: ``ok``; ``unreadable`` where the image cannot be read, ``failed`` where the model gave no numbers.
        reason: why it is not ``ok``.
        top: the three most probable classes with the probability of each, as the model gives it.
        calibrated: the confidence in the predicted class after temperature scaling; NaN where there is no temperature.
        temperature: fitted on validation images; NaN where there is none.
        novelty: whether the image is unlike anything in training.
        novelty_by: the score by which it was judged; empty where it was not.
        novelty_score: how unlike the training images, by that score; NaN where there is none.
        novelty_p: the share of images like those of validation that would score as high.
        false_alarms: at most this share of images like those of validation is called novel; NaN where nothing is.
        nearest: the nearest training images, nearest first.
    """

    path: str
    model: str
    status: Status = "ok"
    reason: str = ""
    top: tuple[tuple[str, float], ...] = ()
    calibrated: float = math.nan
    temperature: float = math.nan
    novelty: Verdict = "unknown"
    novelty_by: NoveltyScore | Literal[""] = ""
    novelty_score: float = math.nan
    novelty_p: float = math.nan
    false_alarms: float = math.nan
    nearest: tuple[Neighbour, ...] = ()

    @property
    def predicted(self) -> str:
        """The most probable class; empty where there is no prediction."""
        return self.top[0][0] if self.top else ""

    @property
    def confidence(self) -> float:
        """The probability of the predicted class, as the model gives it."""
        return self.top[0][1] if self.top else math.nan

    @property
    def is_calibrated(self) -> bool:
        """Whether a temperature corrects the confidence."""
        return not math.isnan(self.calibrated)

    @property
    def best_confidence(self) -> float:
        """The calibrated confidence where there is one, else the raw one."""
        return self.calibrated if self.is_calibrated else self.confidence

    @property
    def best_top(self) -> tuple[tuple[str, float], ...]:
        """The most probable classes with the calibrated confidence of each where there is one, else the raw one."""
        if not self.is_calibrated:
            return self.top
        # After dividing logits by T, two probabilities have the ratio of the raw ones to the power 1 / T.
        power = 1 / self.temperature
        return tuple((label, self.calibrated * (share / self.confidence) ** power) for label, share in self.top)

    def row(self) -> dict[str, object]:
        """Return the values of ``COLUMNS``."""
        top = [*self.top, *[("", math.nan)] * (TOP - len(self.top))]
        nearest = self.nearest[0] if self.nearest else Neighbour("", "", math.nan)
        ok = self.status == "ok"
        values = [value for pair in top for value in pair]
        return dict(
            zip(
                COLUMNS,
                [
                    self.path, self.model, *values, self.best_confidence,
                    ("temperature" if self.is_calibrated else "raw") if ok else "", self.temperature,
                    self.novelty if ok else "", self.novelty_score, self.novelty_p, self.novelty_by, self.false_alarms,
                    nearest.id, nearest.label, nearest.distance, self.status, str(self.reason),
                ],
                strict=True,
            )
        )  # fmt: skip


def novelty_finding(prediction: Prediction) -> Message:
    """Say whether an image is unlike anything in training, and by what."""
    # Down: 99.6 % of the validation images are not all of them.
    share = f"{math.floor(100 * (1 - prediction.novelty_p) + 1e-9)}%"
    rate = rate_words(prediction.false_alarms)
    if prediction.novelty == "unknown" or not prediction.novelty_by:
        return Message("It cannot be told whether the image is like the training images.")
    if prediction.novelty_by == "energy":
        if prediction.novelty == "novel":
            return Message(
                "Unlike anything in training: its energy score is higher than that of {share} of the validation "
                "images. At most {rate} of ordinary images are flagged like this.",
                share=share,
                rate=rate,
            )
        return Message("Like the training images: its energy score is not unusual for a validation image.")
    if prediction.novelty == "novel":
        return Message(
            "Unlike anything in training: it is farther from its nearest training images than {share} of the "
            "validation images are. At most {rate} of ordinary images are flagged like this.",
            share=share,
            rate=rate,
        )
    return Message("Like the training images: it is as near to them as validation images are.")


def rate_words(rate: float) -> str:
    """Write a rate of false alarms with all its digits: 0.5 % is not 0 %."""
    return f"{100 * rate:.4g}%"


def predictions_table(predictions: Iterable[Prediction]) -> pd.DataFrame:
    """Return a row an image and model, with the columns ``COLUMNS``."""
    rows = [one.row() for one in predictions]
    return pd.DataFrame(rows, columns=list(COLUMNS))
