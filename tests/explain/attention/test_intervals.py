"""Intervals of annotated images by numbers worked by hand, and the proposals of boxes."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from carvis.dataset.parts import Box, ImageParts, PartBox
from carvis.explain.attention import (
    Attention,
    Precision,
    carried_over,
    nearest_annotated,
    precision,
    precision_finding,
    proposed_boxes,
)
from carvis.feature_space import Embeddings


def measured(shares, areas=None, falls=None, status=None):
    n = len(shares)
    columns = {
        "id": [f"test/a/{i}.png" for i in range(n)],
        "label": "a", "right": [i % 2 == 0 for i in range(n)], "status": status or "ok",
        "area:lamp": areas or [0.1] * n, "share:lamp": shares,
        "fall:lamp": falls or [0.0] * n, "control:lamp": [0.0] * n,
    }  # fmt: skip
    return Attention(pd.DataFrame(columns), ("lamp",), {}, setup={"occlude": True})


def test_one_kind_of_image_has_students_interval():
    """Shares 0.1, 0.2, 0.3, 0.4, 0.5: mean 0.3, s 0.158, half width t(4) s / sqrt(5) = 0.196."""
    found = precision(measured([0.1, 0.2, 0.3, 0.4, 0.5]), "lamp")
    half = t.ppf(0.975, 4) * np.sqrt(0.025 / 5)
    assert found.mean == pytest.approx(0.3) and found.high - found.mean == pytest.approx(half)
    assert found.n == found.annotated == 5 and not found.weighted
    # The number is the smallest that does, had further images the same spread.
    total = 5 + found.needed
    reach = [t.ppf(0.975, n - 1) * np.sqrt(0.025 / n) for n in (total - 1, total)]
    assert reach[0] > 0.05 >= reach[1] and 38 < total < 48


def test_parts_not_visible_and_not_looked_for_are_in_no_mean():
    found = precision(measured([0.1, 0.3, 0.0, np.nan], areas=[0.1, 0.1, 0.0, np.nan]), "lamp")
    assert (found.n, found.annotated, found.needed) == (2, 3, None) and found.mean == pytest.approx(0.2)
    assert np.isnan(precision(measured([0.1]), "lamp").low)


def test_balanced_images_are_weighted_back():
    """Nine of ten images are right; of those drawn half. Mistakes hold 0.5, the others 0.1: 0.1 x 0.5 + 0.9 x 0.1."""
    attention = measured([0.4, 0.0, 0.6, 0.2, 0.5, 0.1])
    ids = attention.table["id"].tolist()
    right = {sample: i % 2 == 1 for i, sample in enumerate(ids)} | {f"other {i}": i > 2 for i in range(30)}
    right |= {f"more {i}": True for i in range(24)}
    assert sum(right.values()) == 54 and len(right) == 60
    found = precision(attention, "lamp", right=right)
    assert found.mean == pytest.approx(0.14) and found.weighted
    # As the column of a table gives them.
    assert precision(attention, "lamp", right=dict(zip(right, np.array(list(right.values()))))) == found
    variance = (0.1**2 + 0.9**2) * 0.01 / 3
    df = variance**2 / ((0.1**2 * 0.01 / 3) ** 2 / 2 + (0.9**2 * 0.01 / 3) ** 2 / 2)
    assert found.high - found.mean == pytest.approx(t.ppf(0.975, df) * np.sqrt(variance))
    # Without one kind nothing can be said of all.
    only = dict.fromkeys(ids, True) | {"other": False}
    assert np.isnan(precision(attention, "lamp", right=only).mean)
    # A part that no mistake shows is a matter of the right ones alone.
    hidden = measured([0.0, 0.1, 0.0, 0.3, 0.0, 0.2], areas=[0, 0.1, 0, 0.1, 0, 0.1])
    assert precision(hidden, "lamp", right=right).mean == pytest.approx(0.2)


def test_what_is_said_of_an_interval():
    def say(needed, low=0.1):
        return precision_finding("m", Precision("share", "lamp", 12, 14, 0.2, low, 0.3, 0.04, needed, 0.05, False))

    statement = (
        "m: 20.0% of the evidence is on the lamp (95 % CI 10.0% – 30.0%, n = 12), which covers 4.0% of the image"
    )
    assert say(0) == f"{statement}: within ± 5 points."
    assert say(9) == f"{statement}: about 9 more images for ± 5 points."
    assert say(1) == f"{statement}: about 1 more image for ± 5 points."
    assert "cannot be told" in say(None) and "too few images" in say(None, float("nan"))
    net = precision_finding("m", Precision("net", "lamp", 12, 14, 0.2, -0.1, 0.5, 0.04, 3, 0.05, False))
    assert "lowers the probability by 0.20 more than the same shape elsewhere (95 % CI −0.10 – 0.50" in net


def test_a_box_is_carried_over_to_the_same_place():
    assert carried_over(Box(10, 20, 30, 40), (100, 200), (50, 400)) == Box(20, 10, 60, 20)
    # The object is twice as large and lies elsewhere: (10 - 0) x 2 + 50 and so on.
    place = carried_over(Box(10, 20, 30, 40), (100, 200), (200, 200), Box(0, 10, 50, 60), Box(50, 0, 150, 100))
    assert place == Box(70, 20, 110, 60)


def test_the_most_similar_annotated_image_proposes():
    def image(*boxes, absent=()):
        return ImageParts(tuple(PartBox(*box) for box in boxes), frozenset(absent), (10, 10), "0" * 64)

    ids = np.array(["a", "b", "c", "d"])
    vectors = np.array([[1, 0], [0, 1], [1, 0.1], [1, 0.01]], np.float32)
    embeddings = Embeddings(ids, ids, vectors, "dense", "score-input", "m", "f", "cars", "test")
    images = {
        "b": image(("lamp", Box(0, 0, 1, 1))),
        "c": image(("lamp", Box(2, 2, 4, 4)), ("wheel", Box(0, 0, 9, 9)), ("lamp", Box(6, 6, 7, 7))),
        "d": image(absent=["lamp"]),
        "gone": image(("lamp", Box(0, 0, 1, 1))),
    }
    assert nearest_annotated("a", "lamp", images, embeddings) == "c"
    assert nearest_annotated("a", "badge", images, embeddings) is None
    assert nearest_annotated("unknown", "lamp", images, embeddings) is None
    found = proposed_boxes("a", (20, 20), "lamp", images, embeddings)
    assert [(p.box, p.sample) for p in found] == [(Box(4, 4, 8, 8), "c"), (Box(12, 12, 14, 14), "c")]
    assert proposed_boxes("a", (20, 20), "lamp", images, None) == []
