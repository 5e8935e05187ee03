"""Preprocessing of pixel values for a model, by name.

The formulas of ``caffe``, ``tf`` and ``torch`` are those of ``keras.applications.imagenet_utils``.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

# Values 0 to 255, RGB in the last axis: a numpy array, or a tensor, which numpy's own types do not know.
Images: TypeAlias = Any

_CAFFE_MEAN = np.array([103.939, 116.779, 123.68], np.float32)
_TORCH_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_TORCH_STD = np.array([0.229, 0.224, 0.225], np.float32)


def unit(images: Images) -> Images:
    """Return x / 255, in [0, 1]: what the tutorial's models take."""
    return images / 255.0


def caffe(images: Images) -> Images:
    """RGB to BGR, less the ImageNet mean of each channel."""
    return images[..., ::-1] - _CAFFE_MEAN


def tf(images: Images) -> Images:
    """Return x / 127.5 - 1, in [-1, 1]."""
    return images / 127.5 - 1.0


def torch(images: Images) -> Images:
    """Return x / 255, less the ImageNet mean, over the ImageNet standard deviation of each channel."""
    return (images / 255.0 - _TORCH_MEAN) / _TORCH_STD


def none(images: Images) -> Images:
    """Return x unchanged, in [0, 255]: for models that scale their input themselves."""
    return images


# Each takes float32 values.
PREPROCESSING: dict[str, Callable[[Images], Images]] = {
    "unit": unit,
    "caffe": caffe,
    "tf": tf,
    "torch": torch,
    "none": none,
}
