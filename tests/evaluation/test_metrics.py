"""Metrics against numbers worked on paper, against scikit-learn, and at their edges."""

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics

from carvis.evaluation.metrics import confusion_matrix, most_confused, rank_of_label, summarise, wilson_interval


def predictions_table(class_names, labels, probabilities):
    probabilities = np.asarray(probabilities, np.float32)
    best = probabilities.argmax(axis=1)
    return pd.DataFrame(
        {
            "label": labels,
            "predicted": [class_names[i] for i in best],
            "confidence": probabilities.max(axis=1),
            **{f"p:{name}": probabilities[:, i] for i, name in enumerate(class_names)},
        }
    )


@pytest.fixture
def six():
    """Six images of four classes, one of which (van) has no images and is answered once."""
    names = ["coupe", "sedan", "truck", "van"]
    labels = ["coupe", "coupe", "sedan", "sedan", "sedan", "truck"]
    probabilities = [
        [0.50, 0.25, 0.125, 0.125],  # right
        [0.25, 0.50, 0.125, 0.125],  # sedan for coupe: the truth is second
        [0.25, 0.50, 0.125, 0.125],  # right
        [0.0, 1.0, 0.0, 0.0],  # right
        [0.25, 0.125, 0.125, 0.50],  # van for sedan: equal with truck, before it in class order, so third
        [0.375, 0.375, 0.0, 0.25],  # coupe for truck (a tie goes to the first): the truth is last
    ]
    return names, predictions_table(names, labels, probabilities)


def test_six_predictions_on_paper(six):
    names, table = six
    metrics = summarise(table, names)
    assert (metrics["n"], metrics["correct"]) == (6, 3)
    assert metrics["accuracy"] == 0.5
    assert metrics["top3"] == pytest.approx(5 / 6)
    # Wilson: (p + z²/2n ± z sqrt(pq/n + z²/4n²)) / (1 + z²/n), z = 1.959964, n = 6, p = 1/2
    assert metrics["accuracy_interval"] == pytest.approx([0.187616, 0.812384], abs=1e-6)
    # coupe: 1 of 2 answers right, 1 of 2 images found; sedan: 2 of 3 and 2 of 3; truck: never answered.
    assert metrics["per_class"]["coupe"] == {
        "precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2, "predicted": 2, "mean_confidence": 0.5,
    }  # fmt: skip
    sedan = metrics["per_class"]["sedan"]
    assert [sedan[k] for k in ("precision", "recall", "f1")] == pytest.approx([2 / 3] * 3)
    assert sedan["mean_confidence"] == pytest.approx((0.5 + 1.0 + 0.5) / 3)
    assert metrics["per_class"]["truck"]["f1"] == 0
    assert metrics["per_class"]["van"] == {
        "precision": 0.0, "recall": None, "f1": None, "support": 0, "predicted": 1, "mean_confidence": None,
    }  # fmt: skip
    for name in ("precision", "recall", "f1"):
        assert metrics[f"macro_{name}"] == pytest.approx((0.5 + 2 / 3 + 0) / 3)
    # -ln of 1/2, 1/4, 1/2, 1, 1/8 and of 0, held at 1e-7: (7 ln 2 + 7 ln 10) / 6
    assert metrics["log_loss"] == pytest.approx(7 * np.log(20) / 6)


def test_confusion_and_its_pairs(six):
    names, table = six
    confusion = confusion_matrix(table, names)
    assert confusion.to_numpy().tolist() == [[1, 1, 0, 0], [0, 2, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert (confusion.index.name, confusion.columns.name) == ("true", "predicted")
    assert confusion.loc["sedan", "van"] == 1
    pairs = most_confused(confusion)
    assert pairs[["label", "predicted", "count"]].to_numpy().tolist() == [
        ["truck", "coupe", 1], ["coupe", "sedan", 1], ["sedan", "van", 1],
    ]  # fmt: skip
    assert pairs["share"].tolist() == pytest.approx([1, 1 / 2, 1 / 3])


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    n, classes = int(rng.integers(20, 300)), int(rng.integers(4, 12))
    names = [f"c{i}" for i in range(classes)]
    true = rng.integers(0, classes, n)
    true[:classes] = np.arange(classes)
    probabilities = rng.dirichlet(np.ones(classes) * 0.3, n).astype(np.float32)
    table = predictions_table(names, [names[i] for i in true], probabilities)
    metrics, predicted = summarise(table, names), probabilities.argmax(axis=1)
    assert metrics["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(true, predicted))
    assert metrics["macro_f1"] == pytest.approx(sklearn.metrics.f1_score(true, predicted, average="macro"))
    assert metrics["macro_recall"] == pytest.approx(sklearn.metrics.balanced_accuracy_score(true, predicted))
    assert metrics["top3"] == pytest.approx(sklearn.metrics.top_k_accuracy_score(true, probabilities, k=3))
    expected = sklearn.metrics.confusion_matrix(true, predicted)
    assert np.array_equal(confusion_matrix(table, names).to_numpy(), expected)


def test_equal_predictions_gain_nothing():
    # A dead model answers 1/5 for everything: right for the first class alone, top-3 for the first three.
    flat = np.full((5, 5), 0.2)
    assert rank_of_label(flat, np.arange(5)).tolist() == [0, 1, 2, 3, 4]


def test_wilson_at_its_ends():
    z2 = 1.959963984540054**2
    assert wilson_interval(0, 10) == pytest.approx((0, z2 / (10 + z2)))
    assert wilson_interval(10, 10) == pytest.approx((10 / (10 + z2), 1))
