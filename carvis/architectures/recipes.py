"""The recipes by name: what builds the model of each, which layers it freezes, and how long it trains.

Adding one is writing one function and one entry in ``RECIPES``; the command line and the pages show it from there. This
module loads no Keras: a builder imports what it needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carvis.architectures.request import ModelRequest
from carvis.language import N_

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Recipe:
    """A way to build and train a model.

    Args:
        title: shown where a recipe is chosen.
        sentence: what it does, for someone who has to choose.
        build: builds the model, with weights drawn at random or those of ImageNet.
        freeze: freezes layers of the model, built or opened from its parent; None where all of them learn. The request
            names no backbone where that of the parent is unknown.
        backbone: the default backbone; None for a network without one.
        parent: the recipe of the model that it continues, which is trained first where no such model is given.
        epochs: passes over the training images at most.
        patience: epochs without a better validation loss or accuracy after which training ends.
        learning_rate: the highest; it rises over the first steps and falls along a cosine.
        views: augmented views of each image, shown in turn; 0 for a new one each epoch.
    """

    title: str
    sentence: str
    build: "Callable[[ModelRequest], keras.Model]"
    freeze: "Callable[[keras.Model, ModelRequest], object] | None" = None
    backbone: str | None = None
    parent: str | None = None
    epochs: int = 20
    patience: int = 7
    learning_rate: float = 1e-3
    views: int = 4


def _own_model(request: ModelRequest) -> "keras.Model":
    from carvis.architectures.own import own_cnn

    if request.backbone is not None:
        return _backbone_model(request)
    dropout = 0.5 if request.dropout is None else request.dropout
    return own_cnn(request.size, request.channels, request.n_classes, request.width, request.head_units or 256, dropout)


def _backbone_model(request: ModelRequest) -> "keras.Model":
    from carvis.architectures.backbone_model import backbone_model

    return backbone_model(request)


def _freeze_base(model: "keras.Model", request: ModelRequest) -> None:
    from carvis.architectures.frozen_layers import freeze_base

    freeze_base(model)


def _open_last_block(model: "keras.Model", request: ModelRequest) -> None:
    from carvis.architectures.frozen_layers import open_last_block

    open_last_block(model, request.open_from)


# A view costs a pass through the frozen layers, of which a network of its own has none.
# A new network or head learns fast from nothing; a trained block is only adjusted, or it loses what it has learnt.
RECIPES: dict[str, Recipe] = {
    "own": Recipe(
        N_("Own CNN"),
        N_("A small network that learns everything from these images."),
        _own_model,
        epochs=40,
        patience=12,
        views=0,
    ),
    "transfer": Recipe(
        N_("Transfer"),
        N_("A pretrained network stays frozen; only a new head learns these classes."),
        _backbone_model,
        _freeze_base,
        backbone="vgg16",
    ),
    "fine-tune": Recipe(
        N_("Fine-tuning"),
        N_("As transfer, but the last block of the network learns too, at a low learning rate."),
        _backbone_model,
        _open_last_block,
        backbone="vgg16",
        parent="transfer",
        learning_rate=1e-4,
    ),
}
