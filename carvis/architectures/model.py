"""``build_model``: a flat Keras model for each recipe."""

import logging
from pathlib import Path

import keras

from carvis.architectures.backbones import backbone_name, find_backbone
from carvis.architectures.frozen_layers import base_layers, open_all
from carvis.architectures.recipes import RECIPES
from carvis.architectures.request import ModelRequest
from carvis.architectures.weights import take_weights
from carvis.errors import ModelError
from carvis.language import Message

_log = logging.getLogger("carvis.architectures")


def build_model(
    recipe: str,
    n_classes: int,
    input_size: int | tuple[int, int] = 256,
    weights: str | Path | None = None,
    backbone: str | None = None,
    *,
    channels: int = 3,
    width: int = 32,
    head_units: int | None = None,
    dropout: float | None = None,
    open_from: str | None = None,
) -> keras.Model:
    """Build the model of a recipe; no model is nested in it.

    Args:
        recipe: ``own`` (four convolutions; or, where a backbone is named, that one, all of it learning), ``transfer``
            (a frozen backbone and a head that learns) or ``fine-tune`` (the same with the last block open).
        n_classes: number of outputs of the softmax.
        input_size: side of the square image, or (height, width).
        weights: ``imagenet`` (Keras downloads them), None or ``none``, or a file: of the backbone, or a model whose
            layers of the same names and shapes are taken.
        backbone: a name in ``BACKBONES``; by default ``vgg16``, but none for ``own``.
        channels: 3, or 1 for grayscale images.
        width: filters of the own CNN's first convolution.
        head_units: units of the dense layer before the last; by default 1024 (256 in the own CNN).
        dropout: share dropped before the last layer; by default none (a half in the own CNN).
        open_from: beginning of the name of the first layer that fine-tuning opens; by default the last block's.

    Raises:
        ModelError: an unknown recipe or backbone, a size it cannot take, or a weights file that does not fit.
        NetworkError: the ImageNet weights cannot be downloaded.
    """
    size = (input_size, input_size) if isinstance(input_size, int) else (input_size[0], input_size[1])
    backbone = check_request(recipe, n_classes, size, weights, backbone)
    request = ModelRequest(recipe, n_classes, size, weights, backbone, channels, width, head_units, dropout, open_from)
    model = RECIPES[recipe].build(request)
    if weights is not None and weights not in ("none", "imagenet"):
        _load_weights(model, model.layers if backbone is None else [layer for _, layer in base_layers(model)], weights)
    set_trainable(model, request)
    return model


def set_trainable(model: keras.Model, request: ModelRequest) -> None:
    """Freeze the layers of a model that the request's recipe freezes, and let all others learn."""
    freeze = RECIPES[request.recipe].freeze
    if freeze is None:
        open_all(model)
    else:
        freeze(model, request)


def _load_weights(model: keras.Model, layers: list[keras.Layer], path: str | Path) -> None:
    loaded = take_weights(layers, path)
    level = logging.WARNING if loaded.unchanged else logging.INFO
    _log.log(level, "%s takes weights from %s: %s", model.name, Path(path).name, loaded)


def check_request(
    recipe: str, n_classes: int, size: tuple[int, int], weights: str | Path | None, backbone: str | None
) -> str | None:
    """Check the arguments of ``build_model`` and return the backbone's canonical name.

    Raises:
        ModelError: the recipe, backbone or weights do not exist, or there are too few classes or pixels.
    """
    if recipe not in RECIPES:
        raise ModelError(
            Message("There is no recipe {recipe}: choose one of {choices}.", recipe=recipe, choices=", ".join(RECIPES))
        )
    if n_classes < 2:
        raise ModelError(Message("A classifier needs two classes or more, not {n_classes}.", n_classes=n_classes))
    if min(size) < 16:
        raise ModelError(
            Message("Images of {height}x{width} pixels are too small: use 32 or more.", height=size[0], width=size[1])
        )
    if backbone is None:
        backbone = RECIPES[recipe].backbone
    if backbone is not None:
        backbone = backbone_name(backbone)
    if weights == "imagenet" and (backbone is None or find_backbone(backbone).application is None):
        network = backbone or "the own CNN"
        raise ModelError(
            Message("There are no ImageNet weights for {what}: give --weights none or a file.", what=network)
        )
    return backbone
