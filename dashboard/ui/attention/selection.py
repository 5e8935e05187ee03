"""What page Where models look shows beyond what all pages share."""

from dataclasses import dataclass
from typing import Literal

from ui.state.fields import Shared, field


@dataclass(frozen=True)
class AttentionSelection(Shared):
    """The annotations, the part and the measure, and the kind of disagreement."""

    parts: str = field("", resets=("part",), reset_by=("data",))
    part: str = field("", reset_by=("data",))
    measure: Literal["looks", "needs"] = "looks"
    cover: Literal["yes", "no"] = "yes"
    kind: Literal["same-answer", "one-right"] = field("same-answer", resets=("page", "open"))
