"""``ConceptSettings``: how concepts are found. The page, the command line and the cache share it."""

from dataclasses import asdict, dataclass

from carvis.errors import ModelError
from carvis.explain.score import SCORES, Score
from carvis.language import Message

# The least and the most of each number.
_BOUNDS: dict[str, tuple[float, float]] = {
    "crop": (0.05, 1.0),
    "overlap": (0.0, 0.9),
    "max_images": (1, 5000),
    "importance_images": (1, 5000),
    "designs": (4, 4096),
    "restarts": (0, 50),
}


@dataclass(frozen=True)
class ConceptSettings:
    """How the concepts of a class are found.

    Attributes:
        layer: path of a layer that all of the signal passes; None for ``clf.default_layer``.
        score: which score of the class the importance is of, as ``heatmaps`` takes it.
        crop: side of a crop as a share of the image's side; 64 of 224 pixels in CRAFT's own code.
        overlap: share of a crop that the next one overlaps at least.
        max_images: most images whose crops are factorised, drawn at random where there are more.
        importance_images: most images over which the importance is averaged.
        designs: rows of the Sobol design for each image, a power of two: ``designs x (n + 2)`` passes through the
            layers above.
        restarts: further factorisations from random starts: the best one is kept, the others tell how stable it is.

    Raises:
        ModelError: a number out of range, or no such score.
    """

    layer: str | None = None
    score: Score = "logit"
    crop: float = 0.3
    overlap: float = 0.2
    max_images: int = 60
    importance_images: int = 32
    designs: int = 64
    restarts: int = 5

    def __post_init__(self) -> None:
        if self.score not in SCORES:
            raise ModelError(
                Message("{score} is not a score: choose one of {choices}.", score=self.score, choices=", ".join(SCORES))
            )
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ModelError(
                    Message("{name} must lie between {least} and {most}.", name=name, least=least, most=most)
                )
        if self.designs & (self.designs - 1):
            raise ModelError(Message("{name} must be a power of two, such as 64.", name="designs"))

    def as_dict(self) -> dict[str, object]:
        """Return the settings as JSON-able data."""
        return asdict(self)
