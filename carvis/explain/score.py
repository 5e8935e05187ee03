"""Which score of a class a heatmap explains, and in which precision it is computed."""

from typing import Literal, get_args

from carvis.classifier.vocabulary import SCORES, ScoreName
from carvis.language import Message

__all__ = ["PRECISIONS", "SCORES", "SCORE_NAMES", "Precision", "Score"]

Score = ScoreName
Precision = Literal["full", "fast"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

SCORE_NAMES: dict[str, Message] = {
    "logit": Message("logit"),
    "probability": Message("probability"),
    "log-probability": Message("log-probability"),
}
