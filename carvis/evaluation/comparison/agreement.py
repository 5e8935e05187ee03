"""Which models are right on which images: every pattern of right and wrong, with its images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.language import Message

# Patterns that do not occur are worth a row where there are few of them.
_ALL_LISTED = 4


def lattice(right: NDArray[np.bool_], names: Sequence[str], ids: Iterable[str]) -> pd.DataFrame:
    """Every pattern of right and wrong predictions, how many images have it, and which.

    Args:
        right: whether each model (column) is right on each image (row), bool (N, models).
        names: of the models.
        ids: of the images.

    Returns:
        One row per pattern, indexed by it (``"101"``: a digit a model, 1 where it is right): count, share, ids (list).
        First those that most models get right. Patterns that do not occur are listed for up to four models.
    """
    listed, table = np.array(list(ids), dtype=object), pd.DataFrame(np.asarray(right, bool).astype(np.uint8))
    key = table.iloc[:, 0].astype(str)
    for column in range(1, len(names)):
        key = key + table.iloc[:, column].astype(str)
    places = key.groupby(key, sort=False).indices
    patterns = set(map(str, places))
    if len(names) <= _ALL_LISTED:
        patterns |= {"".join(bits) for bits in product("10", repeat=len(names))}
    ordered = sorted(patterns, key=lambda pattern: (-pattern.count("1"), pattern.translate(_SWAP)))
    rows = [places.get(pattern, np.array([], int)) for pattern in ordered]
    counts = [len(row) for row in rows]
    return pd.DataFrame(
        {"count": counts, "share": np.array(counts) / len(listed), "ids": [listed[row].tolist() for row in rows]},
        index=pd.Index(ordered, name="pattern"),
    )


_SWAP = str.maketrans("01", "10")


def pattern_words(pattern: str, names: Sequence[str]) -> Message:
    """A pattern in words: ``Only fine is right``."""
    right = [name for name, bit in zip(names, pattern, strict=True) if bit == "1"]
    wrong = [name for name, bit in zip(names, pattern, strict=True) if bit == "0"]
    if not wrong:
        return Message("All are right")
    if not right:
        return Message("None is right")
    if len(right) == 1:
        return Message("Only {model} is right", model=right[0])
    if len(wrong) == 1:
        return Message("Only {model} is wrong", model=wrong[0])
    return Message("Only {models} and {model} are right", models=", ".join(right[:-1]), model=right[-1])
