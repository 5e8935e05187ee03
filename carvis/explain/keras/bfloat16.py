"""``precision="fast"``: convolutions in bfloat16 while a function is traced, the model itself left in float32."""

import keras
import tensorflow as tf
from keras.src.backend import AutocastScope

from carvis.classifier.cpu import has_bfloat16
from carvis.errors import ModelError
from carvis.language import Message

PRECISIONS = ("full", "fast")


def check_precision(name: str) -> None:
    """Check that a precision is known and can be had here.

    Raises:
        ModelError: it is not, or it cannot.
    """
    if name not in PRECISIONS:
        raise ModelError(
            Message("{name} is not a precision: choose one of {choices}.", name=name, choices=", ".join(PRECISIONS))
        )
    if name == "fast" and not has_bfloat16():
        raise ModelError(
            Message("This processor tells of no bfloat16 units, which precision fast needs: leave it at full.")
        )


def heavy_layers(model_layers) -> list[keras.Layer]:
    """Pick the layers that gain: full convolutions. Depthwise ones and dense layers wait for memory instead."""
    return [
        layer
        for layer in model_layers
        if isinstance(layer, keras.layers.Conv2D) and layer.groups == 1 and layer.compute_dtype == "float32"
    ]


def in_bfloat16(call, x, *args, **kwargs):
    """Run a layer's ``call`` on its input and weights rounded to bfloat16; the sums come back as float32."""
    with AutocastScope("bfloat16"):
        return tf.cast(call(tf.cast(x, tf.bfloat16), *args, **kwargs), x.dtype)
