"""Label errors by confident learning: an example worked out on paper, and the demo's planted wrong labels."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from carvis.errors import TableError
from carvis.evaluation import corrected_list, label_errors, load_evaluation
from carvis.evaluation.label_issues import confident_class, self_confidence
from tests.evaluation.small_evaluations import evaluation

ROOT = Path(__file__).parents[2]
CLASSES = ["a", "b", "c"]
# Thresholds: a (0.8 + 0.6 + 0.1) / 3 = 0.5, b (0.9 + 0.3) / 2 = 0.6, c 0.7.
FIRST = [
    ("1", "a", (0.8, 0.1, 0.1)),
    ("2", "a", (0.6, 0.4, 0.0)),
    ("3", "a", (0.1, 0.9, 0.0)),
    ("4", "b", (0.1, 0.9, 0.0)),
    ("5", "b", (0.4, 0.3, 0.3)),
    ("6", "c", (0.2, 0.1, 0.7)),
]
SECOND = [
    ("1", "a", (0.9, 0.0, 0.1)),
    ("2", "a", (0.9, 0.1, 0.0)),
    ("3", "a", (0.3, 0.5, 0.2)),
    ("4", "b", (0.0, 0.9, 0.1)),
    ("5", "b", (0.0, 0.9, 0.1)),
    ("6", "c", (0.1, 0.0, 0.9)),
]


def test_thresholds_and_confident_classes_are_those_of_the_paper():
    probabilities = np.array([row[2] for row in FIRST])
    labels = np.array([0, 0, 0, 1, 1, 2])
    thresholds = self_confidence(probabilities, labels)
    np.testing.assert_allclose(thresholds, [0.5, 0.6, 0.7])
    # The fifth image reaches no threshold: 0.4 < 0.5, 0.3 < 0.6, 0.3 < 0.7.
    assert confident_class(probabilities, thresholds).tolist() == [0, 0, 1, 1, -1, 2]


def test_a_class_without_images_is_never_a_confident_answer():
    thresholds = self_confidence(np.array([[0.1, 0.9]]), np.array([0]))
    assert thresholds.tolist() == [0.1, np.inf]
    assert confident_class(np.array([[0.05, 0.95]]), thresholds).tolist() == [-1]


def test_one_model_decides_as_confident_learning_does():
    issues = label_errors(evaluation("first", CLASSES, FIRST))
    # Margins 0.9 - 0.1 and 0.4 - 0.3: (1 + 0.8) / 2 * 2 / 2 and (1 + 0.1) / 2 * 1 / 2.
    assert issues["id"].tolist() == ["3", "5"]
    assert issues["suggested"].tolist() == ["b", "a"]
    assert issues["above"].tolist() == [True, False]
    np.testing.assert_allclose(issues["score"], [0.9, 0.275], atol=1e-6)
    np.testing.assert_allclose(issues["margin"], [0.8, 0.1], atol=1e-6)


def test_several_models_are_averaged_and_weighed_by_how_many_agree():
    issues = label_errors([evaluation("first", CLASSES, FIRST), evaluation("second", CLASSES, SECOND)])
    # The second's thresholds: a 0.7, b 0.9, c 0.9. On image 3 it reaches none, on 5 it is confident of the label.
    # Picture 3: mean p(b) 0.7, p(a) 0.2; one of two agrees: (1 + 0.5) / 2 * 2 / 3.
    # Picture 5: mean p(a) 0.2, p(c) 0.2, p(b) 0.6; none agrees: (1 - 0.4) / 2 * 1 / 3.
    assert issues["id"].tolist() == ["3", "5"]
    np.testing.assert_allclose(issues["score"], [0.5, 0.1], atol=1e-6)
    assert issues["models"].tolist() == [("first",), ()] and not issues["above"].any()
    assert issues[["predicted:second", "confidence:first"]].iloc[0].tolist() == ["b", pytest.approx(0.9)]


def test_models_agree_by_class_name_whatever_their_order_and_spelling():
    turned = ["b", "c", "a"]
    rows = [(name, label, (p[1], p[2], p[0])) for name, label, p in FIRST]
    both = label_errors([evaluation("first", CLASSES, FIRST), evaluation("turned", turned, rows)])
    assert both["id"].iloc[0] == "3" and both["models"].iloc[0] == ("first", "turned") and both["above"].iloc[0]
    assert both["score"].iloc[0] == pytest.approx(0.9)


def test_what_weakens_the_predictions_is_said():
    issues = label_errors(evaluation("first", CLASSES, FIRST, split="train"))
    assert "training images" in issues.attrs["notes"][0]
    single = evaluation("first", CLASSES, FIRST)
    single.predictions["copy_of"] = ["train/1", "", "", "", "", ""]
    assert label_errors(single).attrs["notes"][0].startswith("1 image is also in training")
    assert label_errors(single).attrs["facts"] == {"train": False, "copies": 1, "weak": {}, "left_out": 0}
    weak = evaluation("weak", CLASSES, [(name, label, (0.0, 0.0, 1.0)) for name, label, _ in FIRST])
    assert "The accuracy of weak is only 17%" in label_errors([single, weak]).attrs["notes"][1]
    assert label_errors(evaluation("second", CLASSES, SECOND[:2] + SECOND[3:])).empty
    with pytest.raises(TableError):
        label_errors([])


def test_the_corrected_list_follows_the_decisions_only():
    single = evaluation("first", CLASSES, FIRST)
    decisions = pd.DataFrame({"suggested": ["b", "a"], "decision": ["confirmed", "rejected"]}, index=["3", "5"])
    table = corrected_list(single, label_errors(single), decisions).set_index("id")
    assert table["corrected"].tolist() == ["a", "a", "b", "b", "b", "c"]
    assert table.loc[["3", "5", "1"], "decision"].tolist() == ["confirmed", "rejected", ""]
    none = corrected_list(single, label_errors(single), decisions.assign(suggested="")).set_index("id")
    assert none["corrected"].tolist() == ["a", "a", "", "b", "b", "c"]
    untouched = corrected_list(single, label_errors(single), decisions.iloc[:0])
    assert (untouched["corrected"] == untouched["label"]).all()
    assert untouched.set_index("id")["suggested"].tolist() == ["", "", "b", "", "", ""]


def test_the_demos_planted_wrong_labels_are_found():
    folder = ROOT / "data" / "evaluations" / "demo" / "test"
    planted = {
        entry["id"]: entry["true"]
        for entry in json.loads((ROOT / "data" / "demo" / "truth.json").read_text())["wrong_labels"]
    }
    evaluations = [load_evaluation(folder / name) for name in ("demo_fine-tune", "demo_transfer")]
    issues = label_errors(evaluations)
    hits = issues["id"].isin(planted)
    above = issues["above"]
    assert hits[above].sum() >= 8 and hits[above].mean() >= 0.72
    assert [int(hits.head(n).sum()) for n in (9, 12, 20)] == [8, 9, 9]
    suggested = dict(zip(issues["id"], issues["suggested"]))
    assert all(suggested[name] == true for name, true in planted.items())
    # The small model of one's own is right on 29 % only; its doubts cost precision, not the planted ones.
    with_weak = label_errors([*evaluations, load_evaluation(folder / "demo_own")])
    assert with_weak[with_weak["above"]]["id"].isin(planted).sum() >= 8
    assert "The accuracy of demo_own is only 29%" in with_weak.attrs["notes"][-1]
