"""What page Slices shows beyond what all pages share."""

from dataclasses import dataclass
from typing import Literal

from ui.state.fields import Shared, field


@dataclass(frozen=True)
class SlicesSelection(Shared):
    """How slices are searched, and which of them, counted from 1, has its images shown."""

    slice_pairs: Literal["on", "off"] = field("on", resets=("slice", "page", "open"))
    slice: int = field(1, bounds=(1, 100), resets=("page", "open"), reset_by=("split", "model", "groups"))
    slice_images: Literal["wrong", "all"] = field("wrong", resets=("page", "open"))
