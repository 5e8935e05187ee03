"""Which models are right on which pictures: every pattern of right and wrong, with its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from carvis.language import _

# Patterns that do not occur are worth a row where there are few of them.
_ALL_LISTED = 4


def lattice(right: np.ndarray, names: Sequence[str], ids: Sequence[str]) -> pd.DataFrame:
    """Every pattern of right and wrong answers, how many pictures have it, and which.

    Args:
        right: whether each model (column) is right on each picture (row), bool (N, models).
        names: of the models.
        ids: of the pictures.

    Returns:
        A row a pattern, indexed by it (``"101"``: a digit a model, 1 where it is right): count, share, ids (list).
        First those that most models get right. Patterns that do not occur are listed for up to four models.
    """
    ids, table = np.asarray(ids, dtype=object), pd.DataFrame(np.asarray(right, bool).astype(np.uint8))
    key = table.iloc[:, 0].astype(str)
    for column in range(1, len(names)):
        key = key + table.iloc[:, column].astype(str)
    places = key.groupby(key, sort=False).indices
    patterns = set(places)
    if len(names) <= _ALL_LISTED:
        patterns |= {"".join(bits) for bits in product("10", repeat=len(names))}
    ordered = sorted(patterns, key=lambda pattern: (-pattern.count("1"), pattern.translate(_SWAP)))
    rows = [places.get(pattern, np.array([], int)) for pattern in ordered]
    counts = [len(row) for row in rows]
    return pd.DataFrame(
        {"count": counts, "share": np.array(counts) / len(ids), "ids": [ids[row].tolist() for row in rows]},
        index=pd.Index(ordered, name="pattern"),
    )


_SWAP = str.maketrans("01", "10")


def pattern_words(pattern: str, names: Sequence[str]) -> str:
    """A pattern in words: ``only fine is right``."""
    right = [name for name, bit in zip(names, pattern, strict=True) if bit == "1"]
    wrong = [name for name, bit in zip(names, pattern, strict=True) if bit == "0"]
    if not wrong:
        return _("all are right")
    if not right:
        return _("none is right")
    if len(right) == 1:
        return _("only {model} is right").format(model=right[0])
    if len(wrong) == 1:
        return _("only {model} is wrong").format(model=wrong[0])
    return _("only {models} and {model} are right").format(models=", ".join(right[:-1]), model=right[-1])
