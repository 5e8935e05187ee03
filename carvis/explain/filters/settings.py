"""``FilterSettings``: how filter patterns are drawn. The page, the command line and the cache share it."""

from dataclasses import asdict, dataclass
from typing import Literal, get_args

from carvis.errors import ModelError
from carvis.language import Message

Start = Literal["model", "tutorial"]
STARTS: tuple[Start, ...] = get_args(Start)
# The steps after which a pattern no longer changes much: without and with regularisation.
DEFAULT_STEPS = {False: 40, True: 128}


@dataclass(frozen=True)
class FilterSettings:
    """How filter patterns are drawn.

    Attributes:
        size: side of a pattern in pixels.
        steps: of the ascent; None for 40, as in the tutorial, or for 128 where the pattern is regularised.
        start: ``model`` brings the noise to the range that the model's preprocessing gives, ``tutorial`` feeds 128 to
            148 to the model as it is.
        regularised: optimise the spectrum of decorrelated colours by Adam, at constant contrast and with jitter
            (Olah et al., "Feature Visualization", Distill 2017), instead of the pixels by normalised gradient ascent.
        smoothness: weight of the total variation that is subtracted from the objective.
        seed: of the noise; the noise of a filter depends on nothing else.

    Raises:
        ModelError: a value is invalid.
    """

    size: int = 64
    steps: int | None = None
    start: Start = "model"
    regularised: bool = False
    smoothness: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size < 8 or self.step_count < 1:
            raise ModelError(
                Message(
                    "Patterns need at least 8 pixels and 1 step: got {size} pixels and {steps} steps.",
                    size=self.size,
                    steps=self.step_count,
                )
            )
        if not 0 <= self.seed < 2**31:
            raise ModelError(
                Message("{seed} is not a valid seed: give an integer from 0 to 2147483647.", seed=self.seed)
            )
        if not 0 <= self.smoothness < float("inf"):
            raise ModelError(
                Message("{smoothness} is not a valid smoothness: give 0 or more.", smoothness=self.smoothness)
            )
        if self.start not in STARTS:
            raise ModelError(
                Message(
                    "{start} is not a starting noise: choose one of {choices}.",
                    start=self.start,
                    choices=", ".join(STARTS),
                )
            )

    @property
    def step_count(self) -> int:
        """The number of steps, also where ``steps`` leaves it to the form of the pattern."""
        return DEFAULT_STEPS[self.regularised] if self.steps is None else self.steps

    def as_dict(self) -> dict[str, object]:
        """Return the settings as JSON-able data, ``steps`` as a number."""
        return asdict(self) | {"steps": self.step_count}
