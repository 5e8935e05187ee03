"""What page Concepts shows beyond what all pages share."""

from dataclasses import dataclass

from ui.state.fields import Shared, field


@dataclass(frozen=True)
class ConceptsSelection(Shared):
    """The class whose concepts are shown, the one it is told from, how many, and which concept is on which image."""

    con_class: str = field("", resets=("concept", "con_image"), reset_by=("data",))
    con_rival: str = field("", resets=("concept", "con_image"), reset_by=("data", "con_class"))
    con_n: int = field(10, bounds=(2, 30), resets=("concept",))
    concept: int = field(1, bounds=(1, 200), reset_by=("split", "model"))
    con_image: str = field("", reset_by=("split", "model"))
