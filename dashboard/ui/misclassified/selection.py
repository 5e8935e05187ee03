"""What page Misclassified shows beyond what all pages share."""

from dataclasses import dataclass
from typing import Literal

from ui.state.fields import Shared, field

_FIRST_PAGE = ("page", "open")


@dataclass(frozen=True)
class MisclassifiedSelection(Shared):
    """The view, the filters and the order; an entry of ``answers`` is ``model:right`` or ``model:wrong``."""

    look: Literal["gallery", "labels"] = field("gallery", resets=_FIRST_PAGE)
    low: int = field(0, bounds=(0, 100), resets=_FIRST_PAGE)
    high: int = field(100, bounds=(0, 100), resets=_FIRST_PAGE)
    sort: Literal["confident", "unsure", "margin", "loss", "disagreement", "true", "name"] = field(
        "confident", resets=_FIRST_PAGE
    )
    family: tuple[str, ...] = field((), resets=_FIRST_PAGE, reset_by=("data", "table", "groups"))
    answers: tuple[str, ...] = field((), resets=_FIRST_PAGE, reset_by=("data", "split", "table"))
    tag: str = field("", resets=_FIRST_PAGE)
    queue: Literal["above", "all", "confirmed", "rejected"] = field("above", resets=_FIRST_PAGE)
