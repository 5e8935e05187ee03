"""What each recipe does where nothing else is asked for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """The default length and rate of a recipe.

    Args:
        epochs: passes over the training pictures at most.
        patience: epochs without a better validation loss or accuracy after which training ends.
        learning_rate: the highest; it rises over the first steps and falls along a cosine.
    """

    epochs: int
    patience: int
    learning_rate: float


# A new network or head learns fast from nothing; a trained block is only to be adjusted, or it forgets.
DEFAULTS: dict[str, Recipe] = {
    "own": Recipe(epochs=40, patience=12, learning_rate=1e-3),
    "transfer": Recipe(epochs=20, patience=7, learning_rate=1e-3),
    "fine-tune": Recipe(epochs=20, patience=7, learning_rate=1e-4),
}
