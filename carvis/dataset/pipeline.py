"""The tf.data pipeline: pictures decoded in parallel by the one reader, resized as the model was trained."""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from carvis.errors import ImageError
from carvis.images import read_image, resize


@dataclass
class Unreadable:
    """Collects the pictures that a pipeline could not read: index in the list given, and the reason."""

    reasons: dict[int, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, index: int, reason: str) -> None:
        with self._lock:
            self.reasons[index] = reason


def pipeline(
    paths: Sequence[str],
    labels: Sequence[int] | None = None,
    *,
    input_size: tuple[int, int],
    resize_method: str = "bilinear",
    channels: int = 3,
    batch_size: int = 32,
    shuffle_seed: int | None = None,
    unreadable: Unreadable | None = None,
):
    """Return a ``tf.data.Dataset`` of batches (indices, images) or (indices, images, labels).

    Args:
        paths: picture files, N of them.
        labels: N class indices, or None.
        input_size: height and width of every picture after resizing.
        resize_method: as ``carvis.images.resize``.
        channels: 3 for RGB, 1 for grey.
        shuffle_seed: None keeps the order given; a number gives a new order each epoch, the same for each seed.
        unreadable: where given, a picture that cannot be read is recorded there and left out of the batches.

    Returns:
        int64 (n,), uint8 (n, height, width, channels) and, with labels, int64 (n,) a batch.

    Raises:
        ImageError: a picture cannot be read and ``unreadable`` is None (raised by ``carvis`` readers while
            iterating; TensorFlow shows it as the cause of its own error).
    """
    import tensorflow as tf

    height, width = input_size
    names = np.array([str(path) for path in paths], dtype=object)
    targets = np.asarray(labels if labels is not None else np.zeros(len(names)), dtype=np.int64)

    def read(index: int) -> tuple[np.ndarray, bool]:
        try:
            return resize(read_image(names[index], channels), (height, width), resize_method), True
        except ImageError as error:
            if unreadable is None:
                raise
            unreadable.add(int(index), str(error))
            return np.zeros((height, width, channels), np.uint8), False

    def load(index, label):
        image, good = tf.numpy_function(read, [index], (tf.uint8, tf.bool))
        image.set_shape((height, width, channels))
        good.set_shape(())
        return index, image, label, good

    data = tf.data.Dataset.from_tensor_slices((np.arange(len(names), dtype=np.int64), targets))
    if shuffle_seed is not None:
        data = data.shuffle(max(len(names), 1), seed=shuffle_seed, reshuffle_each_iteration=True)
    # TensorFlow's tuner of such numbers now and then holds a short pass up for two seconds.
    workers = os.cpu_count() or 1
    options = tf.data.Options()
    options.autotune.enabled = False
    options.threading.private_threadpool_size = workers
    data = data.map(load, num_parallel_calls=workers, deterministic=True)
    if unreadable is not None:
        data = data.filter(lambda index, image, label, good: good)
    data = data.map(
        (lambda index, image, label, good: (index, image))
        if labels is None
        else (lambda index, image, label, good: (index, image, label))
    )
    return data.batch(batch_size).prefetch(2).with_options(options)
