"""Leakage: test images that are also in training, and how good a model is without them."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from carvis.dataset import Dataset
from carvis.dataset.health import check_dataset
from carvis.evaluation.metrics import wilson_interval
from carvis.language import Message, together
from carvis.workspace import Cache, content_hash, modified

# With fewer images an accuracy says next to nothing: its interval spans a third of the scale.
LEAST_CLEAN = 30
_MOST_RECENT = 4
_recent: OrderedDict[str, pd.DataFrame] = OrderedDict()


@dataclass(frozen=True)
class Leak:
    """How many of the evaluated images are also in training, and what is left without them.

    Attributes:
        copies: images with an exact duplicate or a near-duplicate in training.
        exact: those of them with the same bytes or pixels.
        clean: images without.
        correct: how many of the clean ones are predicted correctly.
    """

    copies: int
    exact: int
    clean: int
    correct: int

    @property
    def measurable(self) -> bool:
        """Whether at least 30 clean images are left."""
        return self.clean >= LEAST_CLEAN

    @property
    def accuracy(self) -> float | None:
        """Accuracy on the clean images, None where it is not measurable."""
        return self.correct / self.clean if self.measurable else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its Wilson interval (95 %), None where it is not measurable."""
        return wilson_interval(self.correct, self.clean) if self.measurable else None

    @property
    def finding(self) -> Message:
        """The accuracy on the clean images in words."""
        if self.interval is None:
            return Message("not measurable: make a leak-free split")
        low, high = self.interval
        return Message("{accuracy:.1%} (95 % CI {low:.1%} to {high:.1%})", accuracy=self.accuracy, low=low, high=high)

    def warning(self, model: str) -> Message:
        """Say how many images leak, and how accurate the model is without them."""
        n = Message.of_number(
            "Leakage: {n} of {total} images is also in training, exactly or nearly.",
            "Leakage: {n} of {total} images are also in training, exactly or nearly.",
            self.copies,
            n=f"{self.copies:,}",
            total=f"{self.copies + self.clean:,}",
        )
        if not self.measurable:
            return together([n, Message("Too few are left to measure without them: make a leak-free split.")])
        return together(
            [n, Message("Without them the accuracy of {model} is {accuracy}.", model=model, accuracy=self.finding)]
        )

    def __str__(self) -> str:
        return self.finding


def duplicates_in_training(data: Dataset, split: str, cache: Cache | str | Path | None = None) -> pd.DataFrame | None:
    """Find for each image of a split the training image that it is an exact duplicate or near-duplicate of.

    The result is cached in memory for a few data sets until a file changes; `cache` also stores it on disk.

    Returns:
        By id: copy_of (id, empty where there is none), exact (bool); None where there is no training split, or the
        split is it.
    """
    if split == "train" or "train" not in data.splits:
        return None
    times = [[modified(path) for path in data.samples(name)["path"]] for name in ("train", split)]
    key = content_hash(str(data.root), data.fingerprint, split, times)
    if key not in _recent:
        health = check_dataset(data, cache=cache)
        duplicates = health.duplicates_of(split)
        # Two spellings of one name make one id.
        duplicates = duplicates[~duplicates.index.duplicated()]
        pixels = health.images.drop_duplicates("id").set_index("id")["pixels"]
        exact = pixels.reindex(duplicates.index).to_numpy() == pixels.reindex(duplicates).to_numpy()
        _recent[key] = pd.DataFrame(
            {"copy_of": duplicates, "exact": exact & (duplicates != "").to_numpy()}, index=duplicates.index
        )
    _recent.move_to_end(key)
    while len(_recent) > _MOST_RECENT:
        _recent.popitem(last=False)
    return _recent[key]


def leak_of(predictions: pd.DataFrame, exact: pd.Series) -> dict[str, int]:
    """The figures of ``Leak``, ready for JSON.

    Args:
        predictions: columns label, predicted, copy_of.
        exact: bool, in the same order.
    """
    clean = predictions["copy_of"] == ""
    right = predictions["label"] == predictions["predicted"]
    return {
        "copies": int((~clean).sum()),
        "exact": int(exact.sum()),
        "clean": int(clean.sum()),
        "correct": int((clean & right).sum()),
    }
