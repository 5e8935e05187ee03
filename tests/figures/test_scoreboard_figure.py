"""Figures of a comparison: what stands in them, for names and numbers that are awkward."""

import numpy as np
import pytest

import carvis
from carvis.figures import figure_bytes, model_scoreboard, reliability_diagrams
from tests.evaluation.small_evaluations import evaluation


@pytest.fixture
def comparison():
    rng = np.random.default_rng(0)
    models = []
    for name in ("自作 $model_1$", "a" * 60):
        sure = rng.uniform(0.5, 1, 40)
        rows = [(f"{i}", "a" if i % 3 else "b", [p, 1 - p]) for i, p in enumerate(sure)]
        models.append(evaluation(name, ["a", "b"], rows))
    return carvis.compare(models)


def texts(figure) -> str:
    parts = [text.get_text() for axes in figure.axes for text in axes.texts]
    parts += [label.get_text() for axes in figure.axes for label in axes.get_yticklabels()]
    parts += [axes.get_title(loc="left") for axes in figure.axes] + [text.get_text() for text in figure.texts]
    return " ".join(parts)


def test_the_scoreboard(comparison):
    figure = model_scoreboard(comparison)
    labels = texts(figure)
    assert "自作 $model_1$" in labels and "a" * 60 not in labels and "…" in labels
    assert f"{comparison.scoreboard['accuracy'].iloc[0]:.1%}" in labels and "40 images of cars, test" in labels
    # Parameters are not known without a file.
    assert "–" in labels
    assert figure_bytes(figure) == figure_bytes(model_scoreboard(comparison))


def test_reliability_with_and_without_a_temperature(comparison):
    first = comparison.names[0]
    figure = reliability_diagrams(comparison, {first: {"temperature": 1.5, "ece_after": 0.012}})
    assert "with temperature 1.50: 0.012" in texts(figure)
    assert f"calibration error {comparison.scoreboard['ece'].iloc[1]:.3f}" in texts(figure)
    assert figure_bytes(figure).startswith(b"\x89PNG")
