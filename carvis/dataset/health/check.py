"""Checking a data set: broken files, duplicates, classes with too few images, light and sharpness."""

from pathlib import Path

import pandas as pd

from carvis.dataset.dataset import Dataset
from carvis.dataset.health.duplicates import find_duplicates
from carvis.dataset.health.health import Health
from carvis.dataset.health.image_facts import CACHE_BYTES, describe
from carvis.progress import Progress, no_progress, partial_progress
from carvis.workspace import Cache

# Of the time a first check takes, reading the files takes about this share.
_READING = 60


def check_dataset(
    data: Dataset | str | Path,
    progress: Progress | None = None,
    cache: Cache | str | Path | None = None,
) -> Health:
    """Look at every image of a data set and find what would mislead training or evaluation.

    Args:
        data: a data set or its folder.
        progress: called with (per cent done, 100); a true return stops the check.
        cache: a cache, or the folder for one, that makes a second check of the same files fast; about 3.5 kB a
            image.

    Raises:
        DatasetError: the folder is not laid out as a data set.
        StoppedError: ``progress`` asked to stop; what was read by then is cached.
    """
    data = data if isinstance(data, Dataset) else Dataset(data)
    if cache is not None and not isinstance(cache, Cache):
        cache = Cache(cache, CACHE_BYTES)
    progress = progress or no_progress
    samples = pd.concat([data.samples(split).assign(split=split) for split in data.splits], ignore_index=True)
    described = describe(samples, cache, partial_progress(progress, 0, _READING))
    duplicates = find_duplicates(described, cache, partial_progress(progress, _READING, 100))
    images = described.table.assign(group=duplicates.group)
    progress(100, 100)
    others = data.other_files()
    return Health(data.name, data.root, data.counts(), images, others, duplicates)
