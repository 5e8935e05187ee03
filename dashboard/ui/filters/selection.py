"""What page Filters shows beyond what all pages share."""

from dataclasses import dataclass
from typing import Literal

from carvis.explain.filters.settings import Start
from ui.state.fields import Shared, field


@dataclass(frozen=True)
class FilterSelection(Shared):
    """The view, the filters and how their patterns are drawn; ``one`` is fine-tuned from ``before``."""

    lens: Literal["patterns", "spectrum", "tuning", "pictures"] = "patterns"
    layers: Literal["one", "blocks"] = "one"
    count: int = field(16, bounds=(1, 512))
    size: int = field(64, bounds=(16, 256))
    steps: int = field(0, bounds=(0, 512))
    start: Start = "model"
    form: Literal["tutorial", "regularised"] = "tutorial"
    filter: int = field(0, bounds=(0, 100_000))
    one: str = ""
    before: str = ""
    of: Literal["patterns", "activations"] = "patterns"
