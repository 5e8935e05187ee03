"""Calibration, temperature and selective risk against numbers worked on paper and against scikit-learn."""

import numpy as np
import pytest
import sklearn.calibration
import sklearn.metrics

from carvis.errors import TableError
from carvis.evaluation.comparison import (
    area_under_risk,
    coverage_at,
    expected_calibration_error,
    fit_temperature,
    reliability,
    rescaled,
    risk_coverage,
    temperature_finding,
)
from carvis.evaluation.comparison.temperature import fitted
from carvis.evaluation.metrics import log_loss, summarise, wilson_interval
from tests.evaluation.small_evaluations import evaluation


def test_four_images_on_paper():
    confidence, right = np.array([0.9, 0.7, 0.7, 0.3]), np.array([True, True, False, False])
    # Two bins: 0.3 alone, none right: gap 0.3; the others, 2 of 3 right at 2.3 / 3: gap 0.1.
    assert expected_calibration_error(confidence, right, bins=2) == pytest.approx(0.3 / 4 + 0.3 / 4)
    table = reliability(confidence, right, bins=2)
    assert table["count"].tolist() == [1, 3]
    assert table["confidence"].tolist() == pytest.approx([0.3, 2.3 / 3])
    assert table["accuracy"].tolist() == pytest.approx([0, 2 / 3])
    assert table.loc[1, ["low", "high"]].tolist() == pytest.approx(wilson_interval(2, 3))


def test_a_bin_holds_its_high_end_in_float32_too():
    confidence = np.array([0.2, 0.4, 0.6, 0.8, 1.0, 0.0], np.float32)
    assert reliability(confidence, np.ones(6, bool), bins=5)["count"].tolist() == [2, 1, 1, 1, 1]


def test_an_empty_bin_is_no_number():
    table = reliability(np.array([0.9]), np.array([True]))
    assert len(table) == 15 and table["accuracy"].notna().sum() == 1 and table["low"].notna().sum() == 1
    assert expected_calibration_error(np.array([0.9]), np.array([True])) == pytest.approx(0.1)


@pytest.mark.parametrize("seed", range(5))
def test_bins_agree_with_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    confidence = rng.random(400)
    right = rng.random(400) < confidence**2
    table = reliability(confidence, right).dropna()
    share, mean = sklearn.calibration.calibration_curve(right, confidence, n_bins=15)
    np.testing.assert_allclose(table["accuracy"], share)
    np.testing.assert_allclose(table["confidence"], mean, atol=1e-6)
    expected = (np.abs(share - mean) * table["count"]).sum() / 400
    assert expected_calibration_error(confidence, right) == pytest.approx(expected, abs=1e-6)
    classes = rng.dirichlet(np.ones(5), 400)
    labels = rng.integers(0, 5, 400)
    assert log_loss(classes, labels) == pytest.approx(sklearn.metrics.log_loss(labels, classes, labels=range(5)))


def rows_of(confidence, right):
    """Answers of two classes, all equally confident, of which the given number is right and the rest wrong."""
    rows = [(f"{i}", "a", [confidence, 1 - confidence]) for i in range(right[0])]
    return rows + [(f"w{i}", "b", [confidence, 1 - confidence]) for i in range(right[1])]


def test_a_temperature_known_beforehand():
    # Confidence 9 : 1, right 3 : 1. The logit ln 9 must become ln 3, its half: T = 2.
    model = evaluation("one", ["a", "b"], rows_of(0.9, (3, 1)), split="valid")
    temperature = fit_temperature(model)
    assert temperature.value == pytest.approx(2, abs=1e-4) and temperature.n == 4 and not temperature.bounded
    test = evaluation("one", ["a", "b"], rows_of(0.9, (3, 1)))
    effect = temperature.effect(test)
    assert effect["ece"] == pytest.approx(0.15) and effect["ece_after"] == pytest.approx(0, abs=1e-4)
    assert effect["log_loss"] == pytest.approx(-0.75 * np.log(0.9) - 0.25 * np.log(0.1))
    assert effect["log_loss_after"] == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
    assert effect["log_loss"] == pytest.approx(test.metrics["log_loss"], rel=1e-6)


def test_a_model_that_was_not_sure_enough_and_one_without_a_mistake():
    assert fit_temperature(evaluation("one", ["a", "b"], rows_of(0.75, (9, 1)), split="valid")).value == pytest.approx(
        0.5, abs=1e-4
    )
    perfect = fit_temperature(evaluation("one", ["a", "b"], rows_of(0.75, (9, 0)), split="valid"))
    assert perfect.bounded and perfect.value == 0.05
    hopeless = fit_temperature(evaluation("one", ["a", "b"], rows_of(0.9, (1, 9)), split="valid"))
    assert hopeless.bounded and hopeless.value == 20


@pytest.mark.parametrize("seed", range(3))
def test_no_other_temperature_is_better_and_predictions_stay(seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(200, 6)) * 2
    labels = np.where(rng.random(200) < 0.5, logits.argmax(axis=1), rng.integers(0, 6, 200))
    probabilities = rescaled(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 1.0)
    best, bounded = fitted(probabilities, labels)
    losses = {t: log_loss(rescaled(probabilities, t), labels) for t in (best, best * 0.98, best * 1.02, 1.0)}
    assert not bounded and min(losses, key=losses.get) == best
    scaled = rescaled(probabilities, best)
    assert (scaled.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    # As if the logits themselves had been divided.
    expected = np.exp(logits / best) / np.exp(logits / best).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(scaled, expected, rtol=1e-9)


def test_a_probability_of_nothing_is_no_infinity():
    value, _ = fitted(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([0, 1, 1]))
    assert np.isfinite(value) and np.isfinite(rescaled(np.array([[1.0, 0.0]]), value)).all()


def test_a_temperature_is_not_fitted_on_test_nor_used_for_another_model():
    with pytest.raises(TableError, match="validation images, not on test images"):
        fit_temperature(evaluation("one", ["a", "b"], rows_of(0.9, (3, 1))))
    temperature = fit_temperature(evaluation("one", ["a", "b"], rows_of(0.9, (3, 1)), split="valid"))
    with pytest.raises(TableError, match="another model than two"):
        temperature.effect(evaluation("two", ["a", "b"], rows_of(0.9, (3, 1))))


def test_risk_against_coverage_on_paper():
    confidence, right = np.array([0.6, 0.9, 0.7, 0.8]), np.array([False, True, True, False])
    curve = risk_coverage(confidence, right)
    # Most confident first: right, wrong, right, wrong.
    assert curve["threshold"].tolist() == [0.9, 0.8, 0.7, 0.6]
    assert curve["coverage"].tolist() == [0.25, 0.5, 0.75, 1]
    assert curve["risk"].tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert area_under_risk(confidence, right) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert coverage_at(confidence, right, 0.4) == (0.75, 0.7)
    assert coverage_at(confidence, right, 0.0) == (0.25, 0.9)
    assert coverage_at(np.array([0.9]), np.array([False]), 0.5) == (0, np.inf)


def test_equal_confidences_are_one_threshold_and_their_order_does_not_count():
    confidence = np.array([0.9, 0.5, 0.5])
    for right in ([True, True, False], [True, False, True]):
        assert risk_coverage(confidence, np.array(right))["risk"].tolist() == pytest.approx([0, 1 / 3])
        # Of two images half an error is expected, of three one.
        assert area_under_risk(confidence, np.array(right)) == pytest.approx((0 + 0.5 / 2 + 1 / 3) / 3)


@pytest.mark.parametrize("seed", range(3))
def test_the_whole_curve_agrees_with_counting(seed):
    rng = np.random.default_rng(seed)
    confidence, right = rng.random(150), rng.random(150) < 0.7
    order = np.argsort(-confidence)
    risks = np.cumsum(~right[order]) / np.arange(1, 151)
    np.testing.assert_allclose(risk_coverage(confidence, right)["risk"], risks)
    assert area_under_risk(confidence, right) == pytest.approx(risks.mean())
    # The last point is the error rate over everything, as the metrics have it.
    assert risks[-1] == pytest.approx(1 - right.mean())


def test_metrics_and_calibration_count_the_same_log_loss():
    rows = [("1", "a", [0.0, 1.0]), ("2", "b", [0.25, 0.75])]
    single = evaluation("one", ["a", "b"], rows)
    probabilities = single.predictions[["p:a", "p:b"]].to_numpy()
    assert log_loss(probabilities, np.array([0, 1])) == pytest.approx(
        summarise(single.predictions, ["a", "b"])["log_loss"], rel=1e-6
    )


def test_what_a_temperature_does_in_words():
    effect = {"temperature": 2.0, "n": 9, "bounded": False, "ece": 0.2, "ece_after": 0.1, "log_loss": 0.5}
    finding = temperature_finding("m", effect | {"log_loss_after": 0.25})
    assert finding == (
        "m is overconfident on the 9 validation images: temperature 2.00. On the images compared it changes the "
        "calibration error from 0.200 to 0.100 and the log loss from 0.500 to 0.250."
    )
    assert "underconfident" in temperature_finding("m", effect | {"temperature": 0.5, "log_loss_after": 0.25})
    assert "well calibrated" in temperature_finding("m", effect | {"temperature": 1.0, "log_loss_after": 0.5})
    assert "makes the confidence worse" in temperature_finding("m", effect | {"log_loss_after": 0.75})
    assert "right on all" in temperature_finding("m", effect | {"temperature": 0.05, "bounded": True})
    assert "no information" in temperature_finding("m", effect | {"temperature": 20.0, "bounded": True})
