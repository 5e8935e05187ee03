"""The confusion matrix worked on paper: shares, pairs, difference of two models; against scikit-learn."""

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics

from carvis.errors import TableError
from carvis.evaluation import cell_finding, confused_pairs, confusion_shares, most_confused_classes, pair_confusion
from carvis.evaluation.metrics import confusion_matrix
from tests.evaluation.small_evaluations import evaluation


def matrix(rows, names="abcdefgh"):
    names = list(names)[: len(rows)]
    return pd.DataFrame(rows, index=pd.Index(names, name="true"), columns=pd.Index(names, name="predicted"))


# c has no images, d is never predicted.
FOUR = matrix([[3, 1, 0, 0], [2, 2, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0]])


def test_shares_of_a_row_and_of_a_column():
    nan = np.nan
    row = [[3 / 4, 1 / 4, 0, 0], [1 / 2, 1 / 2, 0, 0], [nan] * 4, [0, 1 / 2, 1 / 2, 0]]
    column = [[3 / 5, 1 / 4, 0, nan], [2 / 5, 2 / 4, 0, nan], [0, 0, 0, nan], [0, 1 / 4, 1, nan]]
    np.testing.assert_array_equal(confusion_shares(FOUR, "row"), row)
    np.testing.assert_array_equal(confusion_shares(FOUR, "column"), column)
    np.testing.assert_array_equal(confusion_shares(FOUR, "count"), FOUR)
    assert confusion_shares(FOUR, "row").index.equals(FOUR.index)
    with pytest.raises(ValueError, match="choose one of count, row, column"):
        confusion_shares(FOUR, "all")


def test_hiding_the_diagonal_changes_no_share():
    hidden = confusion_shares(FOUR, "row", diagonal=False)
    assert np.isnan(np.diag(hidden)).all()
    assert hidden.loc["a", "b"] == 1 / 4 and hidden.loc["d", "c"] == 1 / 2
    assert np.isnan(np.diag(confusion_shares(FOUR, "count", diagonal=False))).all() and FOUR.loc["a", "a"] == 3


def test_both_directions_of_a_pair_stand_in_one_row():
    pairs = confused_pairs(matrix([[5, 1, 0], [3, 1, 1], [0, 1, 2]]))
    # a and b: 3 of the 5 b are taken for a, 1 of the 6 a for b. b and c: one each; c has fewer images, so it leads.
    assert pairs.to_numpy().tolist() == [
        ["b", "a", 3, 3 / 5, 1, 1 / 6, 4],
        ["c", "b", 1, 1 / 3, 1, 1 / 5, 2],
    ]


def test_a_class_without_images_leads_no_pair():
    pairs = confused_pairs(FOUR)
    assert pairs[["one", "other", "count", "count_back", "both"]].to_numpy().tolist() == [
        ["b", "a", 2, 1, 3], ["d", "b", 1, 0, 1], ["d", "c", 1, 0, 1],
    ]  # fmt: skip
    assert np.isnan(pairs["share_back"].iloc[2]) and pairs["share_back"].iloc[1] == 0


def test_nothing_confused_gives_no_pair():
    assert confused_pairs(matrix([[3, 0], [0, 2]])).empty
    assert most_confused_classes(matrix([[3, 0], [0, 2]]), 1) == ["a"]


def test_the_classes_confused_most_come_pair_by_pair():
    counts = matrix([[9, 0, 0, 0, 1], [0, 9, 0, 4, 0], [0, 0, 9, 0, 0], [0, 1, 0, 9, 0], [1, 0, 0, 0, 9]])
    assert most_confused_classes(counts, 2) == ["b", "d"]
    assert most_confused_classes(counts, 4) == ["b", "d", "a", "e"]
    assert most_confused_classes(counts, 99) == ["b", "d", "a", "e", "c"]


A, B, C = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]


def test_the_difference_counts_shared_images_only_whatever_the_order_of_rows_and_classes():
    first = evaluation(
        "one", ["a", "b", "c"], [("1", "a", B), ("2", "a", B), ("3", "b", B), ("4", "c", C), ("5", "c", A)]
    )
    # Its first class is b, its second a; image 5 is another one by content, image 6 is nowhere else.
    second = evaluation(
        "two",
        ["b", "a", "c"],
        [("6", "a", C), ("5", "c", C, "changed"), ("4", "c", C), ("3", "b", B), ("2", "a", B), ("1", "a", A)],
    )
    pair = pair_confusion(first, second)
    assert pair.first.to_numpy().tolist() == [[0, 2, 0], [0, 1, 0], [0, 0, 1]]
    assert pair.second.to_numpy().tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert pair.difference().to_numpy().tolist() == [[1, -1, 0], [1, -1, 0], [0, 0, 0]]
    assert pair.difference("row").loc["a"].tolist() == [0.5, -0.5, 0]
    assert np.isnan(pair.difference("row", diagonal=False).loc["a", "a"])
    assert pair.joined.left_out == {"missing": 1, "changed": 1}


def test_classes_that_one_model_does_not_know_come_last():
    first = evaluation("one", ["a", "é"], [("1", "a", [1.0, 0.0]), ("2", "é", [1.0, 0.0])])
    second = evaluation("two", ["z", "é", "a"], [("1", "a", A), ("2", "é", B)])
    pair = pair_confusion(first, second)
    assert pair.first.index.tolist() == ["a", "é", "z"]
    assert pair.second.loc["a", "z"] == 1 and pair.second.loc["é", "é"] == 1


def test_evaluations_of_other_images_have_no_difference():
    first, second = (evaluation(name, ["a", "b"], [(name, "a", [1.0, 0.0])]) for name in ("one", "two"))
    with pytest.raises(TableError, match="one and two were evaluated on different images"):
        pair_confusion(first, second)


@pytest.mark.parametrize("seed", range(5))
def test_shares_agree_with_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    names = [f"class {i}" for i in range(int(rng.integers(3, 30)))]
    true, predicted = rng.integers(0, len(names), 500), rng.integers(0, len(names), 500)
    table = pd.DataFrame({"label": [names[i] for i in true], "predicted": [names[i] for i in predicted]})
    counts = confusion_matrix(table, names)
    for of, normalize in (("count", None), ("row", "true"), ("column", "pred")):
        expected = sklearn.metrics.confusion_matrix(true, predicted, normalize=normalize)
        np.testing.assert_allclose(confusion_shares(counts, of), expected)


def test_a_cell_in_words():
    assert cell_finding(FOUR, "a", "a") == "3 of 4 images of a are predicted correctly (75%)."
    assert cell_finding(FOUR, "a", "b") == "1 of 4 images of a is predicted as b (25%). In reverse: 2 of 4 (50%)."
    assert cell_finding(FOUR, "d", "c") == "1 of 2 images of d is predicted as c (50%)."
    assert cell_finding(FOUR, "c", "d") == "There are no images of c."
