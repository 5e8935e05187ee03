"""The pictures of a run: which are trained on, which validate, read once and kept in memory where they fit."""

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
import pandas as pd
import tensorflow as tf

from carvis.classifier.preprocessing import PREPROCESSING
from carvis.dataset import Dataset, Unreadable, pipeline
from carvis.errors import TrainingError
from carvis.images import USUAL, Reading, load_batch
from carvis.language import Message, together
from carvis.training.augmentation import augment, draw_views
from carvis.workspace import content_hash, is_demo

MEMORY_BUDGET = 1_500_000_000
HELD_OUT = 0.15


def split_samples(data: Dataset, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, str | None]:
    """Return the samples to train on and to validate on, and a sentence where the latter were held out.

    A data set without validation pictures gives a share of each class's training pictures, chosen by the seed.

    Raises:
        TrainingError: there are too few pictures or classes.
    """
    if "train" not in data.splits and is_demo(data.root):
        raise TrainingError(
            Message("{root} has no training images yet: `python -m carvis demo` draws them.", root=data.root)
        )
    if "train" not in data.splits:
        raise TrainingError(
            Message("{root} has no train folder: lay the pictures out as train/<class>/*.jpg.", root=data.root)
        )
    train = data.samples("train")
    classes = train["label"].nunique()
    if classes < 2:
        few = Message(
            "{root} has training pictures of {classes} classes: two or more are needed.",
            root=data.root,
            classes=classes,
        )
        raise TrainingError(together([few, *data.not_read_notes("train")]))
    valid = data.samples("valid") if "valid" in data.splits else train.iloc[:0]
    if len(valid):
        return train, valid, None
    rng = np.random.default_rng(seed)
    held = [
        rng.permutation(group.index)[: round(HELD_OUT * len(group)) or min(1, len(group) - 1)]
        for _, group in train.groupby("label", sort=True)
    ]
    chosen = np.sort(np.concatenate(held))
    if not len(chosen):
        few = Message("{root} has one training picture a class: more are needed to train and validate.", root=data.root)
        raise TrainingError(together([few, *data.not_read_notes("train")]))
    said = f"There is no valid split: {len(chosen)} of {len(train)} training pictures validate and are not trained on."
    return train.drop(index=chosen).reset_index(drop=True), train.loc[chosen].reset_index(drop=True), said


def shuffled(count: int, epoch: int | None, seed: int) -> np.ndarray:
    """Return the order of ``count`` pictures in an epoch; None keeps the order."""
    return np.arange(count) if epoch is None else np.random.default_rng([seed, epoch]).permutation(count)


class Pictures:
    """Pictures of one split, all read once: those that cannot be read are left out and listed.

    Args:
        samples: columns id, path and label.
        class_names: gives each label its index.
        reading: how files are read, which the model is bound to.
        memory: bytes that the resized pictures may take; where they do not fit they are read again each epoch.
        watch: called with the number of pictures read; returns True to stop reading.
    """

    def __init__(
        self,
        samples: pd.DataFrame,
        class_names: list[str],
        input_size: tuple[int, int],
        *,
        resize: str = "bilinear",
        channels: int = 3,
        reading: Reading = USUAL,
        memory: int = MEMORY_BUDGET,
        watch: Callable[[int], bool] = lambda done: False,
    ):
        self._size, self._resize, self._channels, self._reading = input_size, resize, channels, reading
        index_of = {name: i for i, name in enumerate(class_names)}
        paths = samples["path"].to_numpy(dtype=object)
        labels = samples["label"].map(index_of).to_numpy(np.int64)
        self.broken = Unreadable()
        shape = (len(paths), *input_size, channels)
        self._images = np.empty(shape, np.uint8) if np.prod(shape, dtype=np.int64) <= memory else None
        good = np.zeros(len(paths), bool)
        reader = pipeline(
            list(paths),
            input_size=input_size,
            resize_method=resize,
            channels=channels,
            reading=reading,
            unreadable=self.broken,
        )
        for indices, images in reader.as_numpy_iterator():
            good[indices] = True
            if self._images is not None:
                self._images[indices] = images
            if watch(int(good.sum())):
                break
        self._rows = np.flatnonzero(good)
        self._paths = paths
        self.ids = samples["id"].to_numpy(dtype=object)[self._rows].tolist()
        self.labels = labels[self._rows]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def cached(self) -> bool:
        return self._images is not None

    @cached_property
    def content(self) -> str:
        """A hash of the pictures themselves, in their order, as the model gets to see them."""
        chunks = (np.arange(i, min(i + 256, len(self))) for i in range(0, len(self), 256))
        return content_hash(*(content_hash(self.images(chunk)) for chunk in chunks))

    def images(self, indices: np.ndarray) -> np.ndarray:
        """Return pictures by position among the readable: uint8 (n, h, w, c)."""
        rows = self._rows[indices]
        if self._images is not None:
            return self._images[rows]
        return load_batch(self._paths[rows], self._size, self._resize, self._channels, self._reading)

    def batches(
        self,
        batch_size: int,
        preprocessing: str,
        *,
        epoch: int | None = None,
        seed: int = 0,
        view: int | None = None,
    ) -> Iterator[tuple]:
        """Return one pass of batches (images as the model takes them, labels).

        Args:
            epoch: with the seed it decides the order; None keeps the order.
            view: with the seed it decides how each picture is augmented; None shows the pictures as they are.
        """
        shape = (None, *self._size, self._channels)
        scale = PREPROCESSING[preprocessing]
        draws = None if view is None else draw_views(len(self), seed, view)

        def load(indices):
            images = tf.numpy_function(self.images, [indices], tf.uint8)
            images = tf.cast(tf.ensure_shape(images, shape), tf.float32)
            if draws is not None:
                images = augment(images, tf.gather(draws, indices))
            return scale(images), tf.gather(self.labels, indices)

        data = tf.data.Dataset.from_tensor_slices(shuffled(len(self), epoch, seed)).batch(batch_size)
        return iter(data.map(load, num_parallel_calls=2, deterministic=True).prefetch(2))
