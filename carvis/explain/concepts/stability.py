"""How alike two sets of concepts are, and how stable concepts are over the starts of the factorisation."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from carvis.explain.concepts.factorisation import coefficients, factorise, reconstruction_error


def best_pairs(similarity: NDArray[np.floating]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pair rows with columns, each at most once, so that the sum of their similarities is largest (Hungarian method).

    Args:
        similarity: float (a, b).

    Returns:
        The rows and the columns, int (min(a, b),) each.
    """
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(similarity, maximize=True)


def matched_cosines(bank: NDArray[np.floating], other: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return, for each concept of a bank (k, C), its cosine with the concept of another (j, C) that it is paired with.

    0 for a concept without a pair.
    """
    unit, others = (_unit(np.asarray(rows, np.float64)) for rows in (bank, other))
    cosines = unit @ others.T
    rows, columns = best_pairs(cosines)
    matched = np.zeros(len(bank))
    matched[rows] = cosines[rows, columns]
    return matched


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)


class StableBank(NamedTuple):
    """The concept bank, float32 (k, C), of the start with the least error, and how stable each concept is, (k,)."""

    bank: NDArray[np.float32]
    stability: NDArray[np.float64]


def stable_bank(
    activations: NDArray[np.floating],
    n: int,
    seed: int,
    restarts: int,
    before_each: Callable[[int], object] = lambda place: None,
) -> StableBank:
    """Factorise activations from several starts, keep the best, and tell how stable its concepts are.

    A factorisation ends in the next stationary point, which from the singular value decomposition can be a saddle. A
    concept's stability is its mean cosine with its pair in the factorisations from random starts; NaN without any.

    Args:
        activations: float (m, C), not negative.
        n: how many concepts.
        seed: of the first start, from the singular value decomposition; those at random have the following ones.
        restarts: random starts.
        before_each: called with the number of each factorisation, to report progress.
    """
    banks = []
    for place in range(restarts + 1):
        before_each(place)
        banks.append(factorise(activations, n, seed + place, random_start=place > 0))
    errors = [reconstruction_error(activations, coefficients(activations, bank), bank) for bank in banks]
    # The first of starts that are as good up to rounding.
    best = int(np.flatnonzero(np.array(errors) <= min(errors) + 1e-4)[0])
    others = [bank for place, bank in enumerate(banks) if place not in (0, best)]
    if not others:
        return StableBank(banks[best], np.full(len(banks[best]), np.nan))
    return StableBank(banks[best], np.mean([matched_cosines(banks[best], bank) for bank in others], axis=0))
