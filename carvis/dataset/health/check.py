"""Checking a data set: broken files, copies, classes with too few pictures, light and sharpness."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from carvis.dataset.dataset import Dataset
from carvis.dataset.health.duplicates import find_copies
from carvis.dataset.health.health import Health
from carvis.dataset.health.image_facts import CACHE_BYTES, describe
from carvis.workspace import Cache

# Of the time a first check takes, reading the files takes about this share.
_READING = 60


def check_dataset(
    data: Dataset | str | Path,
    progress: Callable[[float, float], None] | None = None,
    cache: Cache | str | Path | None = None,
) -> Health:
    """Look at every picture of a data set and find what would mislead training or evaluation.

    Args:
        data: a data set or its folder.
        progress: called with (per cent done, 100).
        cache: a cache, or the folder for one, that makes a second check of the same files fast; about 3.5 kB a
            picture.

    Raises:
        DatasetError: the folder is not laid out as a data set.
    """
    data = data if isinstance(data, Dataset) else Dataset(data)
    if cache is not None and not isinstance(cache, Cache):
        cache = Cache(cache, CACHE_BYTES)
    watch = progress or (lambda done, total: None)
    samples = pd.concat([data.samples(split).assign(split=split) for split in data.splits], ignore_index=True)
    described = describe(samples, cache, lambda done, total: watch(_READING * done / max(total, 1), 100))
    copies = find_copies(described, cache, lambda share: watch(_READING + (100 - _READING) * share, 100))
    pictures = described.table.assign(group=copies.group)
    watch(100, 100)
    others = data.other_files()
    return Health(data.name, data.root, data.counts(), pictures, others, copies)
