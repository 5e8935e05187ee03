"""Whether an image is unlike anything in training: scores, and a threshold with a known rate of false alarms.

A score is larger the less an image is like those of training. What is large is decided by the validation images, which
are like new images should be and were not trained on. Plain numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

NoveltyScore = Literal["training-distance", "energy"]
Verdict = Literal["novel", "typical", "unknown"]
FALSE_ALARMS = 0.05
# The distance to the fifth: a near-duplicate or one odd image in training does not decide it.
NEIGHBOURS = 5
_ROUNDING = 1e-9


def conformal_threshold(calibration: NDArray[np.floating], rate: float) -> float:
    """Return the score above which an image is called novel, so that at most ``rate`` of images like the N are.

    The k-th smallest of the N scores, k = ceil((N + 1)(1 - rate)); infinite where k > N, since too few images then
    vouch for so low a rate. If a new image is exchangeable with the N, its score exceeds the threshold with a
    probability of at most ``rate``, for any N and any distribution of the scores. The probability is over new images
    and the N alike: with one fixed set of N images the rate varies around it, the less the larger N.

    Source: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005); as a test for outliers Bates et
    al., Testing for Outliers with Conformal p-values, Annals of Statistics 51 (2023).

    Args:
        calibration: scores (N,) of images that are not novel.
        rate: of false alarms, between 0 and 1.
    """
    scores = np.sort(np.asarray(calibration, np.float64))
    k = math.ceil((len(scores) + 1) * (1 - rate) - _ROUNDING)
    return float(scores[max(k, 1) - 1]) if k <= len(scores) else math.inf


def conformal_p_values(calibration: NDArray[np.floating], scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return, for each of M scores, (1 + how many of the N calibration scores are as large) / (N + 1).

    It is at most ``rate`` exactly where the score exceeds ``conformal_threshold(calibration, rate)``.
    """
    ordered = np.sort(np.asarray(calibration, np.float64))
    smaller = np.searchsorted(ordered, np.asarray(scores, np.float64), side="left")
    return (1 + len(ordered) - smaller) / (len(ordered) + 1)


def energy(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Return the energy -T log(sum of exp(logit / T)) of each row of logits (M, C): high where no class is likely.

    Source: Liu et al., Energy-based Out-of-distribution Detection (NeurIPS 2020), equation 4.
    """
    from scipy.special import logsumexp

    return -temperature * logsumexp(np.asarray(logits, np.float64) / temperature, axis=1)


def neighbour_scores(distances: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the novelty score of each row of cosine distances (M, k), nearest first: the last of the first five.

    Source: Sun et al., Out-of-Distribution Detection with Deep Nearest Neighbors (ICML 2022), equation 3: the distance
    to the k-th nearest training image among normalised features.
    """
    return np.asarray(distances[:, min(NEIGHBOURS, distances.shape[1]) - 1], np.float64)


@dataclass(frozen=True, eq=False)
class Novelty:
    """What an image's novelty score is held against.

    Attributes:
        score: ``training-distance`` or ``energy``.
        calibration: the scores (N,) of validation images.
        rate: of false alarms among images like those of validation, at most.
    """

    score: NoveltyScore
    calibration: NDArray[np.float64]
    rate: float = FALSE_ALARMS

    @property
    def threshold(self) -> float:
        """The score above which an image is novel; infinite where there are too few validation images for the rate."""
        return conformal_threshold(self.calibration, self.rate)

    @property
    def needed(self) -> int:
        """How many validation images the rate takes at least."""
        return math.ceil(1 / self.rate - _ROUNDING) - 1

    def p_values(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the share of images like those of validation that would score as high, (M,)."""
        return conformal_p_values(self.calibration, scores)

    def verdict(self, score: float) -> Verdict:
        """Judge one score."""
        if not math.isfinite(score) or not math.isfinite(self.threshold):
            return "unknown"
        return "novel" if score > self.threshold else "typical"
