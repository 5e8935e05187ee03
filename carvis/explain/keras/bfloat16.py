"""``precision="fast"``: convolutions in bfloat16 while a function is traced, the model itself left in float32."""

from collections.abc import Callable, Iterable
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend import AutocastScope


def heavy_layers(model_layers: Iterable[keras.Layer]) -> list[keras.Layer]:
    """Return the layers that gain: full convolutions. Depthwise ones and dense layers are bound by memory instead."""
    return [
        layer
        for layer in model_layers
        if isinstance(layer, keras.layers.Conv2D) and layer.groups == 1 and layer.compute_dtype == "float32"
    ]


def in_bfloat16(call: Callable[..., tf.Tensor], x: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
    """Run a layer's ``call`` on its input and weights rounded to bfloat16; the sums come back as float32."""
    with AutocastScope("bfloat16"):
        return tf.cast(call(tf.cast(x, tf.bfloat16), *args, **kwargs), x.dtype)
