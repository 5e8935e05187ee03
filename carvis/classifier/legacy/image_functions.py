"""Functions of ``tf.image`` that a graph of Keras 2 may apply, in operations of Keras 3."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import ops

from carvis.classifier.legacy.keras2_layers import ImageResize
from carvis.classifier.legacy.shape_values import ShapeValue, static_sides

L = keras.layers
Tensor: TypeAlias = keras.KerasTensor


def resize(
    images: Tensor,
    size: ShapeValue | Sequence[Any],
    method: str = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
) -> Tensor:
    """``tf.image.resize``."""
    if preserve_aspect_ratio:
        raise TypeError("preserve_aspect_ratio")
    height, width = static_sides(size)
    return ImageResize(height, width, interpolation=str(method).lower(), antialias=antialias)(images)


def per_image_standardization(image: Tensor) -> Tensor:
    """``tf.image.per_image_standardization``."""
    axes = (-3, -2, -1)
    mean, deviation = ops.mean(image, axis=axes, keepdims=True), ops.std(image, axis=axes, keepdims=True)
    return (image - mean) / ops.maximum(deviation, float(1 / np.sqrt(np.prod(image.shape[-3:]))))


def central_crop(image: Tensor, central_fraction: float) -> Tensor:
    """``tf.image.central_crop``."""
    cuts = [int((side - side * central_fraction) / 2) for side in image.shape[-3:-1]]
    (top, left), (height, width) = cuts, image.shape[-3:-1]
    return image[..., top : height - top, left : width - left, :]


def crop_to_bounding_box(
    image: Tensor, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Tensor:
    """``tf.image.crop_to_bounding_box``."""
    return image[..., offset_height : offset_height + target_height, offset_width : offset_width + target_width, :]


def rgb_to_grayscale(images: Tensor) -> Tensor:
    """``tf.image.rgb_to_grayscale``."""
    weights = ops.reshape(ops.convert_to_tensor([0.2989, 0.587, 0.114], "float32"), (3, 1))
    return ops.cast(ops.matmul(ops.cast(images, "float32"), weights), images.dtype)


def convert_image_dtype(image: Tensor, dtype: str, saturate: bool = False) -> Tensor:
    """``tf.image.convert_image_dtype``, to float32."""
    source = keras.backend.standardize_dtype(image.dtype)
    if str(dtype) != "float32" or not ("int" in source or source == "float32"):
        raise TypeError("only to float32")
    return L.Rescaling(1 / np.iinfo(source).max)(image) if "int" in source else image
