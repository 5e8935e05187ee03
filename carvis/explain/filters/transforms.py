"""What is done to pictures on their way to the model, so that the pattern does not hang on single pixels."""

import tensorflow as tf


def jitter(pictures, reach: int, seed):
    """Move pictures round their edges by up to ``reach`` pixels: (N, H, W, C), the same way for all.

    Args:
        seed: two integers.
    """
    if reach < 1:
        return pictures
    return tf.roll(pictures, tf.random.stateless_uniform([2], seed, -reach, reach + 1, tf.int32), axis=[1, 2])


def total_variation(pictures):
    """Return how much neighbouring pixels differ: (N, H, W, C) to (N,), the mean of both directions."""
    down = tf.abs(pictures[:, 1:] - pictures[:, :-1])
    across = tf.abs(pictures[:, :, 1:] - pictures[:, :, :-1])
    return tf.reduce_mean(down, axis=(1, 2, 3)) + tf.reduce_mean(across, axis=(1, 2, 3))
