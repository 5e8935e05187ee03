"""Tests of significance against numbers worked on paper, and against scipy and statsmodels on random cases."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from statsmodels.stats.contingency_tables import SquareTable
from statsmodels.stats.multitest import multipletests

from carvis.evaluation.comparison import (
    accuracy_difference,
    cochran,
    difference_by_class,
    holm,
    images_needed,
    mcnemar,
)


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (5, 0, 2 * 0.5**5),  # a coin that falls the same way five times, either way
        (0, 5, 2 * 0.5**5),
        (1, 3, 2 * (1 + 4) / 16),  # no head or one head of four
        (3, 3, 1),
        (0, 0, 1),  # no image tells them apart
    ],
)
def test_mcnemar_on_paper(first, second, p):
    assert mcnemar(first, second) == pytest.approx(p)


@pytest.mark.parametrize("seed", range(20))
def test_mcnemar_is_the_binomial_test(seed):
    first, second = np.random.default_rng(seed).integers(1, 60, 2)
    assert mcnemar(first, second) == pytest.approx(scipy.stats.binomtest(first, first + second).pvalue)


def test_holm_on_paper():
    # In order 0.01, 0.03, 0.04 times 3, 2, 1: 0.03, 0.06, 0.04, and none may be less than the one before.
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


@pytest.mark.parametrize("seed", range(30))
def test_holm_is_that_of_statsmodels(seed):
    rng = np.random.default_rng(seed)
    values = rng.uniform(size=rng.integers(1, 60)) ** rng.integers(1, 8)
    # Ties, zeros, ones and tests that gave nothing.
    values = np.where(rng.uniform(size=len(values)) < 0.4, values.round(1), values)
    if seed % 3 == 0:
        values[rng.uniform(size=len(values)) < 0.2] = np.nan
    expected = multipletests(values, method="holm")[1]
    np.testing.assert_array_equal(holm(values), expected)


def test_cochran_on_paper():
    # Columns sum to G = 3, 3, 1 and rows to L = 2, 1, 3, 1: with k = 3 models and N = 7,
    # Q = (k - 1)(k ΣG² - N²) / (k N - ΣL²) = 2 (3 · 19 - 49) / (21 - 15) = 8/3; p = exp(-Q/2) with two degrees.
    right = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 1, 0]], bool)
    assert cochran(right) == pytest.approx((8 / 3, np.exp(-4 / 3)))
    assert cochran(np.ones((4, 3), bool)) == (0, 1)


@pytest.mark.parametrize("seed", range(5))
def test_cochran_of_two_models_is_mcnemar_without_correction(seed):
    right = np.random.default_rng(seed).random((80, 2)) < [0.6, 0.8]
    table = pd.crosstab(right[:, 0], right[:, 1]).to_numpy()
    expected = SquareTable(table, shift_zeros=False).symmetry()
    q, p = cochran(right)
    assert q == pytest.approx(expected.statistic) and p == pytest.approx(expected.pvalue)


def test_images_needed_on_paper():
    # 10 against 30 of 100: difference 0.2, apart 0.4; (1.95996 √0.4 + 0.84162 √0.36)² / 0.04 = 76.1
    assert images_needed(10, 30, 100) == 77
    assert images_needed(30, 10, 100) == 77
    assert images_needed(4, 4, 100) is None


def test_so_many_images_show_the_difference_four_times_in_five():
    n = images_needed(20, 40, 400)
    patterns = np.random.default_rng(0).multinomial(n, [20 / 400, 40 / 400, 340 / 400], size=1000)
    shown = np.mean([mcnemar(first, second) < 0.05 for first, second, _ in patterns])
    # The exact test is a little more careful than the formula.
    assert 0.72 < shown < 0.84


def test_the_bootstrap_has_the_spread_of_a_mean_of_plus_and_minus_ones():
    # 40 images only the second gets right, 10 only the first, of 1000: mean 0.03, variance 0.05 - 0.03².
    first, second = np.ones(1000, bool), np.ones(1000, bool)
    first[:40], second[40:50] = False, False
    low, high = accuracy_difference(first, second)
    spread = 1.96 * np.sqrt((0.05 - 0.0009) / 1000)
    assert (low, high) == pytest.approx((0.03 - spread, 0.03 + spread), abs=1e-3)
    assert accuracy_difference(second, first) == pytest.approx((-0.03 - spread, -0.03 + spread), abs=1e-3)
    assert accuracy_difference(first, second) == (low, high)


@pytest.mark.parametrize("seed", range(3))
def test_the_bootstrap_agrees_with_scipys_on_the_images_themselves(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.random(300) < 0.7, rng.random(300) < 0.8
    difference = second.astype(float) - first
    expected = scipy.stats.bootstrap(
        (difference,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    assert accuracy_difference(first, second) == pytest.approx((expected.low, expected.high), abs=0.008)


def test_classes_are_resampled_by_themselves():
    labels = np.array(["b"] * 4 + ["a"] * 2)
    first = np.array([1, 1, 0, 0, 1, 1], bool)
    second = np.array([1, 1, 1, 1, 1, 1], bool)
    table = difference_by_class(labels, first, second)
    assert table.index.tolist() == ["a", "b"]
    assert table.loc["a"].tolist() == [2, 1, 1, 0, 0, 0, 0, 0]
    b = table.loc["b"]
    assert [b["n"], b["first"], b["second"], b["only_first"], b["only_second"], b["difference"]] == [
        4,
        0.5,
        1,
        0,
        2,
        0.5,
    ]
    # Of four fair draws, none or all are 1 in a sixteenth of the cases each: more than the tails' 2.5 %.
    assert (b["low"], b["high"]) == (0, 1)
