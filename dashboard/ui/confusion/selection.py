"""What page Confusion matrix shows beyond what all pages share."""

from dataclasses import dataclass
from typing import Literal

from carvis.evaluation.confusion.choices import Cells, ClassOrder
from ui.state.fields import Shared, field


@dataclass(frozen=True)
class ConfusionSelection(Shared):
    """The second model, what the cells say, and which classes are drawn in which order."""

    beside: str = field("", resets=("page", "open"), reset_by=("data", "split"), names="evaluation")
    cells: Cells = "count"
    arrange: ClassOrder = "confused"
    diagonal: Literal["show", "hide"] = "show"
    level: Literal["class", "super"] = "class"
    within: tuple[str, ...] = field((), resets=("page", "open"), reset_by=("data", "groups"))
    top: Literal["", "15", "30", "60", "all"] = ""
