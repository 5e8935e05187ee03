"""Parametrisations: the values that gradient ascent changes, and the images that follow from them.

To add one, write a function (size, channels) -> ``Parametrisation``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from carvis.explain.filters.optimiser import EPSILON

# How red, green and blue vary together in photographs: square root of their covariance, as Lucid publishes it
# (Olah et al., "Feature Visualization", Distill 2017).
_COLOUR_ROOT = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32)
_COLOURS = (_COLOUR_ROOT / np.linalg.norm(_COLOUR_ROOT, axis=0).max()).T
_SPECTRUM_SPREAD = 0.01


def rounded(image: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Bring an image of values 0 to 255 to uint8."""
    return np.clip(image, 0, 255).round().astype(np.uint8)


def standardised(image: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Bring an image of any values to a mean of grey and a spread of a tenth of the range, as the tutorial does."""
    values = (image - image.mean()) / (image.std() + EPSILON) * 0.1 + 0.5
    return (np.clip(values, 0, 1) * 255).astype(np.uint8)


@dataclass(frozen=True)
class Parametrisation:
    """Where images start and how they follow from the values that are changed.

    Attributes:
        start: (number of images, random generator, spread) -> values, float32, the first axis the images. ``spread``
            is that of the noise in pixel values; a filter without a gradient is tried again with a wider one.
        image: the values as a tensor -> images (N, size, size, c), 0 to 255.
        finish: an image (size, size, c) at the end of the ascent -> uint8.
    """

    start: Callable[[int, np.random.Generator, float], NDArray[np.float32]]
    image: Callable[[tf.Tensor], tf.Tensor]
    finish: Callable[[NDArray[np.floating]], NDArray[np.uint8]] = rounded


ParametrisationFactory = Callable[[int, int], Parametrisation]


def pixels(size: int, channels: int) -> Parametrisation:
    """Change the pixels themselves, from uniform noise of ``spread`` above 128."""

    def start(count: int, rng: np.random.Generator, spread: float) -> NDArray[np.float32]:
        # The tutorial's noise lies above the middle; wider noise must lie around it to stay within 0 to 255.
        low = 128.0 if spread <= 127 else 128.0 - spread / 2
        return (low + spread * rng.random((count, size, size, channels))).astype(np.float32)

    return Parametrisation(start, lambda values: values, standardised)


def fourier(size: int, channels: int) -> Parametrisation:
    """Change the spectrum, divided by frequency, of decorrelated colours; the contrast of the image is constant.

    Olah, Mordvintsev and Schubert, "Feature Visualization" (Distill 2017), section on preconditioning. A contrast that
    is free grows with every step until all colours are saturated.
    """
    across = np.fft.rfftfreq(size)
    frequency = np.sqrt(np.fft.fftfreq(size)[:, None] ** 2 + across[None] ** 2)
    scale = (size / np.maximum(frequency, 1 / size)).astype(np.float32)

    def start(count: int, rng: np.random.Generator, spread: float) -> NDArray[np.float32]:
        shape = (count, channels, size, len(across), 2)
        return (_SPECTRUM_SPREAD * spread / 20 * rng.normal(size=shape)).astype(np.float32)

    def image(values: tf.Tensor) -> tf.Tensor:
        spectrum = tf.complex(values[..., 0] * scale, values[..., 1] * scale)
        colours = tf.transpose(tf.signal.irfft2d(spectrum, [size, size]), [0, 2, 3, 1])
        if channels == 3:
            colours = tf.einsum("nhwc,cd->nhwd", colours, _COLOURS)
        strength = tf.reduce_mean(colours**2, axis=[1, 2, 3], keepdims=True)
        return 255 * tf.sigmoid(colours * tf.math.rsqrt(strength + 1e-12))

    return Parametrisation(start, image)
