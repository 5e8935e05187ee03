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
    result = _through_half(vectors)
    if beyond.any():
        exponents = np.frexp(largest[beyond])[1][:, None]
        fractions = _through_half(np.ldexp(vectors[beyond], -exponents))
        result[beyond] = np.ldexp(np.clip(fractions, -_BELOW_ONE, _BELOW_ONE), exponents)
    return result


def _through_half(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``values.astype(float16).astype(float32)``, a multiple as fast, for what does not overflow."""
    bits = values.view(np.uint32)
    # Of 23 binary digits 10 are kept, ties to even.
    kept = ((bits + 0xFFF + ((bits >> 13) & 1)) & ~np.uint32(0x1FFF)).view(np.float32)
    # Below the smallest normal number the steps are 2^-24, which is float32's own step just above a half.
    sizes, half = np.abs(values), np.float32(0.5)
    return np.where(sizes < _HALF.smallest_normal, np.copysign((sizes + half) - half, values), kept)
