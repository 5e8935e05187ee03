"""What page Compare models shows beyond what all pages share."""

from dataclasses import dataclass
from typing import Literal

from ui.state.fields import Shared, field

_IMAGES = ("data", "split", "model")


@dataclass(frozen=True)
class CompareSelection(Shared):
    """The images compared, the pattern, pair of models and change by averaging that is shown, and the risk allowed."""

    copies: Literal["with", "without"] = "with"
    # One gallery is open at a time, so that its page number has one meaning.
    pattern: str = field("", resets=("change", "averaging", "page"), reset_by=_IMAGES)
    change: Literal["", "fixed", "broken"] = field("", resets=("pattern", "averaging", "page"), reset_by=_IMAGES)
    averaging: Literal["", "gained", "lost"] = field("", resets=("pattern", "change", "page"), reset_by=_IMAGES)
    first: str = field("", resets=("change", "page"), reset_by=("model",))
    second: str = field("", resets=("change", "page"), reset_by=("model",))
    risk: int = field(5, bounds=(0, 100))
