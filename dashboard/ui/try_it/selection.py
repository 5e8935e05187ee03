"""What page Try it shows beyond what all pages share."""

from dataclasses import dataclass
from typing import Literal

from carvis.prediction.augmentation import Augmentation
from ui.state.fields import Shared, field


@dataclass(frozen=True)
class TryItSelection(Shared):
    """Where new images come from, and how they are predicted."""

    source: Literal["files", "folder", "camera"] = "files"
    average: Literal["no", "yes"] = "no"
    augment: Augmentation = "none"
    # In per cent.
    alarms: int = field(5, bounds=(1, 50))
    maps: Literal["show", "hide"] = "show"
