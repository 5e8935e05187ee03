"""Rounding through float16, without what it cannot hold becoming infinity or zero."""

import numpy as np
from numpy.typing import NDArray

_HALF = np.finfo(np.float16)
# Behind the rounding, so that the largest float32 does not become infinity.
_BELOW_ONE = np.float32(1 - 2.0**-11)


def rounded(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round vectors (N, d) through float16, so that fresh ones equal those that were kept or shipped.

    A vector with a value beyond the range of float16 (65504), or with none that it holds in full precision (6.1e-5), is
    divided by a power of two for the rounding and multiplied by it afterwards: it keeps its size and as many digits.

    Args:
        vectors: finite.
    """
    largest = np.abs(vectors).max(axis=1, initial=0)
    beyond = (largest > _HALF.max) | ((largest < _HALF.smallest_normal) & (largest > 0))
    with np.errstate(over="ignore"):
        result = vectors.astype(np.float16).astype(np.float32)
    if beyond.any():
        exponents = np.frexp(largest[beyond])[1][:, None]
        fractions = np.ldexp(vectors[beyond], -exponents).astype(np.float16).astype(np.float32)
        result[beyond] = np.ldexp(np.clip(fractions, -_BELOW_ONE, _BELOW_ONE), exponents)
    return result
