"""What is changed to make the objective grow: pixels, or the spectrum of the picture."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

# How red, green and blue vary together in photographs: square root of their covariance, as Lucid publishes it
# (Olah et al., "Feature Visualization", Distill 2017).
_COLOUR_ROOT = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32)
_COLOURS = (_COLOUR_ROOT / np.linalg.norm(_COLOUR_ROOT, axis=0).max()).T
_SPECTRUM_SPREAD = 0.01


@dataclass(frozen=True)
class Parametrisation:
    """Where pictures start and how they follow from what is changed.

    Attributes:
        start: (number of pictures, random generator, spread) -> float32 array, the first axis the pictures.
        picture: that array as a tensor -> pictures (N, size, size, c), 0 to 255.
    """

    start: Callable[[int, np.random.Generator, float], np.ndarray]
    picture: Callable


def pixels(size: int, channels: int) -> Parametrisation:
    """Change the pixels themselves, from uniform noise of ``spread`` above 128."""

    def start(count, rng, spread):
        # The tutorial's noise lies above the middle; wider noise must lie about it to stay a picture.
        low = 128.0 if spread <= 127 else 128.0 - spread / 2
        return (low + spread * rng.random((count, size, size, channels))).astype(np.float32)

    return Parametrisation(start, lambda x: x)


def fourier(size: int, channels: int) -> Parametrisation:
    """Change the spectrum, divided by frequency, of decorrelated colours; the picture has one contrast at all times.

    Olah, Mordvintsev and Schubert, "Feature Visualization" (Distill 2017), section on preconditioning. The contrast is
    held by us: left to itself it grows with every step until the colours are nothing but full ones.
    """
    across = np.fft.rfftfreq(size)
    frequency = np.sqrt(np.fft.fftfreq(size)[:, None] ** 2 + across[None] ** 2)
    scale = (size / np.maximum(frequency, 1 / size)).astype(np.float32)

    def start(count, rng, spread):
        shape = (count, channels, size, len(across), 2)
        return (_SPECTRUM_SPREAD * spread / 20 * rng.normal(size=shape)).astype(np.float32)

    def picture(x):
        spectrum = tf.complex(x[..., 0] * scale, x[..., 1] * scale)
        values = tf.transpose(tf.signal.irfft2d(spectrum, [size, size]), [0, 2, 3, 1])
        if channels == 3:
            values = tf.einsum("nhwc,cd->nhwd", values, _COLOURS)
        strength = tf.reduce_mean(values**2, axis=[1, 2, 3], keepdims=True)
        return 255 * tf.sigmoid(values * tf.math.rsqrt(strength + 1e-12))

    return Parametrisation(start, picture)
