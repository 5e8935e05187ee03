"""Novelty scores and their thresholds, worked by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from carvis.prediction import (
    Novelty,
    Prediction,
    conformal_p_values,
    conformal_threshold,
    energy,
    neighbour_scores,
    novelty_finding,
)


def test_the_threshold_is_the_order_statistic_of_the_conformal_quantile():
    nine = np.array([9, 1, 8, 2, 7, 3, 6, 4, 5.0])
    # (9 + 1)(1 - 0.2) = 8: the eighth smallest.
    assert conformal_threshold(nine, 0.2) == 8
    # (9 + 1)(1 - 0.25) = 7.5: rounded up, the eighth again.
    assert conformal_threshold(nine, 0.25) == 8
    # (9 + 1)(1 - 0.1) = 9: the largest; less than one in ten cannot be promised by nine images.
    assert conformal_threshold(nine, 0.1) == 9
    assert conformal_threshold(nine, 0.09) == math.inf
    # 20 * 0.95 is 19 exactly, though not in binary.
    assert conformal_threshold(np.arange(1, 20.0), 0.05) == 19
    assert conformal_threshold(np.zeros(0), 0.05) == math.inf


def test_p_values_count_the_calibration_scores_that_are_as_large():
    nine = np.arange(1, 10.0)
    # Of 9 scores none exceeds 10, one is as large as 9, all are as large as 0.
    np.testing.assert_allclose(conformal_p_values(nine, np.array([10, 9, 8.5, 0])), [0.1, 0.2, 0.2, 1.0])


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1, 0.25, 0.5])
@pytest.mark.parametrize("n", [1, 9, 19, 20, 57, 99])
def test_a_score_exceeds_the_threshold_where_its_p_value_is_at_most_the_rate(rate, n):
    rng = np.random.default_rng(n)
    calibration, scores = rng.integers(0, 30, n).astype(float), np.arange(-1, 32, 0.5)
    above = scores > conformal_threshold(calibration, rate)
    np.testing.assert_array_equal(above, conformal_p_values(calibration, scores) <= rate + 1e-12)


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_no_more_false_alarms_than_stated(rate):
    rng = np.random.default_rng(0)
    draws = rng.lognormal(size=(20_000, 41))
    alarms = np.mean([row[-1] > conformal_threshold(row[:-1], rate) for row in draws])
    assert alarms <= rate + 3 * math.sqrt(rate / 20_000)
    # Nor far fewer: the guarantee is tight to 1 / (n + 1).
    assert alarms >= rate - 1 / 41 - 3 * math.sqrt(rate / 20_000)


def test_energy_is_minus_the_log_of_summed_exponentials():
    logits = np.array([[math.log(1), math.log(3)], [0, 0], [1000, 1000]])
    np.testing.assert_allclose(energy(logits), [-math.log(4), -math.log(2), -1000 - math.log(2)])
    # -2 log(exp(0) + exp(0)) and scaled logits.
    np.testing.assert_allclose(
        energy(np.array([[0.0, 0.0], [2 * math.log(3), 0]]), 2.0), [-2 * math.log(2), -2 * math.log(4)]
    )


def test_the_distance_that_counts_is_to_the_fifth_nearest():
    distances = np.array([[0.0, 0.1, 0.2, 0.3, 0.4, 0.9]])
    assert neighbour_scores(distances) == [0.4]
    assert neighbour_scores(distances[:, :2]) == [0.1]


def test_verdicts():
    novelty = Novelty("training-distance", np.arange(1, 20.0), 0.05)
    assert novelty.threshold == 19 and novelty.needed == 19
    assert [novelty.verdict(score) for score in (19.0, 19.1, math.nan)] == ["typical", "novel", "unknown"]
    too_few = Novelty("energy", np.arange(18.0), 0.05)
    assert too_few.verdict(1e9) == "unknown" and too_few.needed == 19


def test_the_words_round_no_share_up_and_no_rate_away():
    # Of 1,000 validation images 997 score lower: p = 4/1001, and 99.6 % are not 100 %.
    novel = Prediction("a.png", "m", novelty="novel", novelty_by="training-distance", novelty_p=4 / 1001)
    words = str(novelty_finding(replace(novel, false_alarms=0.005)))
    assert "than 99% of the validation images" in words and "At most 0.5% of" in words
    assert "At most 5% of" in str(novelty_finding(replace(novel, false_alarms=0.05)))
    # 1 - 0.42 lies a little below 0.58 or above it in binary, and is 58 %.
    assert "than 58% of" in str(novelty_finding(replace(novel, novelty_p=0.42)))
