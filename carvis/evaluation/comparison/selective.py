"""Selective prediction: the risk against the share of images predicted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def _selective(
    confidence: NDArray[np.floating], right: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int_], NDArray[np.float64]]:
    """For each threshold, highest first: the threshold, how many images reach it, how many of them are wrong."""
    thresholds, place, count = np.unique(-np.asarray(confidence, np.float64), return_inverse=True, return_counts=True)
    wrong = np.bincount(place, weights=~np.asarray(right, bool), minlength=len(thresholds))
    return -thresholds, count.cumsum(), wrong.cumsum()


def risk_coverage(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> pd.DataFrame:
    """The selective risk at every confidence threshold.

    Args:
        confidence: of each prediction, (N,).
        right: whether it is right, bool (N,).

    Returns:
        One row per threshold that occurs, highest first: threshold, coverage (share of images at least so confident),
        risk (share of them that is wrong).

    Source: Geifman and El-Yaniv, Selective Classification for Deep Neural Networks (2017), equations 1 and 2.
    """
    thresholds, coverage, wrong = _selective(confidence, right)
    return pd.DataFrame({"threshold": thresholds, "coverage": coverage / len(confidence), "risk": wrong / coverage})


def area_under_risk(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """The area under the risk-coverage curve (AURC): the mean risk over every number of accepted predictions.

    Among images of equal confidence, errors are spread evenly: the mean over every order they could stand in.
    """
    _, coverage, wrong = _selective(confidence, right)
    accepted = np.arange(1, len(confidence) + 1)
    errors = np.interp(accepted, np.r_[0, coverage], np.r_[0, wrong])
    return float((errors / accepted).mean())


def coverage_at(confidence: NDArray[np.floating], right: NDArray[np.bool_], risk: float) -> tuple[float, float]:
    """The largest share of images whose predictions can be accepted at no more than a risk, and the threshold for it.

    Measured on these images, without a guarantee for others. (0, infinity) where no threshold holds the risk.
    """
    curve = risk_coverage(confidence, right)
    fits = curve[curve["risk"] <= risk]
    if fits.empty:
        return 0.0, float("inf")
    return float(fits["coverage"].iloc[-1]), float(fits["threshold"].iloc[-1])
