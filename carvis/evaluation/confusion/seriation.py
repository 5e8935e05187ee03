"""The order of the classes in a confusion matrix: confused classes side by side, by name, or by super-class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.evaluation.confusion.choices import CLASS_ORDERS, ClassOrder
from carvis.evaluation.confusion.matrix import confusion_shares


def order_classes(
    counts: pd.DataFrame, by: ClassOrder = "confused", groups: Mapping[str, str] | None = None
) -> list[str]:
    """The classes of a confusion matrix in an order to draw them in.

    Args:
        counts: (C, C) counts, true class down, predicted class across.
        by: ``confused`` (see ``seriate``), ``name``, or ``super``: by super-class, then by name.
        groups: class -> super-class, for ``super``; as ``carvis.evaluation.super_classes`` makes it.

    Raises:
        ValueError: no such order, or no groups for ``super``.
    """
    names = [str(name) for name in counts.index]
    if by == "confused":
        return seriate(counts)
    if by == "name":
        return sorted(names, key=_by_name)
    if by == "super" and groups is not None:
        return sorted(names, key=lambda name: (_by_name(groups[name]), _by_name(name)))
    raise ValueError(f"by={by!r}: choose one of {', '.join(CLASS_ORDERS)}, and give groups for super")


def _by_name(name: str) -> tuple[str, str]:
    return name.casefold(), name


def seriate(counts: pd.DataFrame) -> list[str]:
    """Order classes so that those mistaken for each other stand side by side, the most confused ones first.

    The similarity of two classes is the mean of both shares of the row, i predicted as j and j as i. Classes are
    joined by average linkage on 1 - similarity / (largest similarity), and the tree's leaves turned so that the
    distances of neighbours add up to the least (optimal leaf ordering: Bar-Joseph, Gifford and Jaakkola, Fast optimal
    leaf ordering for hierarchical clustering, Bioinformatics 17, 2001). Families of classes with no confusion between
    them follow each other by their misclassified images; classes that are never mistaken come last, in the given order.
    """
    from scipy.sparse.csgraph import connected_components

    values = np.nan_to_num(confusion_shares(counts, diagonal=False).to_numpy())
    similarity = (values + values.T) / 2
    wrong = counts.to_numpy(np.float64) * (1 - np.eye(len(counts)))
    wrong = wrong.sum(axis=0) + wrong.sum(axis=1)
    families, member = connected_components(similarity > 0, directed=False)
    total = np.bincount(member, weights=wrong, minlength=families)
    order: list[int] = []
    for family in np.argsort(-total, kind="stable"):
        order += _leaves(np.flatnonzero(member == family), similarity, wrong)
    return [str(counts.index[i]) for i in order]


def _leaves(members: NDArray[np.int_], similarity: NDArray[np.float64], wrong: NDArray[np.float64]) -> list[int]:
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(members) < 3:
        return members[np.argsort(-wrong[members], kind="stable")].tolist()
    distance = 1 - similarity[np.ix_(members, members)] / similarity.max()
    np.fill_diagonal(distance, 0)
    leaves = members[leaves_list(linkage(squareform(distance, checks=False), "average", optimal_ordering=True))]
    # A line of leaves may be read from either end: begin where more is confused.
    middle = np.arange(len(leaves)) - (len(leaves) - 1) / 2
    return (leaves[::-1] if (wrong[leaves] * middle).sum() > 0 else leaves).tolist()
