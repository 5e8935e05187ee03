"""``AttentionSettings``: how attention is measured. The page, the command line and the cache share it."""

from dataclasses import asdict, dataclass
from typing import Literal, get_args

from carvis.errors import ModelError
from carvis.explain.score import Score
from carvis.language import Message

Target = Literal["predicted", "true"]
Fill = Literal["surroundings", "mean", "grey", "inpaint"]
TARGETS: tuple[Target, ...] = get_args(Target)
FILLS: tuple[Fill, ...] = get_args(Fill)


@dataclass(frozen=True)
class AttentionSettings:
    """How attention on parts is measured.

    Attributes:
        method, layer, score: of the heatmaps, as ``heatmaps`` takes them.
        target: whose evidence and probability: ``predicted`` (the prediction for the image as it is) or ``true``.
        occlude: predict again with each part occluded; costs two forward passes a part.
        fill: what replaces an occluded part.
        tolerance: of the pointing game, in pixels of the image (15 in its paper, for images of about 500).
        seed: of the places that controls are moved to; each depends on nothing but it, the image and the part.

    Raises:
        ModelError: no such target or fill.
    """

    method: str = "grad-cam"
    target: Target = "predicted"
    layer: str | None = None
    score: Score = "logit"
    occlude: bool = True
    fill: Fill = "surroundings"
    tolerance: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.target not in TARGETS:
            raise ModelError(
                Message(
                    "{target} is not a target for attention: choose one of {choices}.",
                    target=self.target,
                    choices=", ".join(TARGETS),
                )
            )
        if self.fill not in FILLS:
            raise ModelError(
                Message(
                    "{fill} is not a fill for occluded parts: choose one of {choices}.",
                    fill=self.fill,
                    choices=", ".join(FILLS),
                )
            )

    def as_dict(self) -> dict[str, object]:
        """Return the settings as JSON-able data; what does not affect the result has a neutral value."""
        return asdict(self) | {
            "fill": self.fill if self.occlude else None,
            "tolerance": float(self.tolerance),
            "seed": self.seed if self.occlude or self.method == "smoothgrad" else 0,
        }
