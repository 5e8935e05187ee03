"""Which score of a class a heatmap explains, and in which precision it is computed."""

from typing import TYPE_CHECKING, Literal, get_args

from carvis.classifier.vocabulary import SCORES, ScoreName
from carvis.language import Message

if TYPE_CHECKING:
    from carvis.classifier import Classifier

__all__ = ["PRECISIONS", "SCORES", "SCORE_NAMES", "Precision", "Score", "score_note"]

Score = ScoreName
Precision = Literal["full", "fast"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

SCORE_NAMES: dict[str, Message] = {
    "logit": Message("logit"),
    "probability": Message("probability"),
    "log-probability": Message("log-probability"),
}


def score_note(clf: "Classifier", requested: Score) -> Message | None:
    """Say which score is explained where a model has not the requested one; None where it has."""
    kind = clf.score_kind(requested)
    if kind == requested:
        return None
    return Message(
        "{model} has no {requested}: its {kind} is explained instead.",
        model=clf.name,
        requested=SCORE_NAMES[requested],
        kind=SCORE_NAMES[kind],
    )
