"""The figure of a confusion matrix: its cells, its order, its differences."""

import numpy as np
import pandas as pd
import pytest

from carvis.figures import confusion_matrix, figure_bytes

COUNTS = pd.DataFrame([[3, 1, 0], [0, 2, 2], [1, 0, 9]], list("abc"), list("abc"))


def cells(figure) -> dict[tuple[int, int], str]:
    return {(int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in figure.axes[0].texts}


def labels(figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_counts_stand_in_the_cells_and_nothing_where_there_is_none():
    figure = confusion_matrix(COUNTS, title="own")
    assert cells(figure) == {(0, 0): "3", (0, 1): "1", (1, 1): "2", (1, 2): "2", (2, 0): "1", (2, 2): "9"}
    assert labels(figure) == ["a", "b", "c"]
    assert np.ma.getmaskarray(figure.axes[0].images[0].get_array())[0, 2]


def test_shares_in_another_order_without_the_diagonal():
    figure = confusion_matrix(COUNTS, of="row", order=["c", "a", "b"], diagonal=False, log=True)
    # c taken for a: 1 of 10; a for b: 1 of 4; b for c: 2 of 4.
    assert cells(figure) == {(0, 1): "10", (1, 2): "25", (2, 0): "50"}
    assert labels(figure) == ["c", "a", "b"]
    # A part of the classes keeps the shares of the whole.
    assert cells(confusion_matrix(COUNTS, of="row", order=["c", "a"])) == {(0, 0): "90", (0, 1): "10", (1, 1): "75"}


@pytest.mark.parametrize("log", [False, True])
def test_a_difference_has_signs_and_one_scale_for_both(log):
    other = pd.DataFrame([[4, 0, 0], [0, 4, 0], [3, 0, 7]], list("abc"), list("abc"))
    figure = confusion_matrix(COUNTS, minus=other, log=log)
    assert cells(figure) == {(0, 0): "−1", (0, 1): "+1", (1, 1): "−2", (1, 2): "+2", (2, 0): "−2", (2, 2): "+2"}
    assert figure.axes[0].images[0].get_clim() == (-2, 2)
    assert figure.axes[0].images[0].cmap.name == "PuOr_r"


@pytest.mark.parametrize(
    ("counts", "log"), [([[0, 0], [0, 0]], False), ([[0, 0], [0, 0]], True), ([[5, 0], [0, 5]], True)]
)
def test_matrices_of_one_value_or_none_are_drawn(counts, log):
    counts = pd.DataFrame(counts)
    for minus in (None, counts):
        assert figure_bytes(confusion_matrix(counts, log=log, minus=minus, of="column")).startswith(b"\x89PNG")


def test_two_hundred_classes_have_no_numbers_and_thinned_labels():
    names = [f"車 {i}" for i in range(200)]
    figure = confusion_matrix(pd.DataFrame(np.eye(200, dtype=int), names, names))
    assert cells(figure) == {} and labels(figure)[:2] == ["車 0", "車 2"]
    assert figure_bytes(figure) == figure_bytes(confusion_matrix(pd.DataFrame(np.eye(200, dtype=int), names, names)))
