"""The sentence on the nearest images, counted by hand."""

import pytest

from carvis.feature_space import neighbour_finding
from carvis.language import localised, speaking


@pytest.mark.parametrize(
    ("labels", "issues", "words"),
    [
        ("bbaab", None, "3 of the 5 training images nearest to it for m are b."),
        # Only issues among those of the class that is named are counted.
        ("bbaab", (1, 0, 1, 1, 1), "3 of the 5 training images nearest to it for m are b; 2 of them are label issues."),
        ("bbaab", (0, 0, 1, 0, 1), "3 of the 5 training images nearest to it for m are b; 1 of them is a label issue."),
        ("bbb", (0, 0, 0), "3 of the 3 training images nearest to it for m are b; none of them is a label issue."),
        # Of classes equally frequent, that of the nearest.
        ("cab", None, "1 of the 3 training images nearest to it for m is c."),
        ("cab", (1, 0, 0), "1 of the 3 training images nearest to it for m is c; it is a label issue."),
        ("cab", (0, 1, 1), "1 of the 3 training images nearest to it for m is c; it is no label issue."),
        ("baab", None, "2 of the 4 training images nearest to it for m are b."),
    ],
)  # fmt: skip
def test_the_sentence(labels, issues, words):
    assert neighbour_finding(list(labels), "m", label_issues=issues) == words


def test_the_split_is_named():
    assert "1 of the 1 validation images" in neighbour_finding(["a"], "m", "valid")


def test_japanese():
    with speaking("ja"):
        text = localised(neighbour_finding(["a", "a"], "m", label_issues=[True, False]))
    assert "2 枚のうち 2 枚が a" in text and "うち 1 枚" in text
