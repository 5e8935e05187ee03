"""Optimisers: how far a step changes the values, given their gradient.

An optimiser is a function (gradient, first, second, step) -> (change, first, second). All but ``step`` are float
tensors of the values' shape, the first axis the images; ``first`` and ``second`` are its memory, zero at the start;
``step`` is a float scalar that counts from 1.
"""

from collections.abc import Callable

import tensorflow as tf

EPSILON = 1e-5

Optimiser = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]


def normalised_ascent(rate: float = 1.0) -> Optimiser:
    """Return plain gradient ascent, the gradient divided by its root mean square, as in the tutorial."""

    def update(
        gradient: tf.Tensor, first: tf.Tensor, second: tf.Tensor, step: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        axes = list(range(1, len(gradient.shape)))
        length = tf.sqrt(tf.reduce_mean(gradient**2, axis=axes, keepdims=True))
        return rate * gradient / (length + EPSILON), first, second

    return update


def adam(rate: float = 0.02, beta_1: float = 0.9, beta_2: float = 0.999) -> Optimiser:
    """Return Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, section 2)."""

    def update(
        gradient: tf.Tensor, first: tf.Tensor, second: tf.Tensor, step: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        first = beta_1 * first + (1 - beta_1) * gradient
        second = beta_2 * second + (1 - beta_2) * gradient**2
        corrected = rate * tf.sqrt(1 - beta_2**step) / (1 - beta_1**step)
        return corrected * first / (tf.sqrt(second) + 1e-8), first, second

    return update
