"""Scores of each class with how far chance alone could move them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from carvis.evaluation.metrics import confusion_matrix, wilson_interval

SCORES = ("precision", "recall", "f1", "mean_confidence")


def class_scores(predictions: pd.DataFrame, class_names: list[str], confidence: float = 0.95) -> pd.DataFrame:
    """Precision, recall, F1 and mean confidence of each class, each with its interval, the worst F1 first.

    Precision is correct / predicted and recall correct / support, with Wilson's interval. F1 is 2 TP / (2 TP + FP +
    FN) = 2 J / (1 + J), where J = TP / (TP + FP + FN) is the share of right answers among the pictures that are of the
    class or are taken for it: its interval is Wilson's interval of J carried through that formula (the indirect Wilson
    method of Lam, Gopal and Qian, Confidence intervals for the F1 score, arXiv:2309.14621, 2023). The mean confidence
    is over the class's pictures, whatever they are taken for, with Student's t interval, cut at 0 and 1.

    Args:
        predictions: a row a picture: label, predicted, confidence.
        class_names: the model's classes.
        confidence: of the intervals, 0..1.

    Returns:
        A row a class, indexed by its name: support (its pictures), predicted (answers that name it), correct, then
        of each score (precision, recall, f1, mean_confidence) the value, ``<score>_low`` and ``<score>_high``. What is
        undefined is NaN: recall, F1 and mean confidence of a class without pictures, precision of one that is never
        predicted, the interval of a mean of one picture. Classes without F1 come last.
    """
    counts = confusion_matrix(predictions, class_names).to_numpy()
    support, predicted, correct = counts.sum(axis=1), counts.sum(axis=0), np.diag(counts)
    table = pd.DataFrame({"support": support, "predicted": predicted, "correct": correct})

    interval = lru_cache(maxsize=None)(lambda hits, n: wilson_interval(hits, n, confidence))
    _put(table, "precision", [_share(interval, *pair) for pair in zip(correct, predicted)])
    _put(table, "recall", [_share(interval, *pair) for pair in zip(correct, support)])
    touched = np.where(support > 0, support + predicted - correct, 0)
    jaccard = np.array([_share(interval, *pair) for pair in zip(correct, touched)]).reshape(-1, 3)
    _put(table, "f1", 2 * jaccard / (1 + jaccard))
    _put(table, "mean_confidence", _means(predictions, class_names, confidence))
    table.index = pd.Index(class_names, name="class")
    return table.sort_values(["f1", "support"], ascending=[True, False], kind="stable", na_position="last")


def _share(interval, hits: int, n: int) -> tuple[float, float, float]:
    return (hits / n, *interval(int(hits), int(n))) if n else (np.nan, np.nan, np.nan)


def _means(predictions: pd.DataFrame, class_names: list[str], confidence: float) -> np.ndarray:
    from scipy.stats import t

    groups = predictions.groupby("label", observed=True)["confidence"].agg(["mean", "std", "count"])
    groups = groups.reindex(class_names)
    n, mean = groups["count"].to_numpy(float), groups["mean"].to_numpy(float)
    half = np.full(len(n), np.nan)
    several = n > 1
    spread = groups["std"].to_numpy(float)[several] / np.sqrt(n[several])
    half[several] = t.ppf((1 + confidence) / 2, n[several] - 1) * spread
    return np.stack([mean, np.clip(mean - half, 0, 1), np.clip(mean + half, 0, 1)], axis=1)


def _put(table: pd.DataFrame, name: str, values) -> None:
    table[[name, f"{name}_low", f"{name}_high"]] = np.asarray(values, float).reshape(-1, 3)
