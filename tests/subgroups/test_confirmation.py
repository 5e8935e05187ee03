"""The tests of the second half, by numbers worked out on paper."""

from math import asin, comb, sin, sqrt

import numpy as np
import pytest

from carvis.subgroups.confirmation import (
    UNCOUNTED,
    confirming_p,
    detectable_accuracy,
    halves,
    images_needed,
    least_p,
    lower_accuracy_p,
    one_of_each_group,
)
from carvis.subgroups.search import excess_error


def some(n, *true):
    mask = np.zeros(n, bool)
    mask[list(true)] = True
    return mask


def test_fishers_p_by_hand():
    # 10 images, 3 wrong, 4 in the slice, 3 of them wrong: C(3, 3) C(7, 1) / C(10, 4) = 7 / 210.
    assert lower_accuracy_p(some(10, 0, 1, 2, 3), some(10, 0, 1, 2)) == pytest.approx(7 / 210)
    # 2 or 3 of the 3: (C(3, 2) C(7, 2) + C(3, 3) C(7, 1)) / 210 = (63 + 7) / 210.
    assert lower_accuracy_p(some(10, 0, 1, 3, 4), some(10, 0, 1, 2)) == pytest.approx(70 / 210)
    assert lower_accuracy_p(some(10, 5, 6), some(10, 0, 1, 2)) == 1


def test_the_same_finding_by_another_property_is_not_confirmed_twice():
    n = 400
    wrong, first = some(n, *range(40)), some(n, *range(50))
    # The second slice is the first and a few images beside it, none of them wrong.
    second = some(n, *range(70))
    alone = lower_accuracy_p(second, wrong)
    p = confirming_p([first, second], wrong)
    assert alone < 1e-20 and p[0] < 1e-20 and p[1] == 1


def test_a_slice_is_not_confirmed_where_the_slices_before_it_leave_no_image():
    wrong = some(12, 0, 1, 2, 3)
    # C(12, 4) = 495 ways to choose four of twelve; of the third slice nothing is left to be worse than.
    assert confirming_p([wrong, ~wrong, wrong], wrong) == pytest.approx([1 / 495, 1, 1])


def test_a_second_finding_of_its_own_is_confirmed():
    n = 400
    wrong = some(n, *range(20), *range(100, 120))
    p = confirming_p([some(n, *range(30)), some(n, *range(100, 130))], wrong)
    assert max(p) < 1e-6


def test_halves_share_no_photograph_and_are_alike():
    group = np.array([0, 0, 0, *range(1, 98)])
    strata = [("a", i % 4 == 0) for i in range(100)]
    half = halves(group, strata, seed=0)
    uncounted = (half == UNCOUNTED).nonzero()[0].tolist()
    assert len(uncounted) == 2 and set(uncounted) < {0, 1, 2}
    assert abs((half == 0).sum() - (half == 1).sum()) <= 1
    wrong = np.array([right for _label, right in strata])
    assert abs((wrong & (half == 0)).sum() - (wrong & (half == 1)).sum()) <= 1
    assert (half == halves(group, strata, seed=0)).all() and (half != halves(group, strata, seed=1)).any()


def test_the_counted_image_of_a_group_is_any_of_them():
    # Two hundred pairs, each of the two kinds in turn: neither kind alone is counted.
    group = np.repeat(np.arange(200), 2)
    chosen = one_of_each_group(group, seed=0)
    assert np.bincount(group[chosen]).tolist() == [1] * 200
    # Of 200 draws of a half 70 to 130 are four standard deviations either way.
    assert 70 < chosen[::2].sum() < 130
    assert (one_of_each_group(group, seed=1) != chosen).any()


def test_images_without_a_group_all_count():
    assert (halves(np.full(6, -1), ["a"] * 6, 0) >= 0).all()
    assert one_of_each_group(np.array([-1, 3, -1, 3]), 0)[[0, 2]].all()


def test_the_least_p_by_hand():
    # 20 images, 2 errors, the smallest slice holds 5: C(18, 3) / C(20, 5).
    assert least_p(20, 2, 5) == pytest.approx(comb(18, 3) / comb(20, 5))
    assert least_p(20, 0, 5) == 1


def test_what_could_be_detected_by_hand():
    # 100 in the slice, 900 beside it, level 0.05, power 0.8: h = (1.6449 + 0.8416) sqrt(1/100 + 1/900) = 0.26210.
    h = (1.6448536 + 0.8416212) * sqrt(1 / 100 + 1 / 900)
    expected = sin(asin(sqrt(0.9)) - h / 2) ** 2
    assert detectable_accuracy(1000, 0.1, 0.9, 0.05) == pytest.approx(expected, abs=1e-6)
    assert expected == pytest.approx(0.8086, abs=0.001)
    assert detectable_accuracy(10, 0.1, 0.9, 0.05) is None


def test_how_many_images_are_needed_by_hand():
    # h = 2 (asin sqrt 0.9 - asin sqrt 0.7) = 0.5158, z = 2.3940 + 0.8416: (z / h)^2 (10 + 1.1111) = 437.2.
    assert images_needed(0.1, 0.9, 0.2, 0.05 / 6) == 438
    # So many find what they should, one fewer does not.
    assert detectable_accuracy(438, 0.1, 0.9, 0.05 / 6) >= 0.7 > detectable_accuracy(437, 0.1, 0.9, 0.05 / 6)
    assert images_needed(0.1, 0.15, 0.2, 0.05) is None and images_needed(0.1, 0.9, 0.0, 0.05) is None


def test_the_z_of_two_proportions_by_hand():
    # 20 of 50 wrong against 10 of 100: p = 0.2, z = 0.3 / sqrt(0.16 (1/50 + 1/100)) = 4.330.
    z = excess_error(np.array([50.0]), np.array([20.0]), 150.0, 30.0)
    assert z[0] == pytest.approx(0.3 / sqrt(0.16 * 0.03))
    assert excess_error(np.array([0.0, 150.0]), np.array([0.0, 30.0]), 150.0, 30.0).tolist() == [-np.inf, -np.inf]
