"""What page Training runs shows beyond what all pages share."""

from dataclasses import dataclass

from ui.state.fields import Shared, field


@dataclass(frozen=True)
class TrainingSelection(Shared):
    """The runs, and how their curves are drawn."""

    run: tuple[str, ...] = ()
    smooth: int = field(0, bounds=(0, 95))
