"""What each recipe does unless the caller decides otherwise, and the choices that a run has."""

from dataclasses import dataclass
from typing import Literal, get_args

RecipeName = Literal["own", "transfer", "fine-tune"]
FeaturePrecision = Literal["float32", "float16"]
CachePrecision = Literal["auto", "float32", "float16"]


@dataclass(frozen=True)
class Recipe:
    """The default length and learning rate of a recipe.

    Args:
        epochs: passes over the training images at most.
        patience: epochs without a better validation loss or accuracy after which training ends.
        learning_rate: the highest; it rises over the first steps and falls along a cosine.
        views: augmented views of each image, shown in turn; 0 for a new one each epoch.
    """

    epochs: int
    patience: int
    learning_rate: float
    views: int


# A view costs a pass through the frozen layers, which a network of its own has none of.
# A new network or head learns fast from nothing; a trained block is only to be adjusted, or it forgets.
DEFAULTS: dict[RecipeName, Recipe] = {
    "own": Recipe(epochs=40, patience=12, learning_rate=1e-3, views=0),
    "transfer": Recipe(epochs=20, patience=7, learning_rate=1e-3, views=4),
    "fine-tune": Recipe(epochs=20, patience=7, learning_rate=1e-4, views=4),
}

FEATURE_PRECISIONS: tuple[FeaturePrecision, ...] = get_args(FeaturePrecision)
CACHE_PRECISIONS: tuple[CachePrecision, ...] = get_args(CachePrecision)
