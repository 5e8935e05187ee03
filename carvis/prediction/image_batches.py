"""Images from files or bytes as several models take them: each read once, in batches that stay small in memory."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carvis.errors import ImageError
from carvis.images import Reading, read_for
from carvis.language import Message, message_of
from carvis.prediction.augmentation import Augmentation, n_views, views

if TYPE_CHECKING:
    from carvis.classifier import Classifier

_WORKERS = max(min(os.cpu_count() or 1, 4), 1)
# Of the prepared images of a batch, for all models and views together: 256 MB.
_MOST_VALUES = 256_000_000


@dataclass(frozen=True)
class ImageSource:
    """An image to predict: its name, and its path or its content."""

    name: str
    source: Path | bytes


@dataclass(frozen=True, eq=False)
class ReadImage:
    """An image as each model takes it, or the reason why it cannot be read.

    Attributes:
        image: which one.
        fitted: of each model's name its views, uint8 (h, w, c) each, the image itself first.
        reason: why it cannot be read.
    """

    image: ImageSource
    fitted: Mapping[str, Sequence[NDArray[np.uint8]]]
    reason: Message | str | None = None


def image_batches(
    models: Mapping[str, Classifier],
    images: Iterable[ImageSource],
    *,
    augment: Augmentation = "none",
    batch_size: int = 32,
) -> Iterator[list[ReadImage]]:
    """Read images in parallel and yield them in their order, in batches.

    Whole photographs are held only while they are resized, one in each thread.

    Args:
        models: by name.
        batch_size: images at once; fewer where the models' inputs are large.
    """
    size = max(1, min(batch_size, _MOST_VALUES // max(_values(models, augment), 1)))
    rest = iter(images)
    with ThreadPoolExecutor(_WORKERS) as pool:
        ahead: deque[Future[ReadImage]] = deque()

        def fill() -> None:
            ahead.extend(pool.submit(_read, models, one, augment) for one in islice(rest, size + _WORKERS - len(ahead)))

        fill()
        while ahead:
            batch: list[ReadImage] = []
            while ahead and len(batch) < size:
                batch.append(ahead.popleft().result())
            fill()
            yield batch


def _values(models: Mapping[str, Classifier], augment: Augmentation) -> int:
    """Count the values of an image for all models; a model of images of any size may take a photograph as it is."""
    if any(clf.native_size for clf in models.values()):
        return _MOST_VALUES
    return n_views(augment) * sum(math.prod((*clf.probe_size, clf.channels)) for clf in models.values())


def _read(models: Mapping[str, Classifier], image: ImageSource, augment: Augmentation) -> ReadImage:
    fitted: dict[str, list[NDArray[np.uint8]]] = {}
    by_reading: dict[tuple[Reading, int], list[str]] = {}
    for name, clf in models.items():
        by_reading.setdefault((clf.reading, clf.channels), []).append(name)
    try:
        for (reading, channels), names in by_reading.items():
            pixels = read_for(reading, image.source, channels)
            for name in names:
                fitted[name] = [models[name].fit(view) for view in views(pixels, augment)]
            del pixels
    except ImageError as error:
        return ReadImage(image, {}, message_of(error))
    except MemoryError:
        return ReadImage(
            image, {}, Message("{path} needs more memory than there is: make it smaller.", path=image.name)
        )
    return ReadImage(image, fitted)
