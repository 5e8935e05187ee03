"""``build_model``: a flat Keras model for each recipe."""

import logging
import re
import socket
from collections import Counter
from pathlib import Path

import keras

from carvis.architectures.backbones import Backbone, backbone_name, find_backbone
from carvis.architectures.frozen_layers import base_layers, freeze_base, open_last_block
from carvis.architectures.own import own_cnn
from carvis.architectures.vgg import slim_vgg16
from carvis.architectures.weights import take_weights
from carvis.errors import ModelError, NetworkError
from carvis.language import Message

RECIPES = ("own", "transfer", "fine-tune")
_NETWORK_TIMEOUT = 20
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
        input_size: side of the square picture, or (height, width).
        weights: ``imagenet`` (Keras downloads them), None or ``none``, or a file: of the backbone, or a model whose
            layers of the same names and shapes are taken.
        backbone: a name in ``BACKBONES``; by default ``vgg16``, but none for ``own``.
        channels: 3, or 1 for grey pictures.
        width: filters of the own CNN's first convolution.
        head_units: units of the dense layer before the last; by default 1024 (256 in the own CNN).
        dropout: share dropped before the last layer; by default none (a half in the own CNN).
        open_from: beginning of the name of the first layer that fine-tuning opens; by default the last block's.

    Raises:
        ModelError: an unknown recipe or backbone, a size it cannot take, or a weights file that does not fit.
        NetworkError: the ImageNet weights cannot be downloaded.
    """
    size = (input_size, input_size) if isinstance(input_size, int) else tuple(input_size)
    backbone = check_request(recipe, n_classes, size, weights, backbone)
    image = keras.Input((*size, channels), name="input_layer")
    if backbone is None:
        model = own_cnn(image, n_classes, width, head_units or 256, 0.5 if dropout is None else dropout)
        if weights not in (None, "none"):
            _take(model, model.layers, weights)
        return model
    base = _base(find_backbone(backbone), backbone, image, "imagenet" if weights == "imagenet" else None)
    model = _with_head(base, n_classes, head_units or 1024, dropout or 0.0, f"{backbone}_{recipe}")
    if weights not in (None, "none", "imagenet"):
        _take(model, [layer for _, layer in base_layers(model)], weights)
    if recipe == "transfer":
        freeze_base(model)
    elif recipe == "fine-tune":
        open_last_block(model, open_from or find_backbone(backbone).last_block)
    return model


def _take(model: keras.Model, layers: list[keras.Layer], path: str | Path) -> None:
    taken = take_weights(layers, path)
    level = logging.WARNING if taken.left else logging.INFO
    _log.log(level, "%s takes weights from %s: %s", model.name, Path(path).name, taken)


def check_request(recipe, n_classes, size, weights, backbone) -> str | None:
    """Check what ``build_model`` was asked for and return the backbone's canonical name.

    Raises:
        ModelError: something asked for does not exist.
    """
    if recipe not in RECIPES:
        raise ModelError(
            Message("There is no recipe {recipe}: choose one of {choices}.", recipe=recipe, choices=", ".join(RECIPES))
        )
    if n_classes < 2:
        raise ModelError(Message("A classifier needs two classes or more, not {n_classes}.", n_classes=n_classes))
    if min(size) < 16:
        raise ModelError(
            Message("Pictures of {height}x{width} pixels are too small: use 32 or more.", height=size[0], width=size[1])
        )
    if backbone is None and recipe != "own":
        backbone = "vgg16"
    if backbone is not None:
        backbone = backbone_name(backbone)
    if weights == "imagenet" and (backbone is None or find_backbone(backbone).application is None):
        what = backbone or "the own CNN"
        raise ModelError(Message("There are no ImageNet weights for {what}: use --weights none, or a file.", what=what))
    return backbone


def _base(known: Backbone, name: str, image, weights: str | None) -> keras.Model:
    if known.application is None:
        return slim_vgg16(image, batch_norm=name == "vgg16-slim-bn")
    builder = getattr(keras.applications, known.application)
    before = socket.getdefaulttimeout()
    # Without this a silent network would hold the program for minutes.
    socket.setdefaulttimeout(_NETWORK_TIMEOUT)
    try:
        return builder(weights=weights, include_top=False, input_tensor=image, input_shape=image.shape[1:])
    except ValueError as error:
        raise ModelError(
            Message("{name} cannot be built at this size ({reason}).", name=name, reason=" ".join(str(error).split()))
        ) from error
    except Exception as error:
        if weights is None:
            raise
        raise NetworkError(
            Message(
                "The ImageNet weights of {name} could not be downloaded ({kind}): connect to the network, or give a "
                "weights file with --weights FILE, or --weights none.",
                name=name,
                kind=type(error).__name__,
            )
        ) from error
    finally:
        socket.setdefaulttimeout(before)


def _with_head(base: keras.Model, n_classes: int, units: int, dropout: float, name: str) -> keras.Model:
    _settle_names(base)
    x = keras.layers.GlobalAveragePooling2D(name="global_average_pooling2d")(base.output)
    x = keras.layers.Dense(units, activation="relu", name="dense")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = keras.layers.Dense(n_classes, activation="softmax", name="dense_1")(x)
    return keras.Model(base.inputs[0], x, name=name)


def _settle_names(model: keras.Model) -> None:
    """Number the layers that Keras named by itself from the first on, so that every build has the same names."""
    counted: Counter[str] = Counter()
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        # As Keras forms the name of a layer from that of its class.
        kind = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
        kind = re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()
        if re.fullmatch(rf"{kind}(_\d+)?", layer.name):
            layer.name = f"base_{kind}_{counted[kind]}" if counted[kind] else f"base_{kind}"
            counted[kind] += 1
