"""What concepts are found of: one class, a pair of classes, or whatever is predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from carvis.errors import ModelError
from carvis.explain.target import Contrast, resolve_target
from carvis.language import Message

ClassOrPair: TypeAlias = str | int | tuple[str | int, str | int] | Contrast | None


@dataclass(frozen=True)
class Subject:
    """The images that concepts are found in, and the score that their importance is of.

    Attributes:
        classes: indices of one class, of two, or none for all classes.
        gamma: how much the score of the second class counts against the first one's.
    """

    classes: tuple[int, ...]
    gamma: float = 1.0

    @classmethod
    def of(cls, given: ClassOrPair, class_names: Sequence[str], model: str) -> "Subject":
        """Resolve a class, a pair of classes, or None.

        Raises:
            ModelError: no such class, or a pair that is none.
        """
        if given is None:
            return cls(())
        pair = Contrast(*given) if isinstance(given, tuple) and len(given) == 2 else given
        if not isinstance(pair, (Contrast, str, int)):
            raise ModelError(Message("Give one class, or a pair of two classes."))
        target = resolve_target(pair, None, class_names, model)
        if target.index < 0 or target.against < 0 or (isinstance(pair, Contrast) and target.index == target.against):
            raise ModelError(Message("Give one class, or a pair of two classes."))
        if not isinstance(pair, Contrast):
            return cls((target.index,))
        return cls((target.index, target.against), target.gamma)

    def includes(self, predicted: NDArray[np.int_]) -> NDArray[np.bool_]:
        """Tell of which images, by their predicted classes, the concepts are."""
        return np.isin(predicted, self.classes) if self.classes else np.ones(len(predicted), bool)

    def score(self, scores: NDArray[np.floating], predicted: int) -> NDArray[np.floating]:
        """Return the score (N,) that is explained, from those of all classes (N, classes).

        Args:
            predicted: the predicted class of the image that the scores are of.
        """
        if len(self.classes) == 2:
            return scores[:, self.classes[0]] - self.gamma * scores[:, self.classes[1]]
        return scores[:, self.classes[0] if self.classes else predicted]

    def named(self, class_names: Sequence[str]) -> str:
        """Return the name of what is explained; empty for all classes."""
        names = [class_names[index] for index in self.classes]
        return f"{names[0]} / {names[1]}" if len(names) == 2 else "".join(names)
