"""Rounding through float16 that loses neither large values nor small ones."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carvis.feature_space.rounding import _through_half, rounded


def test_within_the_range_it_is_float16():
    values = np.array([[1 / 3, -2.71828, 65504, 0], [0, 0, 0, 0]], np.float32)
    np.testing.assert_array_equal(rounded(values), values.astype(np.float16).astype(np.float32))


def test_beyond_it_the_size_is_kept():
    """100,001 lies between 2^16 and 2^17, where eleven binary digits are steps of 64: it is 1562.5 of them."""
    values = np.array([[100_001, 3, -40_000], [1, 2, 3]], np.float32)
    result = rounded(values)
    assert result[0].tolist() == [1563 * 64, 3, -40_000]
    np.testing.assert_array_equal(result[1], [1, 2, 3])


def test_small_vectors_do_not_vanish():
    np.testing.assert_allclose(rounded(np.array([[1e-8, 3e-9]], np.float32)), [[1e-8, 3e-9]], rtol=2**-11)


@given(arrays(np.float32, (3, 4), elements=st.floats(allow_nan=False, allow_infinity=False, width=32)))
def test_whatever_comes_stays_finite_and_close_and_is_rounded_once(values):
    result = rounded(values)
    assert np.isfinite(result).all()
    largest = np.abs(values).max(axis=1, keepdims=True)
    assert (np.abs(result - values) <= largest * np.float32(2**-10)).all()
    np.testing.assert_array_equal(rounded(result), result)


@given(arrays(np.float32, (16,), elements=st.floats(-65504, 65504, width=32)))
def test_it_is_the_rounding_of_float16(values):
    np.testing.assert_array_equal(_through_half(values), values.astype(np.float16).astype(np.float32))


def test_it_is_the_rounding_of_float16_for_every_exponent():
    rng = np.random.default_rng(0)
    values = np.ldexp(rng.uniform(-1, 1, (60, 500)), np.arange(-44, 16)[:, None]).astype(np.float32)
    # Halfway between two numbers of float16: ties.
    ties = (np.arange(2048, 4096, dtype=np.float32) + np.float32(0.5)) / 4096
    for array in (values, ties, ties * np.float32(2.0**-14)):
        np.testing.assert_array_equal(_through_half(array), array.astype(np.float16).astype(np.float32))
