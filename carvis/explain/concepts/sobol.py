"""The importance of concepts: total-order Sobol indices of masks on their coefficients.

Section 3.3 of Fel et al., "CRAFT" (CVPR 2023): a concept's importance is the share of the variance of the class's
score that is lost when everything but the concept is fixed, where random masks M in [0, 1]^k scale the coefficients,
Y = h((U * M) W): S_Ti = E[V(Y | M without i)] / V(Y). It is estimated as Jansen does, S_Ti = mean((f(A) - f(A_B^i))^2)
/ (2 V(Y)), row (f) of table 2 in Saltelli et al., "Variance based sensitivity analysis of model output" (2010), with
a scrambled Sobol sequence.
"""

import numpy as np
from numpy.typing import NDArray


def sobol_design(k: int, n: int, seed: int) -> NDArray[np.float64]:
    """Return the points at which a function of k inputs is evaluated: float64 (n (k + 2), k) in [0, 1].

    n rows of A, n of B, then for each input i n rows of A with column i from B.

    Args:
        n: a power of two.
    """
    from scipy.stats import qmc

    points = qmc.Sobol(2 * k, scramble=True, seed=np.random.default_rng(seed)).random(n)
    first, second = points[:, :k], points[:, k:]
    mixed = np.repeat(first[None], k, axis=0)
    inputs = np.arange(k)
    mixed[inputs, :, inputs] = second.T
    return np.concatenate([first, second, mixed.reshape(-1, k)])


def total_indices(outputs: NDArray[np.floating], k: int) -> NDArray[np.float64]:
    """Return total-order Sobol indices, float64 (s, k), of s functions by their values at the points of a design.

    Args:
        outputs: float (s, n (k + 2)), in the order of ``sobol_design``.

    Returns:
        0 where a function is constant.
    """
    from scipy.stats import sobol_indices

    values = np.asarray(outputs, np.float64)
    n = values.shape[1] // (k + 2)
    of_first, of_second = values[:, :n], values[:, n : 2 * n]
    of_mixed = values[:, 2 * n :].reshape(len(values), k, n)
    both = values[:, : 2 * n]
    spread = both.max(axis=1) - both.min(axis=1)
    varies = spread > 1e-9 * np.maximum(np.abs(both).max(axis=1), 1e-30)
    found = np.zeros((len(values), k))
    if varies.any():
        parts = {
            "f_A": of_first[varies],
            "f_B": of_second[varies],
            "f_AB": of_mixed[varies].transpose(1, 0, 2),
        }
        found[varies] = sobol_indices(func=parts, n=n).total_order.reshape(-1, k)
    return found
