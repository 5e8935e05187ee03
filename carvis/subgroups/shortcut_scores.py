"""How well one property alone predicts the class: a shallow decision tree, cross-validated, against permuted labels."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carvis.subgroups.settings import ShortcutSettings

_AT_ONCE = 200
# Of fewer images no fold could show anything: a small data set gets fewer folds.
_FOLD = 50


@dataclass(frozen=True)
class Score:
    """How well a property predicts the class.

    Attributes:
        accuracy: the balanced accuracy (mean recall of the classes) on images that the tree was not fitted to.
        p: that it is no better than chance.
        chance: the balanced accuracy of guessing.
    """

    accuracy: float
    p: float
    chance: float


def tree_depth(classes: int) -> int:
    """Return the depth of a tree that can give each class a leaf or two, and no more."""
    return max(3, math.ceil(math.log2(max(classes, 2))) + 1)


def class_score(values: NDArray[np.float64], labels: NDArray[np.int_], settings: ShortcutSettings) -> Score | None:
    """Predict the class from one property by a decision tree, cross-validated in stratified folds.

    In each fold the tree, fitted to the other folds, stands still while the fold's labels are permuted: its p is the
    share of permutations with at least its balanced accuracy (Phipson and Smyth, Statistical Applications in Genetics
    and Molecular Biology 9, 2010, equation 2). The folds' p depend on each other; twice their median is a p value
    whatever the dependence (Meinshausen, Meier and Buehlmann, JASA 104, 2009, equation 2.2 with gamma = 1/2).

    Args:
        values: (N,), NaN where unknown, which the tree takes for a value of its own. The images are independent: no two
            show the same photograph.
        labels: class indices, (N,).
        settings: folds and seed.

    Returns:
        None where there are too few images for the folds.
    """
    from sklearn.model_selection import StratifiedKFold
    from sklearn.tree import DecisionTreeClassifier

    count = min(settings.folds, max(2, len(labels) // _FOLD))
    kept = (np.bincount(labels) >= count)[labels]
    values, labels = values[kept], np.unique(labels[kept], return_inverse=True)[1]
    classes = int(labels.max(initial=-1)) + 1
    if classes < 2:
        return None
    rng = np.random.default_rng(settings.seed)
    folds = StratifiedKFold(count, shuffle=True, random_state=settings.seed)
    predicted = np.zeros(len(labels), int)
    p_values = []
    for fitted, held in folds.split(values[:, None], labels):
        tree = DecisionTreeClassifier(
            max_depth=tree_depth(classes),
            min_samples_leaf=max(3, len(fitted) // 100),
            class_weight="balanced",
            random_state=settings.seed,
        )
        predicted[held] = tree.fit(values[fitted, None], labels[fitted]).predict(values[held, None])
        p_values.append(permuted_p(predicted[held], labels[held], classes, settings.permutations, rng))
    accuracy = float(mean_recall(_table(predicted, labels, classes), np.arange(classes)))
    return Score(accuracy, min(1.0, 2 * statistics.median(p_values)), 1 / classes)


def permuted_p(
    predicted: NDArray[np.int_],
    labels: NDArray[np.int_],
    classes: int,
    permutations: int,
    rng: np.random.Generator,
) -> float:
    """Return the p of a balanced accuracy by permuting labels against fixed predictions.

    Permuting labels draws a contingency table with the same margins, which Patefield's algorithm does without the
    images (Applied Statistics 30, 1981, AS 159).

    Args:
        predicted, labels: class indices, (N,).
        classes: number of classes.
        permutations: how many.
        rng: the generator.
    """
    from scipy.stats import random_table

    there = np.unique(labels)
    table = _table(predicted, labels, classes)[there]
    observed = mean_recall(table, there)
    margins = random_table(table.sum(axis=1), table.sum(axis=0))
    as_good = 0
    for start in range(0, permutations, _AT_ONCE):
        drawn = margins.rvs(min(_AT_ONCE, permutations - start), random_state=rng)
        as_good += int((mean_recall(drawn, there) >= observed - 1e-12).sum())
    return (as_good + 1) / (permutations + 1)


def mean_recall(tables: NDArray[np.int_], classes: NDArray[np.int_]) -> NDArray[np.float64]:
    """Return the balanced accuracy, (...), of counts (..., rows, C): a row a true class of ``classes``, none empty."""
    hits = tables[..., np.arange(len(classes)), classes]
    return (hits / tables.sum(axis=-1)).mean(axis=-1)


def _table(predicted: NDArray[np.int_], labels: NDArray[np.int_], classes: int) -> NDArray[np.int_]:
    """Counts (C, C): true class down, predicted class across."""
    return np.bincount(labels * classes + predicted, minlength=classes * classes).reshape(classes, classes)
