"""Which layers learn: a frozen base, and the last block opened.

Batch normalisation of a base that came with weights stays frozen and in inference mode even in an open block:
its statistics come from millions of images, and those of a small batch would only blur them.
"""

import keras

from carvis.architectures.backbones import backbone_of, find_backbone
from carvis.classifier.layers import walk
from carvis.errors import ModelError
from carvis.language import Message

_HEAD = (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D, keras.layers.Flatten)


def base_layers(model: keras.Model) -> list[tuple[str, keras.Layer]]:
    """Return (path, layer) of all layers before the head, in execution order.

    The head begins at the last layer that turns maps into one vector.
    """
    layers = list(walk(model))
    heads = [i for i, (_, layer) in enumerate(layers) if isinstance(layer, _HEAD)]
    return layers[: heads[-1]] if heads else layers


def freeze_base(model: keras.Model) -> keras.Model:
    """Freeze everything before the head; the head learns."""
    return _open(model, None)


def open_all(model: keras.Model) -> keras.Model:
    """Let every layer learn."""
    _open_containers(model)
    for _, layer in walk(model):
        layer.trainable = True
    return model


def open_last_block(model: keras.Model, first_layer: str | None = None) -> keras.Model:
    """Let the last block of the base learn, and the head; what lies before is frozen.

    Args:
        first_layer: the name, or its beginning, of the first layer that learns; without it the backbone's last block.

    Raises:
        ModelError: no layer is named so, or the backbone is not known.
    """
    if first_layer is None:
        name = backbone_of(path for path, _ in walk(model))
        if name is None:
            raise ModelError(
                Message(
                    "The backbone of {model} is unknown: name the first layer that learns (--open-from).",
                    model=model.name,
                )
            )
        first_layer = find_backbone(name).last_block
    return _open(model, first_layer)


def _open(model: keras.Model, first_layer: str | None) -> keras.Model:
    base = base_layers(model)
    names = [path.rpartition("/")[2] for path, _ in base]
    first = len(base)
    if first_layer is not None:
        matches = [i for i, name in enumerate(names) if name.startswith(first_layer)]
        if not matches:
            raise ModelError(
                Message(
                    "{model} has no layer whose name begins with {first_layer}: see its layer table.",
                    model=model.name,
                    first_layer=first_layer,
                )
            )
        first = matches[0]
    _open_containers(model)
    for i, (_, layer) in enumerate(base):
        layer.trainable = i >= first and not isinstance(layer, keras.layers.BatchNormalization)
        # What is frozen is one fixed function, so the random parts of a base are switched off with it.
        if i < first and isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    for _, layer in list(walk(model))[len(base) :]:
        layer.trainable = True
    return model


def _open_containers(model: keras.Model) -> None:
    model.trainable = True
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            _open_containers(layer)
