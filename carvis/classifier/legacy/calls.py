"""The calls of layers in a graph of Keras 1 and 2: their further arguments, and the ``Merge`` of Keras 1."""

import inspect
from typing import Any

import keras

from carvis.errors import ModelError
from carvis.language import Message


def call_settings(kind: str, layer: keras.Layer, settings: dict[str, Any], where: Message) -> dict[str, Any]:
    """Return the further arguments of a call; one that Keras 3 does not take must have had no effect.

    Raises:
        ModelError: it had one.
    """
    parameters = set(inspect.signature(layer.call).parameters)
    random = kind.startswith("Random") or any(_differs_in_training(inner) for inner in layer._flatten_layers())
    accepted = {}
    for key, value in settings.items():
        # Keras 3 predicts in inference mode even so; Keras 2 did not.
        if key == "training" and value and random:
            raise ModelError(
                Message(
                    "{where} is always called in training mode (training=True), so its predictions are"
                    " random or depend on the other images of a batch: save the model again without it.",
                    where=where,
                )
            )
        if value is None:
            continue
        if key in parameters or key == "training":
            accepted[key] = value
        elif key != "mask" and value is not False:
            raise ModelError(
                Message(
                    "{where} is called with {key}, which Keras 3 does not have: open the model with the"
                    " Keras that wrote it and save it again without this layer.",
                    where=where,
                    key=key,
                )
            )
    return accepted


def _differs_in_training(layer: keras.Layer) -> bool:
    kind = type(layer).__name__
    random = kind.startswith(("Random", "Gaussian", "StochasticDepth")) and kind != "RandomFourierFeatures"
    dropout = "Dropout" in kind and layer.rate > 0
    inside = max(getattr(layer, "dropout", None) or 0, getattr(layer, "recurrent_dropout", None) or 0) > 0
    return random or dropout or inside or kind in ("BatchNormalization", "SpectralNormalization")


def merge_layer(config: dict[str, Any], where: Message, name: str | None) -> keras.Layer:
    """Return the Keras 3 layer for a ``Merge``, Keras 1's one layer for all ways to bring tensors together.

    Raises:
        ModelError: Keras 3 has nothing that does the same.
    """
    kinds = {"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "concat": "Concatenate"}
    mode = config.get("mode")
    if mode not in kinds:
        raise ModelError(
            Message(
                "{where} merges by {mode}, which cannot be converted to Keras 3: save the model again without it.",
                where=where,
                mode=mode,
            )
        )
    settings = {"axis": config.get("concat_axis", -1)} if mode == "concat" else {}
    return getattr(keras.layers, kinds[mode])(name=name, **settings)
