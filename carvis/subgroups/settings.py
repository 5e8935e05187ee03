"""How slices and shortcuts are searched."""

from dataclasses import dataclass

from carvis.errors import CarvisError
from carvis.language import Message

LEVEL = 0.05


@dataclass(frozen=True)
class SliceSettings:
    """How slices are searched and confirmed.

    Attributes:
        seed: of the halves, and of the image that counts of each group of near-duplicates.
        properties: which are searched; None for all but the predicted class.
        pairs: whether pairs of properties are searched, too.
        proposals: at most so many slices are proposed to the confirming half. Each costs the others power.
        share: the smallest share of the images that a slice may have.
        images: the smallest number of images that a slice may have in a half.
        level: the error rate of all confirmed slices together.
    """

    seed: int = 0
    properties: tuple[str, ...] | None = None
    pairs: bool = True
    proposals: int = 6
    share: float = 0.03
    images: int = 12
    level: float = LEVEL

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise CarvisError(Message("--seed {seed} is invalid: give 0 or more.", seed=self.seed))


DEFAULT = SliceSettings()


@dataclass(frozen=True)
class ShortcutSettings:
    """How shortcuts are searched.

    Attributes:
        seed: of the folds, of the permutations, and of the image that counts of each group of near-duplicates.
        folds: of the cross-validation at most; a small data set gets fewer.
        permutations: of the labels of each fold.
        level: the error rate of all findings together.
        gain: how far above chance a balanced accuracy has to be, to be worth a sentence.
    """

    seed: int = 0
    folds: int = 5
    permutations: int = 1_999
    level: float = LEVEL
    gain: float = 0.05
