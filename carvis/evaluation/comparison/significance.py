"""Whether models differ beyond chance: exact McNemar, Holm's correction, Cochran's Q, sample size."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p of McNemar's test: how likely chance alone splits the models at least so unevenly.

    Only images that one model gets right and the other wrong tell the models apart; were the models equally good,
    each of them would fall to either side like a fair coin. 1 where there is no such image.

    Source: McNemar, Psychometrika 12 (1947), with the binomial distribution in place of its approximation.
    """
    from statsmodels.stats.contingency_tables import mcnemar as test

    return float(test([[0, only_first], [only_second, 0]], exact=True).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values of several tests, corrected for multiple testing (Holm, Scand. J. Stat. 6, 1979)."""
    # statsmodels' function collects garbage, which takes half a second beside TensorFlow.
    values = np.asarray(p_values, float)
    order = np.argsort(values, kind="stable")
    corrected = np.empty(len(values))
    corrected[order] = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    return np.minimum(corrected, 1.0).tolist()


def cochran(right: NDArray[np.bool_]) -> tuple[float, float]:
    """Cochran's Q over three or more models and its p: whether any of them differs (Biometrika 37, 1950).

    Args:
        right: whether each model (column) is right on each image (row), bool (N, models).

    Returns:
        Q and p by the chi-squared distribution with one degree of freedom less than models; 0 and 1 where all models
        are right on the same images.
    """
    votes = right.sum(axis=1)
    if not ((votes > 0) & (votes < right.shape[1])).any():
        return 0.0, 1.0
    from statsmodels.stats.contingency_tables import cochrans_q

    result = cochrans_q(right.astype(float))
    return float(result.statistic), float(result.pvalue)


def images_needed(only_first: int, only_second: int, n: int, level: float = 0.05, power: float = 0.8) -> int | None:
    """How many images a test set needs to show a difference, if the models really differ as they do on these ``n``.

    With so many, McNemar's test at ``level`` finds the difference with probability ``power``. None where the models
    do not differ. It is as uncertain as the difference itself: a size to plan with.

    Source: Connor, Biometrics 43 (1987), formula for paired proportions.
    """
    from scipy.stats import norm

    difference, discordant = (only_second - only_first) / n, (only_second + only_first) / n
    if not difference:
        return None
    spread = norm.isf(level / 2) * math.sqrt(discordant) + norm.isf(1 - power) * math.sqrt(discordant - difference**2)
    return math.ceil((spread / difference) ** 2)


def p_words(p: float) -> str:
    """Write a p value: ``p = 0.012``, or ``p < 0.0001`` below that."""
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"
