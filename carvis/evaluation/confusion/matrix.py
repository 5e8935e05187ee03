"""What a confusion matrix shows: shares, pairs of classes, the classes confused most, two models held together.

A confusion matrix is a DataFrame of counts as ``Evaluation.confusion`` gives it: true class down, predicted class
across, the same classes in the same order both ways.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from carvis.evaluation.alignment import Joined, join
from carvis.evaluation.confusion.choices import CELLS, Cells
from carvis.evaluation.result import Evaluation
from carvis.language import Message, together
from carvis.workspace.sample_ids import composed


def confusion_shares(counts: pd.DataFrame, of: Cells = "row", *, diagonal: bool = True) -> pd.DataFrame:
    """A confusion matrix as counts, or as shares of the true class or of the predicted class.

    Args:
        counts: (C, C) counts of images, true class down, predicted class across.
        of: ``count``; ``row``: shares of the true class's images, with recall on the diagonal; ``column``: shares of
            the predictions that name the predicted class, with precision on the diagonal.
        diagonal: False blanks the correct predictions (NaN). Shares are still of all images or predictions.

    Returns:
        (C, C) float64: counts, or shares in 0..1. A share of nothing (a class without images, or one that is never
        predicted) is undefined: NaN.

    Raises:
        ValueError: no such kind of share.
    """
    if of not in CELLS:
        raise ValueError(f"of={of!r}: choose one of {', '.join(CELLS)}")
    values = counts.to_numpy(np.float64)
    if of != "count":
        total = values.sum(axis=1, keepdims=True) if of == "row" else values.sum(axis=0, keepdims=True)
        values = np.divide(values, total, out=np.full_like(values, np.nan), where=total > 0)
    else:
        values = values.copy()
    if not diagonal:
        np.fill_diagonal(values, np.nan)
    return pd.DataFrame(values, index=counts.index, columns=counts.columns)


def confused_pairs(counts: pd.DataFrame) -> pd.DataFrame:
    """Pairs of classes that are mistaken for each other, both directions in a row, the most confused pair first.

    Returns:
        one: the class that is mistaken more often in the pair; other; count (images of ``one`` predicted as
        ``other``); share (of the images of ``one``); count_back and share_back (the other way round; the share is
        NaN where ``other`` has no images); both (count + count_back).
    """
    values, names = counts.to_numpy(), counts.index.to_numpy()
    shares = confusion_shares(counts).to_numpy()
    first, second = np.nonzero(np.triu(values + values.T, 1))
    forward, back = values[first, second], values[second, first]
    share_forward, share_back = np.nan_to_num(shares[first, second]), np.nan_to_num(shares[second, first])
    # Where both are mistaken equally often, the larger share leads.
    swap = (back > forward) | ((back == forward) & (share_back > share_forward))
    leading, trailing = np.where(swap, second, first), np.where(swap, first, second)
    table = pd.DataFrame(
        {
            "one": names[leading],
            "other": names[trailing],
            "count": values[leading, trailing],
            "share": shares[leading, trailing],
            "count_back": values[trailing, leading],
            "share_back": shares[trailing, leading],
            "both": values[leading, trailing] + values[trailing, leading],
        }
    )
    return table.sort_values(["both", "count", "share"], ascending=False, kind="stable", ignore_index=True)


def cell_finding(counts: pd.DataFrame, true: str, predicted: str) -> Message:
    """What a cell of a confusion matrix says: how many images of one class are predicted as the other, and back."""
    rows, place = counts.to_numpy(), {str(name): i for i, name in enumerate(counts.index)}
    n, total = int(rows[place[true], place[predicted]]), int(rows[place[true]].sum())
    if not total:
        return Message("There are no images of {true}.", true=true)
    facts = {"true": true, "predicted": predicted, "total": f"{total:,}", "share": f"{n / total:.0%}"}
    if true == predicted:
        return Message.of_number(
            "{n} of {total} images of {true} is predicted correctly ({share}).",
            "{n} of {total} images of {true} are predicted correctly ({share}).",
            n,
            n=f"{n:,}",
            **facts,
        )
    forward = Message.of_number(
        "{n} of {total} images of {true} is predicted as {predicted} ({share}).",
        "{n} of {total} images of {true} are predicted as {predicted} ({share}).",
        n,
        n=f"{n:,}",
        **facts,
    )
    back, total_back = int(rows[place[predicted], place[true]]), int(rows[place[predicted]].sum())
    if not total_back:
        return forward
    reverse = Message(
        "In reverse: {n} of {total} ({share}).",
        n=f"{back:,}",
        total=f"{total_back:,}",
        share=f"{back / total_back:.0%}",
    )
    return together([forward, reverse])


def most_confused_classes(counts: pd.DataFrame, n: int) -> list[str]:
    """The ``n`` classes whose part of the matrix shows most: those of the most confused pairs, pair by pair.

    Classes that are in no confused pair follow in the matrix's order, so that always ``min(n, C)`` are returned.
    """
    pairs = confused_pairs(counts)
    classes = [name for pair in zip(pairs["one"], pairs["other"]) for name in pair]
    return list(dict.fromkeys([*classes, *counts.index]))[:n]


@dataclass(frozen=True, eq=False)
class ConfusionPair:
    """The confusion of two models on the images that both evaluations have.

    Attributes:
        joined: the shared images with both predictions, and why others are not compared.
        first, second: counts (C, C) of either model over the shared images, the classes of both models in the first
            one's order, then those that only the second knows.
    """

    joined: Joined
    first: pd.DataFrame
    second: pd.DataFrame

    def difference(self, of: Cells = "count", *, diagonal: bool = True) -> pd.DataFrame:
        """The second model's matrix less the first's: above 0 where the second gives that prediction more often.

        Args and NaN as in ``confusion_shares``; shares differ by -1..1.
        """
        return confusion_shares(self.second, of, diagonal=diagonal) - confusion_shares(
            self.first, of, diagonal=diagonal
        )


def pair_confusion(first: Evaluation, second: Evaluation) -> ConfusionPair:
    """Hold the confusion of two models together, image by image: only images that both evaluations hold count.

    Raises:
        TableError: the two have no image in common.
    """
    joined = join([first, second])
    names: dict[str, str] = {}
    # Models may spell a class composed or decomposed.
    for name in (*first.class_names, *second.class_names):
        names.setdefault(composed(name), name)
    position = {key: i for i, key in enumerate(names)}
    label = joined.table["label"].map(composed).map(position)
    counts = []
    for name in joined.names:
        predicted = joined.table[f"predicted:{name}"].map(composed).map(position)
        n = len(names)
        cells = np.bincount(label * n + predicted, minlength=n * n).reshape(n, n)
        classes = list(names.values())
        counts.append(pd.DataFrame(cells, pd.Index(classes, name="true"), columns=pd.Index(classes, name="predicted")))
    return ConfusionPair(joined, *counts)
