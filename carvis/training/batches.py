"""The batches that a run trains and validates on, as ``tf.data``: of images, or of features computed once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from carvis.classifier.preprocessing import PREPROCESSING
from carvis.classifier.vocabulary import PreprocessingName
from carvis.training.augmentation import augment, draw_views
from carvis.training.devices import Devices, split_batch
from carvis.training.image_set import ImageSet

Loader = Callable[[tf.Tensor], tf.Tensor]


class Inputs(Protocol):
    """What a model is trained on: N inputs with their labels, in one or several views."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class indices (N,)."""

    @property
    def views(self) -> int:
        """How many views of each input there are."""

    def loader(self, view: tf.Tensor) -> Loader:
        """Return what loads the inputs of some indices, float32 (n, ...), in one view."""


@dataclass(frozen=True)
class ImageInputs:
    """Images as the model takes them.

    Args:
        images: uint8 RGB.
        preprocessing: its name.
        shown_views: numbers of augmented views; None shows the images as they are.
        seed: with the number of a view it decides how each image is augmented.
    """

    images: ImageSet
    preprocessing: PreprocessingName
    shown_views: list[int | None]
    seed: int = 0

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class indices (N,)."""
        return self.images.labels

    @property
    def views(self) -> int:
        """How many views of each image there are."""
        return len(self.shown_views)

    def loader(self, view: tf.Tensor) -> Loader:
        """Return what loads the images of some indices in one view; the view is a position in ``shown_views``."""
        scale = PREPROCESSING[self.preprocessing]
        draws = None
        if self.shown_views != [None]:
            number = tf.gather(tf.constant(self.shown_views, tf.int64), view)
            draws = draw_views(len(self.images), self.seed, number)

        def load(indices: tf.Tensor) -> tf.Tensor:
            images = tf.numpy_function(self.images.images, [indices], tf.uint8)
            images = tf.cast(tf.ensure_shape(images, (None, *self.images.shape)), tf.float32)
            if draws is not None:
                images = augment(images, tf.gather(draws, indices))
            return scale(images)

        return load


def shuffled(count: int, epoch: int, seed: int) -> NDArray[np.int64]:
    """Return the order of ``count`` inputs in an epoch."""
    return np.random.default_rng([seed, epoch]).permutation(count)


def training_batches(
    inputs: Inputs,
    batch_size: int,
    n_classes: int,
    *,
    epochs: range,
    seed: int = 0,
    devices: Devices | None = None,
) -> tf.data.Dataset:
    """Return the batches of all epochs, one after the other: inputs, one-hot labels and, for devices, weights.

    The order depends on the seed and the epoch only, so that a resumed run sees the same batches.

    Args:
        epochs: those to train, from 0. Their views are shown in turn.
        devices: where there are several, an element is the share of one of them.
    """

    def of_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.numpy_function(lambda e: shuffled(len(inputs.labels), int(e), seed), [epoch], tf.int64)
        order = tf.ensure_shape(order, (len(inputs.labels),))
        return _batches(inputs, epoch % inputs.views, order, batch_size, n_classes, devices)

    dataset = tf.data.Dataset.range(epochs.start, epochs.stop).flat_map(of_epoch).prefetch(2)
    return devices.distributed(dataset) if devices else dataset


def batches_in_order(
    inputs: Inputs, batch_size: int, n_classes: int, *, view: int = 0, devices: Devices | None = None
) -> tf.data.Dataset:
    """Return one pass in the order of the inputs, in one view; elements as ``training_batches``."""
    order = np.arange(len(inputs.labels), dtype=np.int64)
    view_number = tf.constant(view, tf.int64)
    dataset = _batches(inputs, view_number, order, batch_size, n_classes, devices).prefetch(2)
    return devices.distributed(dataset) if devices else dataset


def _batches(
    inputs: Inputs,
    view: tf.Tensor,
    order: tf.Tensor | NDArray[np.int64],
    batch_size: int,
    n_classes: int,
    devices: Devices | None,
) -> tf.data.Dataset:
    load = inputs.loader(view)

    def element(indices: tf.Tensor, *weights: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return load(indices), tf.one_hot(tf.gather(inputs.labels, indices), n_classes), *weights

    dataset = tf.data.Dataset.from_tensor_slices(order).batch(batch_size)
    if devices and len(devices) > 1:
        dataset = dataset.map(lambda indices: split_batch(indices, len(devices))).unbatch()
    return dataset.map(element, num_parallel_calls=2, deterministic=True)
