"""What is to grow: one number a picture, as a function of the layer's output."""

import tensorflow as tf


def channel_mean(output, channels):
    """Return the mean of one channel of each picture: output (N, h, w, c) and channels int32 (N,) to (N,)."""
    # A mask, since picking channels out of each picture is slow to differentiate.
    mask = tf.one_hot(channels, tf.shape(output)[3])[:, None, None, :]
    return tf.reduce_mean(tf.reduce_sum(output * mask, axis=3), axis=(1, 2))
