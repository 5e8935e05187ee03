"""Images on their way into a model, one by one: prepared, with what the heatmap has to carry of them."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from carvis.classifier import Classifier
from carvis.classifier.classifier import MOST_VALUES
from carvis.classifier.model_input import MOST_NATIVE_PIXELS
from carvis.dataset import Unreadable, label_of_path
from carvis.errors import ImageError
from carvis.explain.input_frame import turn_for
from carvis.language import Message, message_of

Label = str | int


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """One image as a model takes it.

    Attributes:
        values: float32 (h, w, c).
        label: its true class, name or index, where it is known.
        source: the file that it was read from.
        turn: the EXIF orientation by which its heatmap is to be turned upright.
        size_notes: what has to be known where it was made smaller.
        label_notes: what has to be known where its label was guessed.
    """

    values: NDArray[np.float32]
    label: Label | None
    source: str | None = None
    turn: int = 1
    size_notes: tuple[Message, ...] = ()
    label_notes: tuple[Message, ...] = ()


def images_of_array(
    clf: Classifier, images: np.ndarray, labels: Sequence[Label] | None = None
) -> Iterator[PreparedImage]:
    """Prepare the images of an array, uint8 (N, H, W, 3) or (N, H, W, 1)."""
    for i, image in enumerate(images):
        yield PreparedImage(
            clf.prepare([image])[0],
            None if labels is None else labels[i],
            size_notes=_size_notes(clf, image),
        )


def images_of_files(
    clf: Classifier,
    files: Iterable[str | Path | bytes],
    labels: Sequence[Label] | None = None,
    *,
    guess_labels: bool = False,
    unreadable: Unreadable | None = None,
) -> Iterator[PreparedImage]:
    """Read and prepare files, or their bytes.

    Args:
        labels: the true class of each file, where known.
        guess_labels: where there are no ``labels`` they are taken from the folders.
        unreadable: where given, files that cannot be read are recorded there and skipped.

    Raises:
        ImageError: a file cannot be read and ``unreadable`` is None.
    """
    for i, file in enumerate(files):
        try:
            # Only what the model takes is kept while its heatmap is made, not a whole photograph.
            image, turn = clf.read_image(file), turn_for(clf, file)
            values, size_notes = clf.prepare([image])[0], _size_notes(clf, image)
            del image
        except ImageError as error:
            if unreadable is None:
                raise
            unreadable.add(i, message_of(error))
            continue
        label = None if labels is None else labels[i]
        source, note = None if isinstance(file, bytes) else str(file), None
        if guess_labels and labels is None and not isinstance(file, bytes):
            label, note = label_of_path(file)
        yield PreparedImage(values, label, source, turn, size_notes, (note,) if note else ())


def in_batches(images: Iterable[PreparedImage], size: int) -> Iterator[list[PreparedImage]]:
    """Cut a stream into batches of images of one size, small enough for memory."""
    for shape, group in groupby(images, key=lambda image: image.values.shape):
        while batch := list(islice(group, max(min(size, MOST_VALUES // math.prod(shape)), 1))):
            yield batch


def _size_notes(clf: Classifier, image: np.ndarray) -> tuple[Message, ...]:
    if not clf.too_large(image):
        return ()
    n = MOST_NATIVE_PIXELS // 10**6
    return (Message("To save memory, this heatmap was computed from the image reduced to {n} million pixels.", n=n),)
