"""What each recipe does where nothing else is asked for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """The default length and rate of a recipe.

    Args:
        epochs: passes over the training pictures at most.
        patience: epochs without a better validation loss or accuracy after which training ends.
        learning_rate: the highest; it rises over the first steps and falls along a cosine.
        views: augmented views of each picture, shown in turn; 0 for a new one each epoch.
    """

    epochs: int
    patience: int
    learning_rate: float
    views: int


# A view costs a pass through the frozen layers, which a network of its own has none of.
# A new network or head learns fast from nothing; a trained block is only to be adjusted, or it forgets.
DEFAULTS: dict[str, Recipe] = {
    "own": Recipe(epochs=40, patience=12, learning_rate=1e-3, views=0),
    "transfer": Recipe(epochs=20, patience=7, learning_rate=1e-3, views=4),
    "fine-tune": Recipe(epochs=20, patience=7, learning_rate=1e-4, views=4),
}

# What the frozen layers make of a picture can be kept in.
PRECISIONS = ("float32", "float16")
