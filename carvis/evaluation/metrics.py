"""Numbers that sum up a predictions table: accuracy, confusion, the scores of each class, with their intervals."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

PROBABILITY_PREFIX = "p:"
ClassScore = Literal["precision", "recall", "f1", "mean_confidence"]
SCORES: tuple[ClassScore, ...] = get_args(ClassScore)


def probability_columns(class_names: list[str]) -> list[str]:
    """The predictions table's columns of probabilities, one a class, in the model's order."""
    return [PROBABILITY_PREFIX + name for name in class_names]


def wilson_interval(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a proportion: `hits` of `n`, as (low, high) in 0..1."""
    from scipy.stats import binomtest

    interval = binomtest(hits, n).proportion_ci(confidence_level=confidence, method="wilson")
    return float(interval.low), float(interval.high)


def rank_of_label(probabilities: NDArray[np.floating], labels: NDArray[np.int_]) -> NDArray[np.int_]:
    """How many classes stand before the true one, 0 where it is the prediction.

    `probabilities` (N, C), `labels` (N,) class indices. Equal probabilities stand in class order, as
    `argmax` takes them, so a model that gives all classes the same probability gains nothing from ties.
    """
    of_label = np.take_along_axis(probabilities, labels[:, None], axis=1)
    ahead = (probabilities > of_label) | (
        (probabilities == of_label) & (np.arange(probabilities.shape[1]) < labels[:, None])
    )
    return ahead.sum(axis=1)


def log_loss(probabilities: NDArray[np.floating], labels: NDArray[np.int_]) -> float:
    """The mean of -ln of the true class's probability, held at 1e-7: `probabilities` (N, C), `labels` (N,).

    scikit-learn's would hold it at the precision of the number, and warns of probabilities of independent classes.
    """
    of_label = np.take_along_axis(np.asarray(probabilities, np.float64), labels[:, None], axis=1)
    # Without the sum a model that is always certain and right has a loss of -0.
    return float(0.0 - np.log(np.clip(of_label, 1e-7, 1.0)).mean())


def confusion_matrix(predictions: pd.DataFrame, class_names: list[str]) -> pd.DataFrame:
    """Counts of images, true class down, predicted class across, both in the model's class order."""
    index = pd.Index(class_names)
    true, predicted = (index.get_indexer(pd.Index(predictions[column])) for column in ("label", "predicted"))
    n = len(class_names)
    counts = np.bincount(true * n + predicted, minlength=n * n).reshape(n, n)
    return pd.DataFrame(
        counts, index=pd.Index(class_names, name="true"), columns=pd.Index(class_names, name="predicted")
    )


def most_confused(confusion: pd.DataFrame, n: int | None = None) -> pd.DataFrame:
    """The pairs that are mistaken for each other, most frequent first: label, predicted, count, share of the label."""
    counts = confusion.to_numpy()
    rows, columns = np.nonzero(counts * (1 - np.eye(len(counts), dtype=counts.dtype)))
    names = confusion.index.to_numpy()
    support = counts.sum(axis=1)
    pairs = pd.DataFrame(
        {
            "label": names[rows],
            "predicted": names[columns],
            "count": counts[rows, columns],
            "share": counts[rows, columns] / support[rows],
        }
    )
    pairs = pairs.sort_values(["count", "share"], ascending=False, kind="stable", ignore_index=True)
    return pairs if n is None else pairs.head(n)


def summarise(predictions: pd.DataFrame, class_names: list[str]) -> dict[str, Any]:
    """All metrics of a predictions table as plain numbers, ready for JSON.

    `predictions` needs label, predicted, confidence and one `p:<class>` column a class, at least one row.
    Macro averages run over the classes that have images; a class without any has no recall and no F1 (None),
    and one that is never predicted has precision 0. `per_class` maps a class name to precision, recall, f1,
    support (its images), predicted (predictions of it) and mean_confidence (over its images).
    """
    from sklearn.metrics import precision_recall_fscore_support

    index = pd.Index(class_names)
    true, predicted = (index.get_indexer(pd.Index(predictions[column])) for column in ("label", "predicted"))
    probabilities = predictions[probability_columns(class_names)].to_numpy(np.float64)
    confidence = predictions["confidence"].to_numpy(np.float64)
    n, hits = len(predictions), int((true == predicted).sum())
    rank = rank_of_label(probabilities, true)

    precision, recall, f1, support = precision_recall_fscore_support(
        true, predicted, labels=np.arange(len(class_names)), zero_division=0
    )
    predicted_counts = np.bincount(predicted, minlength=len(class_names))
    confidence_sum = np.bincount(true, weights=confidence, minlength=len(class_names))
    per_class = {}
    for i, name in enumerate(class_names):
        has_images = bool(support[i])
        per_class[name] = {
            "precision": float(precision[i]) if has_images or predicted_counts[i] else None,
            "recall": float(recall[i]) if has_images else None,
            "f1": float(f1[i]) if has_images else None,
            "support": int(support[i]),
            "predicted": int(predicted_counts[i]),
            "mean_confidence": float(confidence_sum[i] / support[i]) if has_images else None,
        }
    has_images = support > 0
    return {
        "n": n,
        "correct": hits,
        "accuracy": hits / n,
        "accuracy_interval": list(wilson_interval(hits, n)),
        "top3": float((rank < 3).mean()),
        "macro_precision": float(precision[has_images].mean()),
        "macro_recall": float(recall[has_images].mean()),
        "macro_f1": float(f1[has_images].mean()),
        "log_loss": log_loss(probabilities, true),
        "mean_confidence": float(confidence.mean()),
        "per_class": per_class,
    }


def class_scores(predictions: pd.DataFrame, class_names: list[str], confidence: float = 0.95) -> pd.DataFrame:
    """Precision, recall, F1 and mean confidence of each class, each with its interval, the worst F1 first.

    Precision is correct / predicted and recall correct / support, with Wilson's interval. F1 is 2 TP / (2 TP + FP +
    FN) = 2 J / (1 + J), where J = TP / (TP + FP + FN) is the share of correct predictions among the images that are of
    the class or are predicted as it: its interval is Wilson's interval of J carried through that formula (the indirect
    Wilson method of Lam, Gopal and Qian, Confidence intervals for the F1 score, arXiv:2309.14621, 2023). The mean
    confidence is over the class's images, whatever they are predicted as, with Student's t interval, cut at 0 and 1.

    Args:
        predictions: one row per image: label, predicted, confidence.
        class_names: the model's classes.
        confidence: of the intervals, 0..1.

    Returns:
        One row per class, indexed by its name: support (its images), predicted (predictions of it), correct, then
        of each score (precision, recall, f1, mean_confidence) the value, ``<score>_low`` and ``<score>_high``. What is
        undefined is NaN: recall, F1 and mean confidence of a class without images, precision of one that is never
        predicted, the interval of a mean of one image. Classes without F1 come last.
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


def _share(interval: Callable[[int, int], tuple[float, float]], hits: int, n: int) -> tuple[float, float, float]:
    return (hits / n, *interval(int(hits), int(n))) if n else (np.nan, np.nan, np.nan)


def _means(predictions: pd.DataFrame, class_names: list[str], confidence: float) -> NDArray[np.float64]:
    from scipy.stats import t

    groups = predictions.groupby("label", observed=True)["confidence"].agg(["mean", "sem", "count"])
    groups = groups.reindex(class_names)
    n, mean, error = (groups[name].to_numpy(float) for name in ("count", "mean", "sem"))
    # The error of a single confidence is NaN. scipy's interval would be NaN, too, where all are the same.
    half = t.ppf((1 + confidence) / 2, n - 1) * error
    low, high = mean - half, mean + half
    return np.stack([mean, np.clip(low, 0, 1), np.clip(high, 0, 1)], axis=1)


def _put(table: pd.DataFrame, name: ClassScore, values: ArrayLike) -> None:
    table[[name, f"{name}_low", f"{name}_high"]] = np.asarray(values, float).reshape(-1, 3)
