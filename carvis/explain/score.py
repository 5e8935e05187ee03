"""Which score of a class a heatmap explains, and in which precision it is computed."""

from typing import Literal, get_args

from carvis.language import Message

Score = Literal["logit", "probability", "log-probability"]
SCORES: tuple[Score, ...] = get_args(Score)
Precision = Literal["full", "fast"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

SCORE_NAMES: dict[str, Message] = {
    "logit": Message("logit"),
    "probability": Message("probability"),
    "log-probability": Message("log-probability"),
}
