"""The average of models' probabilities, worked by hand."""

import math

import numpy as np
import pytest

import carvis
from carvis.errors import ModelError
from carvis.evaluation.comparison import average_probabilities, check_same_classes
from tests.evaluation.small_evaluations import evaluation


@pytest.fixture
def two():
    """One model's probabilities of a, the other's in the opposite class order.

    The averages of a are 0.6, 0.65, 0.6, 0.25 and 0.45: right, right, wrong, right, wrong.
    """
    labels = "aabba"
    one = [
        (f"test/{label}/{i}", label, [p, 1 - p]) for i, (label, p) in enumerate(zip(labels, [0.9, 0.4, 0.6, 0.3, 0.8]))
    ]
    other = [
        (f"test/{label}/{i}", label, [1 - p, p]) for i, (label, p) in enumerate(zip(labels, [0.3, 0.9, 0.6, 0.2, 0.1]))
    ]
    return evaluation("one", ["a", "b"], one), evaluation("other", ["b", "a"], other)


def test_the_average_is_joined_by_class_name(two):
    found = carvis.compare(two).averaging
    assert (found.best, found.n) == ("one", 5)
    assert found.accuracy == pytest.approx(3 / 5) and found.best_accuracy == pytest.approx(3 / 5)
    assert found.gained["id"].tolist() == ["test/a/1"] and found.lost["id"].tolist() == ["test/a/4"]
    assert found.gained["average"].tolist() == ["a"]
    assert found.gained["average_confidence"].tolist() == pytest.approx([0.65])
    assert found.lost["average"].tolist() == ["b"]
    # One against one: nothing speaks against chance.
    assert found.p == 1 and not found.helps and "would not help" in found.headline
    assert "gains 1 image and loses 1 image" in found.finding


def test_an_average_that_helps_beyond_chance():
    """Each of two models is wrong, and unsure, on ten images of its own; the average is right on all."""
    labels = ["a"] * 30
    first = [0.45] * 10 + [0.9] * 20
    second = [0.9] * 20 + [0.45] * 10
    rows = [
        [(f"test/a/{i:02}", label, [p, 1 - p]) for i, (label, p) in enumerate(zip(labels, ps))]
        for ps in (first, second)
    ]
    pair = [evaluation(name, ["a", "b"], of_model) for name, of_model in zip(("one", "other"), rows)]
    found = carvis.compare(pair).timed({"one": 2.0, "other": 3.5}).averaging
    assert found.accuracy == 1 and found.best_accuracy == pytest.approx(2 / 3)
    assert found.p == pytest.approx(2 * 0.5**10) and found.helps
    assert len(found.gained) == 10 and found.lost.empty
    assert found.milliseconds == 5.5 and found.best_milliseconds == 2.0
    assert "5.5 ms per image for the 2 models together, 2.0 ms for one alone" in found.cost
    untimed = carvis.compare(pair).timed({"one": 2.0}).averaging
    assert math.isnan(untimed.milliseconds) and "2 models instead of one" in untimed.cost


def test_an_average_that_could_be_better_by_chance():
    rows = [[("test/a/0", "a", [p, 1 - p]), ("test/a/1", "a", [q, 1 - q])] for p, q in ((0.9, 0.4), (0.4, 0.9))]
    found = carvis.compare([evaluation(name, ["a", "b"], of_model) for name, of_model in zip("xy", rows)]).averaging
    assert (found.accuracy, found.best_accuracy, found.p) == (1, 0.5, 1) and "could be chance" in found.headline


def test_an_average_of_equal_models_changes_nothing(two):
    same = carvis.compare({"one": two[0], "twin": two[0]}).averaging
    assert same.gained.empty and same.lost.empty and "change nothing" in same.finding


def test_models_of_other_classes_are_not_averaged(two):
    rows = [(f"test/a/{i}", "a", [0.5, 0.3, 0.2]) for i in (0, 1, 4)]
    comparison = carvis.compare([two[0], evaluation("more", ["a", "b", "c"], rows)])
    with pytest.raises(ModelError, match="one and more have different classes \\(c is in one of them only\\)"):
        _ = comparison.averaging
    with pytest.raises(ModelError, match="two or more"):
        check_same_classes({"one": ["a", "b"]})
    # The same letters, composed and decomposed, are the same class.
    assert check_same_classes({"one": ["é", "b"], "two": ["b", "e\u0301"]})["two"] == [1, 0]


def test_the_mean_is_of_probabilities_in_the_first_order():
    mean = average_probabilities(
        {"one": np.array([[0.2, 0.8]]), "two": np.array([[0.6, 0.4]])}, {"one": ["a", "b"], "two": ["b", "a"]}
    )
    np.testing.assert_allclose(mean, [[0.3, 0.7]])
