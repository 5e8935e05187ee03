"""Non-negative matrix factorisation of activations: the concept bank, and how far a concept is in an activation.

Equation 1 of Fel et al., "CRAFT: Concept Recursive Activation FacTorization for Explainability" (CVPR 2023):
activations A (m, C) are approximated by U W with U (m, k) and W (k, C), none of them negative, so that
the squared Frobenius norm of A - U W is least.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
_MAX_ITERATIONS = 2000


def is_signed(activations: Floats) -> bool:
    """Tell whether activations hold negative values beyond rounding."""
    return bool(activations.min(initial=0) < -1e-6 * max(float(np.abs(activations).max(initial=0)), 1e-30))


def encode(activations: Floats, signed: bool) -> NDArray[np.float32]:
    """Bring activations (..., C) to what can be factorised: (..., C), or (..., 2 C) where they are signed.

    Of signed activations the positive and the negative parts are channels of their own, so that nothing is lost.
    """
    values = np.asarray(activations, np.float32)
    if not signed:
        return np.maximum(values, 0)
    return np.concatenate([np.maximum(values, 0), np.maximum(-values, 0)], axis=-1)


def decode(values: Floats, signed: bool) -> Floats:
    """Bring back what ``encode`` gives, or a sum of it, to activations (..., C)."""
    if not signed:
        return values
    channels = values.shape[-1] // 2
    return values[..., :channels] - values[..., channels:]


def factorise(activations: Floats, n: int, seed: int = 0, *, random_start: bool = False) -> NDArray[np.float32]:
    """Factorise activations by scikit-learn's NMF and return the concept bank: float32 (k, C), k <= n.

    Each concept has length 1, so that the coefficients carry the strength; concepts that the factorisation left empty
    are not returned.

    Args:
        activations: float (m, C), not negative.
        n: how many concepts, at most min(m, C) of which are found.
        seed: of the start.
        random_start: start at random, rather than from a singular value decomposition (NNDSVDa).
    """
    import warnings

    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    most = min(n, *activations.shape)
    start = "random" if random_start else "nndsvda"
    model = NMF(most, init=start, random_state=seed, max_iter=_MAX_ITERATIONS, tol=1e-4)
    with warnings.catch_warnings():
        # The error that is left is told: see ``reconstruction_error``.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(np.asarray(activations, np.float64))
    length = np.linalg.norm(model.components_, axis=1)
    used = length > 1e-12 * max(float(length.max(initial=0)), 1e-30)
    return (model.components_[used] / length[used, None]).astype(np.float32)


def coefficients(activations: Floats, bank: Floats) -> NDArray[np.float32]:
    """Return how much of each concept is in activations: (..., C) and (k, C) to float32 (..., k).

    The non-negative least squares solution of each row by itself (Lawson and Hanson), which NMF's own transform only
    approaches, and which does not depend on the other rows.
    """
    from scipy.optimize import nnls

    # min |W' u - a| = min |R u - Q' a|: k equations a row instead of C.
    q, r = np.linalg.qr(np.asarray(bank, np.float64).T)
    rows = np.asarray(activations, np.float64).reshape(-1, activations.shape[-1])
    targets = rows @ q
    found = np.zeros((len(rows), len(bank)))
    for place in np.flatnonzero(rows.any(axis=1)):
        found[place] = nnls(r, targets[place])[0]
    return found.reshape(*activations.shape[:-1], len(bank)).astype(np.float32)


def reconstruction_error(activations: Floats, found: Floats, bank: Floats) -> float:
    """Return the relative Frobenius norm |A - U W| / |A|: 0 is exact, 1 no better than nothing. 0 where A is 0."""
    length = float(np.linalg.norm(activations))
    return float(np.linalg.norm(activations - found @ bank)) / length if length else 0.0
