"""Evaluations are joined by id and content, never by row."""

import numpy as np
import pytest

from carvis.errors import TableError
from carvis.evaluation.alignment import join
from tests.evaluation.small_evaluations import evaluation

A, B = [1.0, 0.0], [0.0, 1.0]


def test_rows_in_another_order_and_classes_in_another_order():
    first = evaluation("one", ["a", "b"], [("test/a/1", "a", A), ("test/a/2", "a", B), ("test/b/3", "b", B)])
    second = evaluation("two", ["b", "a"], [("test/b/3", "b", A), ("test/a/2", "a", B), ("test/a/1", "a", A)])
    joined = join([first, second])
    assert joined.table["id"].tolist() == ["test/a/1", "test/a/2", "test/b/3"]
    np.testing.assert_array_equal(joined.right, [[True, False], [False, True], [True, True]])
    np.testing.assert_array_equal(joined.probabilities("two"), [A, B, A])
    assert joined.left_out == {}


def test_what_cannot_be_compared_is_counted():
    first = evaluation("one", ["a", "b"], [("1", "a", A), ("2", "a", A), ("3", "a", A), ("4", "b", B), ("5", "b", B)])
    second = evaluation("two", ["a", "b"], [("2", "a", A, "other picture"), ("3", "b", A), ("4", "b", B)])
    joined = join([first, second])
    assert joined.table["id"].tolist() == ["4"]
    assert joined.left_out == {"missing": 2, "changed": 1, "relabelled": 1}


def test_a_name_that_occurs_twice_gets_a_number():
    single = evaluation("one", ["a", "b"], [("1", "a", A)])
    assert join([single, single, single]).names == ["one", "one (2)", "one (3)"]


def test_classes_composed_and_decomposed_are_the_same():
    first = evaluation("one", ["é", "b"], [("1", "é", A)])
    second = evaluation("two", ["e\u0301", "b"], [("1", "e\u0301", A)])
    assert join([first, second]).right.all()


def test_nothing_in_common():
    first = evaluation("one", ["a", "b"], [("1", "a", A)])
    second = evaluation("two", ["a", "b"], [("1", "a", A, "other picture")])
    with pytest.raises(TableError, match="one and two were evaluated on different images"):
        join([first, second])
    with pytest.raises(TableError, match="give one or more"):
        join([])
