"""The tf.data pipeline: images decoded in parallel by the one reader, resized as the model was trained."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carvis.errors import ImageError
from carvis.images import USUAL, Reading, ResizeMethod, read_for, resize
from carvis.language import message_of

if TYPE_CHECKING:
    import tensorflow as tf

_IMAGES_A_CALL = 8


@dataclass
class Unreadable:
    """Collects the images that a pipeline could not read: index in the list given, and the reason."""

    reasons: dict[int, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, index: int, reason: str) -> None:
        """Note why an image cannot be read."""
        with self._lock:
            self.reasons[index] = reason


def pipeline(
    paths: Sequence[str],
    labels: Sequence[int] | None = None,
    *,
    input_size: tuple[int, int] | tuple[None, None],
    resize_method: ResizeMethod = "bilinear",
    channels: int = 3,
    reading: Reading = USUAL,
    batch_size: int = 32,
    shuffle_seed: int | None = None,
    unreadable: Unreadable | None = None,
) -> "tf.data.Dataset":
    """Return a ``tf.data.Dataset`` of batches (indices, images) or (indices, images, labels).

    Args:
        paths: image files, N of them.
        labels: N class indices, or None.
        input_size: height and width of every image after resizing; (None, None) leaves each as it is, and batches
            then hold one image.
        resize_method: as ``carvis.images.resampling``.
        channels: 3 for RGB, 1 for grey.
        reading: how files are read; for a model its ``Classifier.reading``.
        shuffle_seed: None keeps the order given; a number gives a new order each epoch, the same for each seed.
        unreadable: where given, an image that cannot be read is recorded there and left out of the batches.

    Returns:
        int64 (n,), uint8 (n, height, width, channels) and, with labels, int64 (n,) a batch.

    Raises:
        ImageError: an image cannot be read and ``unreadable`` is None (raised by ``carvis`` readers while
            iterating; TensorFlow shows it as the cause of its own error).
    """
    import tensorflow as tf

    height, width = input_size
    names = np.array([str(path) for path in paths], dtype=object)
    targets = None if labels is None else np.asarray(labels, np.int64)

    def read(indices: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        images = np.empty((len(indices), height or 0, width or 0, channels), np.uint8)
        readable: list[int] = []
        for index in indices.tolist():
            try:
                image = read_for(reading, names[index], channels)
                if height is None or width is None:
                    images = image[None]
                else:
                    images[len(readable)] = resize(image, (height, width), resize_method)
            except ImageError as error:
                if unreadable is None:
                    raise
                unreadable.add(index, message_of(error))
            else:
                readable.append(index)
        return np.array(readable, np.int64), images[: len(readable)]

    def load(indices: "tf.Tensor") -> "tuple[tf.Tensor, ...]":
        readable, images = tf.numpy_function(read, [indices], (tf.int64, tf.uint8))
        readable.set_shape((None,))
        images.set_shape((None, height, width, channels))
        return (readable, images) if labels is None else (readable, images, tf.gather(targets, readable))

    data = tf.data.Dataset.range(len(names))
    if shuffle_seed is not None:
        data = data.shuffle(max(len(names), 1), seed=shuffle_seed, reshuffle_each_iteration=True)
    # TensorFlow's tuner of such numbers now and then holds a short pass up for two seconds.
    workers = os.cpu_count() or 1
    options = tf.data.Options()
    options.autotune.enabled = False
    options.threading.private_threadpool_size = workers
    # Several images a call: what TensorFlow does around each call costs nearly as much as decoding a small image.
    data = data.batch(1 if height is None else _IMAGES_A_CALL)
    data = data.map(load, num_parallel_calls=workers, deterministic=True)
    # Images of several sizes cannot be joined; one that could not be read left an empty batch.
    data = data.rebatch(batch_size) if height else data.filter(lambda readable, *rest: tf.size(readable) > 0)
    return data.prefetch(2).with_options(options)
