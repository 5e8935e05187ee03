"""The images of a run: which are trained on, which validate, read once and kept in memory where they fit."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.dataset import Dataset, Unreadable, pipeline
from carvis.errors import TrainingError
from carvis.images import USUAL, Reading, ResizeMethod, load_batch
from carvis.language import Message, together
from carvis.workspace import content_hash, is_demo

MEMORY_BUDGET = 1_500_000_000
HELD_OUT = 0.15


def split_samples(data: Dataset, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, str | None]:
    """Return the samples to train on and to validate on, and a sentence where the latter were held out.

    A data set without validation images gives a share of each class's training images, chosen by the seed.

    Raises:
        TrainingError: there are too few images or classes.
    """
    if "train" not in data.splits and is_demo(data.root):
        raise TrainingError(
            Message("{root} has no training images yet: `python -m carvis demo` draws them.", root=data.root)
        )
    if "train" not in data.splits:
        raise TrainingError(
            Message("{root} has no train folder: arrange the images as train/<class>/*.jpg.", root=data.root)
        )
    train = data.samples("train")
    classes = train["label"].nunique()
    if classes < 2:
        message = Message(
            "{root} has training images of {classes} classes: two or more are needed.",
            root=data.root,
            classes=classes,
        )
        raise TrainingError(together([message, *data.not_read_notes("train")]))
    valid = data.samples("valid") if "valid" in data.splits else train.iloc[:0]
    if len(valid):
        return train, valid, None
    rng = np.random.default_rng(seed)
    held_out = [
        rng.permutation(group.index)[: round(HELD_OUT * len(group)) or min(1, len(group) - 1)]
        for _, group in train.groupby("label", sort=True)
    ]
    positions = np.sort(np.concatenate(held_out))
    if not len(positions):
        message = Message(
            "{root} has one training image per class: more are needed to train and validate.", root=data.root
        )
        raise TrainingError(together([message, *data.not_read_notes("train")]))
    note = f"There is no valid split: {len(positions)} of {len(train)} training images validate and are not trained on."
    return train.drop(index=list(positions)).reset_index(drop=True), train.loc[positions].reset_index(drop=True), note


class ImageSet:
    """The images of one split, all read once: those that cannot be read are ignored and listed.

    Args:
        samples: columns id, path and label.
        class_names: gives each label its index.
        input_size: height and width.
        reading: how files are read, which the model is bound to.
        memory: bytes that the resized images may take; where they do not fit they are read again each epoch.
        progress: called with the number of images read and to read; returns True to stop reading.

    Attributes:
        ids, labels: of the readable images, in order; labels are int64 (N,).
        unreadable: what could not be read, and why.
    """

    def __init__(
        self,
        samples: pd.DataFrame,
        class_names: Sequence[str],
        input_size: tuple[int, int],
        *,
        resize: ResizeMethod = "bilinear",
        channels: int = 3,
        reading: Reading = USUAL,
        memory: int = MEMORY_BUDGET,
        progress: Callable[[int, int], bool | None] = lambda done, total: None,
    ):
        self._size, self._resize, self._channels, self._reading = input_size, resize, channels, reading
        index_of = {name: i for i, name in enumerate(class_names)}
        paths = samples["path"].to_numpy(dtype=object)
        labels = samples["label"].map(index_of).to_numpy(np.int64)
        self.unreadable = Unreadable()
        shape = (len(paths), *input_size, channels)
        self._images = np.empty(shape, np.uint8) if np.prod(shape, dtype=np.int64) <= memory else None
        readable = np.zeros(len(paths), bool)
        reader = pipeline(
            list(paths),
            input_size=input_size,
            resize_method=resize,
            channels=channels,
            reading=reading,
            unreadable=self.unreadable,
        )
        for indices, images in reader.as_numpy_iterator():
            readable[indices] = True
            if self._images is not None:
                self._images[indices] = images
            if progress(int(readable.sum()), len(paths)):
                break
        self._rows = np.flatnonzero(readable)
        self._paths = paths
        self.ids: list[str] = samples["id"].to_numpy(dtype=object)[self._rows].tolist()
        self.labels: NDArray[np.int64] = labels[self._rows].astype(np.int64)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def in_memory(self) -> bool:
        """Whether the resized images are kept in memory."""
        return self._images is not None

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one image."""
        return (*self._size, self._channels)

    @cached_property
    def content(self) -> str:
        """A hash of the images themselves, in their order, as the model gets to see them."""
        chunks = (np.arange(i, min(i + 256, len(self))) for i in range(0, len(self), 256))
        return content_hash(*(content_hash(self.images(chunk)) for chunk in chunks))

    def images(self, indices: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Return images by position among the readable: uint8 (n, h, w, c)."""
        rows = self._rows[indices]
        if self._images is not None:
            return self._images[rows]
        return load_batch(self._paths[rows], self._size, self._resize, self._channels, self._reading)
