"""Which of two models loses more on a slice."""

import numpy as np
import pytest

from carvis.subgroups import slices
from carvis.subgroups.model_comparison import extra_loss
from tests.subgroups.small_properties import drawn, evaluated


def test_the_extra_loss_by_hand():
    # In the slice the first is right on 4 of 4 and this one on 2; on the 6 others both on 5.
    inside = np.arange(10) < 4
    first = np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 0], bool)
    this = np.array([1, 1, 0, 0, 1, 1, 1, 1, 1, 0], bool)
    extra, low, high, p = extra_loss(this, first, inside)
    assert extra == pytest.approx(0.5)
    # d is 0, 0, 1, 1 in the slice: variance 1/3, and 0 elsewhere: 3 degrees of freedom, t = 3.182, half 0.9186.
    assert (low, high) == pytest.approx((0.5 - 0.9186, 0.5 + 0.9186), abs=1e-3)
    # Of C(10, 2) = 45 places of the two ones 6 lie both in the slice, 15 both outside: sums of 2, 0 are 1.2 and 0.8
    # away from 0.8 expected, 1 only 0.2; as far as 1.2 is 2 alone: p = 6 / 45.
    assert p == pytest.approx(6 / 45, abs=0.015)


def test_equal_models_lose_alike():
    right = np.arange(50) % 3 > 0
    assert extra_loss(right, right, np.arange(50) < 20) == (0, 0, 0, 1)


def test_models_are_compared_on_the_confirming_half_only():
    known = drawn(3000)
    dark = known.table["brightness"].to_numpy() < 50
    rng = np.random.default_rng(3)
    luck = rng.random(3000)
    wrong = luck < np.where(dark, 0.30, 0.10)
    worse = np.where(rng.random(3000) < 0.1, rng.random(3000) < 0.3, luck < np.where(dark, 0.60, 0.10))
    ours, other = evaluated(known, wrong, "ours"), evaluated(known, worse, "other")
    found = slices(ours, known)
    table = found.compare([ours, other])
    assert len(found) == 1 and table["model"].tolist() == ["ours", "other"]
    first, second = table.to_dict("records")
    inside = known.table.index.isin(found.slices[0].confirming_ids)
    outside = known.table.index.isin(found.confirming) & ~inside
    assert second["accuracy"] == pytest.approx((~worse[inside]).mean())
    assert second["rest"] == pytest.approx((~worse[outside]).mean())
    assert second["extra_loss"] == pytest.approx(second["loss"] - first["loss"])
    assert second["only_first"] == (~wrong & worse)[inside].sum() and second["p_here"] < 0.001
    assert second["p_loss"] < 0.01 and "times as much there as ours" in second["finding"]
    assert first["finding"].startswith("ours loses") and np.isnan(first["p_loss"])
