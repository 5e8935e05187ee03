"""What page Image map shows beyond what all pages share."""

from dataclasses import dataclass
from typing import Literal

from ui.state.fields import Shared, field

_FIRST_PAGE = ("page", "open")
Colouring = Literal["true", "predicted", "right", "confidence", "disagreement", "tag", "split", "duplicates", "cluster"]


@dataclass(frozen=True)
class ImageMapSelection(Shared):
    """The images on the map, their colouring, and which of them are chosen by name; a lasso lives in the session."""

    colour_by: Colouring = "true"
    scope: Literal["split", "all"] = field("split", resets=_FIRST_PAGE)
    find: str = field("", resets=_FIRST_PAGE, reset_by=("data",))
    cluster: str = field("", resets=_FIRST_PAGE, reset_by=("data", "split", "model", "scope"))
    moved: Literal["", "most"] = field("", resets=_FIRST_PAGE, reset_by=("data", "split", "model", "scope"))
