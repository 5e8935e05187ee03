"""Whether confidence can be believed: reliability and expected calibration error."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.evaluation.metrics import wilson_interval

BINS = 15


def reliability(confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = BINS) -> pd.DataFrame:
    """Confidence beside accuracy, in bins of equal width over 0 to 1.

    Args:
        confidence: the probability of each prediction, (N,).
        right: whether the prediction is right, bool (N,).
        bins: how many; a bin holds what is above its low end, up to and with its high end.

    Returns:
        One row per bin: from, to, count, confidence (mean), accuracy, low, high (Wilson, 95 %); NaN in an empty one.

    Source: Guo et al., On Calibration of Modern Neural Networks (2017), section 2, with its 15 bins.
    """
    # In float32 a confidence of 0.2 would lie above the edge of its bin.
    confidence = np.asarray(confidence, np.float64).round(7)
    edges = np.linspace(0, 1, bins + 1)
    place = np.searchsorted(edges[1:-1].round(7), confidence, side="left")
    count = np.bincount(place, minlength=bins)
    hits = np.bincount(place, weights=right, minlength=bins)
    with np.errstate(invalid="ignore"):
        table = pd.DataFrame(
            {
                "from": edges[:-1],
                "to": edges[1:],
                "count": count,
                "confidence": np.bincount(place, weights=confidence, minlength=bins) / count,
                "accuracy": hits / count,
            }
        )
    intervals = [wilson_interval(int(h), int(n)) if n else (np.nan, np.nan) for h, n in zip(hits, count)]
    table[["low", "high"]] = intervals
    return table


def expected_calibration_error(confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = BINS) -> float:
    """The mean distance of confidence from accuracy over the bins of ``reliability``, weighed by their images.

    0 where predictions of 80 % confidence are right in 80 % of the cases, and so on. Source: Guo et al. (2017),
    equation 3.
    """
    table = reliability(confidence, right, bins)
    gaps = (table["accuracy"] - table["confidence"]).abs() * table["count"]
    return float(gaps.sum() / table["count"].sum())
