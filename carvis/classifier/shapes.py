"""The input size and the number of classes of a model, by its shapes."""

import keras
import numpy as np

from carvis.classifier.model_call import input_dtype
from carvis.classifier.ranges.input import first_weights_input
from carvis.errors import ModelError
from carvis.language import Message

_PROBES = ((96, 131), (141, 118))


def image_input(model: keras.Model, name: str) -> tuple[int | None, int | None, int]:
    """Return (height, width, channels) of a model's input.

    Raises:
        ModelError: the model does not take one image, or does not give one score per class.
    """
    inputs, outputs = getattr(model, "inputs", None) or [], getattr(model, "outputs", None) or []
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(
            Message("{name} has several inputs or outputs: carvis opens classifiers of single images.", name=name)
        )
    shape = inputs[0].shape
    if len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3):
        raise ModelError(Message("{name} uses channels first: convert it to channels last.", name=name))
    if len(shape) != 4 or shape[3] not in (1, 3):
        raise ModelError(
            Message(
                "{name} takes {shape}, which is not an image: carvis opens image classifiers.",
                name=name,
                shape=shape[1:],
            )
        )
    scores = outputs[0].shape
    if len(scores) != 2 or scores[1] is None:
        raise ModelError(
            Message(
                "{name} outputs {scores}, not one score per class: it is not a classifier.",
                name=name,
                scores=scores[1:],
            )
        )
    if input_dtype(model) in ("bool", "int8", "string"):
        raise ModelError(
            Message(
                "{name} takes {dtype}, which cannot hold pixel values 0 to 255: save it with a uint8 or float input.",
                name=name,
                dtype=input_dtype(model),
            )
        )
    return shape[1], shape[2], shape[3]


def fitting_size(
    fixed: tuple[int | None, int | None], requested: int | tuple[int | None, int | None] | None, name: str
) -> tuple[int, int]:
    """Return the input size (height, width): the model's own, or the requested one where the model leaves it open.

    Raises:
        ModelError: the two contradict, or neither says.
    """
    height, width = (requested, requested) if isinstance(requested, int) else requested or fixed
    if any(own not in (None, side) for own, side in zip(fixed, (height, width))):
        raise ModelError(
            Message(
                "{name} takes images of {own_height}x{own_width}, not {height}x{width}: omit input_size.",
                name=name,
                own_height=fixed[0],
                own_width=fixed[1],
                height=height,
                width=width,
            )
        )
    if height is None or width is None:
        raise ModelError(Message("{name} has no fixed input size: give input_size.", name=name))
    return int(height), int(width)


def n_classes(model: keras.Model) -> int:
    """Return how many classes a model has: two for a single output."""
    return max(int(model.outputs[0].shape[1]), 2)


def resizes_itself(model: keras.Model, channels: int) -> bool:
    """Tell whether images of any size reach a model's first weights at one size."""
    if tuple(model.inputs[0].shape[1:3]) != (None, None):
        return False
    shapes = []
    for size in _PROBES:
        try:
            values = first_weights_input(model, np.zeros((1, *size, channels), np.float32))
        # An open size may be one that the model cannot take.
        except Exception:
            return False
        shapes.append(None if values is None else values.shape[1:])
    return None not in shapes and shapes[0] == shapes[1]
