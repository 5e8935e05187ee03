"""What page Where models look shows beyond what all pages share."""

from dataclasses import dataclass
from typing import Literal

from ui.state.fields import Shared, field


@dataclass(frozen=True)
class AttentionSelection(Shared):
    """The annotations, the part and the measure, the kind of disagreement, and the boxes that are drawn."""

    parts: str = field("", resets=("part",), reset_by=("data",))
    part: str = field("", reset_by=("data",))
    measure: Literal["looks", "needs"] = "looks"
    cover: Literal["yes", "no"] = "yes"
    kind: Literal["same-answer", "one-right"] = field("same-answer", resets=("page", "open"))
    # Whether boxes are drawn; by itself where nothing else is annotated.
    draw: Literal["", "on", "off"] = ""
    draw_part: str = field("", reset_by=("data",))
    draw_goal: int = field(20, bounds=(1, 1_000))
