"""A base of ``BACKBONES`` with a dense head, as one flat model."""

import re
import socket
from collections import Counter

import keras

from carvis.architectures.backbones import Backbone, find_backbone
from carvis.architectures.request import ModelRequest
from carvis.architectures.vgg import slim_vgg16
from carvis.errors import ModelError, NetworkError
from carvis.language import Message

_NETWORK_TIMEOUT = 20


def backbone_model(request: ModelRequest) -> keras.Model:
    """Return the backbone of a request with GAP + Dense(1024) + Dense(n), all of it trainable.

    Raises:
        ModelError: the backbone cannot take images of this size.
        NetworkError: the ImageNet weights cannot be downloaded.
    """
    assert request.backbone is not None
    image = keras.Input((*request.size, request.channels), name="input_layer")
    weights = "imagenet" if request.weights == "imagenet" else None
    base = _base(find_backbone(request.backbone), request.backbone, image, weights)
    name = f"{request.backbone}_{request.recipe}"
    return _with_head(base, request.n_classes, request.head_units or 1024, request.dropout or 0.0, name)


def _base(entry: Backbone, name: str, image: keras.KerasTensor, weights: str | None) -> keras.Model:
    if entry.application is None:
        return slim_vgg16(image, batch_norm=name == "vgg16-slim-bn")
    builder = getattr(keras.applications, entry.application)
    before = socket.getdefaulttimeout()
    # Without a timeout, a network that does not respond blocks for minutes.
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
    _number_layers(base)
    x = keras.layers.GlobalAveragePooling2D(name="global_average_pooling2d")(base.output)
    x = keras.layers.Dense(units, activation="relu", name="dense")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    x = keras.layers.Dense(n_classes, activation="softmax", name="dense_1")(x)
    return keras.Model(base.inputs[0], x, name=name)


def _number_layers(model: keras.Model) -> None:
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
