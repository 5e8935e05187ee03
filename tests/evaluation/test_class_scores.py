"""Scores of each class, worked on paper and against scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_recall_fscore_support

from carvis.evaluation import class_scores

# True and predicted of eight images; c has no images but is answered once, d is never answered.
EIGHT = pd.DataFrame(
    [("a", "a", 0.9), ("a", "a", 0.7), ("a", "a", 0.8), ("a", "b", 0.6), ("b", "b", 0.5), ("b", "a", 0.7),
     ("b", "c", 0.4), ("d", "b", 0.3)],
    columns=["label", "predicted", "confidence"],
)  # fmt: skip


def test_eight_images_on_paper():
    table = class_scores(EIGHT, ["a", "b", "c", "d"])
    a = table.loc["a"]
    assert (a["support"], a["predicted"], a["correct"]) == (4, 4, 3)
    assert a[["precision", "recall", "f1"]].tolist() == pytest.approx([3 / 4] * 3)
    # Wilson of 3 in 4, z² = 3.841459: (0.75 + 0.480182 ± 1.959964 sqrt(0.046875 + 0.060023)) / 1.960365
    assert [a["recall_low"], a["recall_high"]] == pytest.approx([0.300642, 0.954413], abs=1e-6)
    # Of the five images that are a or are taken for it, three are right: J = 3/5, and F1 = 2 J / (1 + J) = 3/4.
    # Wilson of 3 in 5 is 0.230724 to 0.882379, carried through the same formula.
    low, high = 2 * 0.230724 / 1.230724, 2 * 0.882379 / 1.882379
    assert [a["f1_low"], a["f1_high"]] == pytest.approx([low, high], abs=1e-5)
    # Confidences 0.9 0.7 0.8 0.6: mean 0.75, deviation 0.129099, t of 3 degrees of freedom 3.182446.
    assert a["mean_confidence"] == pytest.approx(0.75)
    half = 3.182446 * 0.129099 / 2
    assert [a["mean_confidence_low"], a["mean_confidence_high"]] == pytest.approx([0.75 - half, 0.75 + half], abs=1e-5)
    assert table.loc["b", ["precision", "recall", "f1"]].tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3])


def test_what_is_undefined_is_never_0():
    table = class_scores(EIGHT, ["a", "b", "c", "d"])
    c, d = table.loc["c"], table.loc["d"]
    assert c["precision"] == 0 and np.isnan(c[["recall", "recall_low", "f1", "f1_high", "mean_confidence"]]).all()
    assert np.isnan(d[["precision", "precision_low", "precision_high"]]).all()
    assert d["recall"] == d["f1"] == 0 and d["f1_low"] == 0 and d["f1_high"] > 0.5
    assert d["mean_confidence"] == pytest.approx(0.3) and np.isnan(d["mean_confidence_low"])


def test_the_worst_class_comes_first_and_undefined_ones_last():
    assert class_scores(EIGHT, ["a", "b", "c", "d"]).index.tolist() == ["d", "b", "a", "c"]


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    names = [f"class {i}" for i in range(int(rng.integers(3, 40)))]
    n = int(rng.integers(20, 400))
    true, predicted = rng.integers(0, len(names), n), rng.integers(0, len(names), n)
    right = rng.random(n) < 0.5
    predicted[right] = true[right]
    frame = pd.DataFrame(
        {
            "label": [names[i] for i in true],
            "predicted": [names[i] for i in predicted],
            "confidence": rng.random(n).astype(np.float32),
        }
    )
    table = class_scores(frame, names).loc[names]
    expected = precision_recall_fscore_support(true, predicted, labels=np.arange(len(names)), zero_division=np.nan)
    present = expected[3] > 0
    assert table["support"].tolist() == expected[3].tolist()
    np.testing.assert_allclose(table["precision"], expected[0])
    np.testing.assert_allclose(table["recall"], expected[1])
    np.testing.assert_allclose(table["f1"][present], expected[2][present])
    assert table["f1"][~present].isna().all()
    for score in ("precision", "recall", "f1", "mean_confidence"):
        known = table[table[f"{score}_low"].notna()]
        assert (known[f"{score}_low"] <= known[score] + 1e-9).all()
        assert (known[f"{score}_high"] >= known[score] - 1e-9).all()
        assert known[f"{score}_low"].min() >= 0 and known[f"{score}_high"].max() <= 1


def test_the_interval_of_f1_holds_the_true_value_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    # One class against the rest: 20 % true, found with 70 %, 10 % of the others taken for it.
    true_f1 = 2 * 0.14 / (2 * 0.14 + 0.06 + 0.08)
    n_covered = 0
    for _ in range(400):
        label = rng.random(120) < 0.2
        predicted = np.where(label, rng.random(120) < 0.7, rng.random(120) < 0.1)
        frame = pd.DataFrame({"label": np.where(label, "yes", "no"), "predicted": np.where(predicted, "yes", "no")})
        row = class_scores(frame.assign(confidence=0.5), ["yes", "no"]).loc["yes"]
        n_covered += row["f1_low"] <= true_f1 <= row["f1_high"]
    assert 0.92 < n_covered / 400 < 0.98
