"""Transforms: what is done to the images on their way to the model, so that a pattern does not depend on single pixels.

A transform is a function of images (N, H, W, C) and a seed, int32 (2,), another one at each step, that returns images,
of any size. To add one, write it::

    def darker(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return images * tf.random.stateless_uniform([], seed, 0.5, 1.0)

    filter_patterns(clf, "block3_conv1", transforms=[jitter(4), darker])
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

Transform = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def jitter(reach: int) -> Transform:
    """Return a transform that rolls images by up to ``reach`` pixels in each direction, all of them alike."""

    def roll(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        shift = tf.random.stateless_uniform([2], seed, -reach, reach + 1, tf.int32)
        return tf.roll(images, shift, axis=[1, 2])

    return roll if reach > 0 else lambda images, seed: images


def transformed(images: tf.Tensor, transforms: Sequence[Transform], seed: tf.Tensor) -> tf.Tensor:
    """Apply transforms in their order, each with a seed of its own."""
    for place, transform in enumerate(transforms):
        images = transform(images, tf.random.fold_in(seed, place) if place else seed)
    return images
