"""Health of a data set: broken files, copies within and across splits, and a split without leaks."""

from carvis.dataset.health.check import check_dataset
from carvis.dataset.health.health import Health, Shared
from carvis.dataset.health.splits import Split, split_dataset

__all__ = ["Health", "Shared", "Split", "check_dataset", "split_dataset"]
