from .check import check_dataset
from .health import Health, Shared
from .splits import Split, split_dataset

__all__ = [
    "Health",
    "Shared",
    "Split",
    "check_dataset",
    "split_dataset",
]
