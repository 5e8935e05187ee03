"""What page Activations shows beyond what all pages share."""

from dataclasses import dataclass
from typing import Literal

from carvis.explain.units.channels import Range
from ui.state.fields import Shared


@dataclass(frozen=True)
class ActivationSelection(Shared):
    """The channels and how they are drawn; an entry of ``channel`` is ``model:layer:channel``."""

    channel: tuple[str, ...] = ()
    order: Literal["number", "largest"] = "number"
    range: Range = "channel"
    columns: Literal["16", "8"] = "16"
