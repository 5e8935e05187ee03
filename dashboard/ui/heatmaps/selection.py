"""What page Heatmaps shows beyond what all pages share."""

from dataclasses import dataclass
from typing import Literal

from carvis.explain.scale import Scale
from ui.state.fields import Shared


@dataclass(frozen=True)
class HeatmapSelection(Shared):
    """How heatmaps are drawn, and the other class of a contrast."""

    against: str = ""
    view: Literal["overlay", "map", "both"] = "overlay"
    scale: Scale = "map"
