"""What page Data shows beyond what all pages share."""

from dataclasses import dataclass
from typing import Literal

from ui.state.fields import Shared, field


@dataclass(frozen=True)
class DataHealthSelection(Shared):
    """The section, and what is shown of it."""

    health: Literal["copies", "classes", "light", "shortcuts", "problems"] = field("copies", resets=("page",))
    pairs: str = field("", resets=("page",), reset_by=("data",))
    twins: Literal["all", "exact", "near"] = field("all", resets=("page",))
    light: Literal["darkest", "brightest", "blurriest"] = field("darkest", resets=("page",))
