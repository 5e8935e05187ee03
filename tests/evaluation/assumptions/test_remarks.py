"""What stands beside the results of an evaluation about the assumptions behind them."""

import numpy as np
import pytest

import carvis
from carvis.classifier import (
    Classifier,
    ModelCard,
    load_classifier,
    read_card,
    save_classifier,
    update_card,
    write_card,
)
from carvis.dataset import Dataset
from carvis.evaluation import assumption_remarks, card_remarks, load_evaluation
from carvis.images import write_image
from tests.evaluation.assumptions.models import light_or_dark

NAMES = ["dark", "light"]


@pytest.fixture
def data(tmp_path):
    """Under unit the model's middle is at 127.5; under tf it is at 191, and both levels are dark."""
    for split in ("valid", "test"):
        for name, level in (("dark", 30), ("light", 140)):
            for i in range(20):
                image = np.full((8, 8, 3), level, np.uint8)
                image[0, 0] = i
                write_image(tmp_path / "two" / split / name / f"{i}.png", image)
    return Dataset(tmp_path / "two")


@pytest.fixture
def file(tmp_path):
    (tmp_path / "models").mkdir()
    light_or_dark().save(tmp_path / "models" / "m.keras")
    return tmp_path / "models" / "m.keras"


def _evaluated(file, data, folder, **facts):
    carvis.evaluate(load_classifier(file, data=data, **facts), data, leakage=False).save(folder)
    return load_evaluation(folder)


def test_an_evaluation_carries_its_check_and_says_it(file, data, tmp_path):
    wrong = _evaluated(file, data, tmp_path / "tf", preprocessing="tf")
    assert wrong.accuracy == 0.5 and {"class_names", "resize"} <= wrong.assumed and "preprocessing" not in wrong.assumed
    remarks = assumption_remarks(wrong, file)
    assert remarks.grave and not remarks.outdated
    # caffe and torch, too, have their middle between the two levels.
    assert remarks.localised().startswith("As assumed, 20 of 40 images are right. Each of these is clearly better")
    assert "preprocessing unit (40 right), preprocessing caffe (40 right)" in remarks.localised()
    assert "--save-card" in remarks.localised()
    right = _evaluated(file, data, tmp_path / "unit")
    assert right.assumption_check.verdict == "as assumed" and not assumption_remarks(right, file)


def test_a_card_confirmed_since_ends_it_or_asks_for_a_new_evaluation(file, data, tmp_path):
    wrong = _evaluated(file, data, tmp_path / "tf", preprocessing="tf")
    facts = {"class_names": NAMES, "resize": "nearest", "alpha": "drop-alpha", "orientation": "as-stored"}
    update_card(file, facts | {"preprocessing": "unit"}, wrong.setup["model"]["sha256"])
    remarks = assumption_remarks(wrong, file)
    assert remarks.grave and remarks.outdated
    assert remarks.localised() == (
        "m was evaluated with other settings than its card m.json now has (preprocessing unit): evaluate it again."
    )
    assert not assumption_remarks(_evaluated(file, data, tmp_path / "again"), file)
    assert not card_remarks(file)
    # A card of another version of the file says nothing about this evaluation.
    update_card(file, {}, "0" * 64)
    assert not assumption_remarks(wrong, file).outdated


def test_a_later_full_check_that_is_kept_is_taken(file, data, tmp_path):
    clf = load_classifier(file, data=data)
    evaluation = carvis.evaluate(clf, data, leakage=False, check=False)
    remarks = assumption_remarks(evaluation, file, tmp_path / "cache")
    assert not remarks.grave and "class order, preprocessing of m: assumed and not checked" in remarks.localised()
    carvis.check_assumptions(clf, data, cache=tmp_path / "cache")
    remarks = assumption_remarks(evaluation, file, tmp_path / "cache")
    assert "assumed and not checked" not in remarks.localised() and not remarks.grave


def test_a_model_that_was_not_evaluated(file, tmp_path):
    assert "class order, preprocessing of m: assumed and not checked" in card_remarks(file).localised()
    write_card(file, ModelCard(class_names=NAMES))
    assert card_remarks(file).localised().startswith("preprocessing of m: assumed")
    write_card(file, ModelCard(class_names=NAMES, preprocessing="unit"), overwrite=True)
    assert not card_remarks(file)
    write_card(file, ModelCard(class_names=NAMES, preprocessing="unit", assumed=["preprocessing"]), overwrite=True)
    assert card_remarks(file)


def test_what_was_assumed_stays_so_in_a_card_that_is_written(file, data, tmp_path):
    clf = load_classifier(file, data=data)
    saved = save_classifier(clf, tmp_path / "copy.keras")
    card = read_card(saved)
    assert card.preprocessing is None and card.class_names is None
    # carvis' own card would else be read with carvis' own way to read images.
    assert (card.alpha, card.orientation, card.assumed) == ("drop-alpha", "as-stored", ["alpha", "orientation"])
    reloaded = load_classifier(saved, data=data)
    assert reloaded.fingerprint == clf.fingerprint and reloaded.assumed == clf.assumed
    assert any("marks as assumed: alpha, orientation" in sentence for sentence in reloaded.assumptions)
    update_card(saved, {"alpha": "drop-alpha"})
    assert read_card(saved).assumed == ["orientation"] and "alpha" not in load_classifier(saved, data=data).assumed
    messages = Classifier(light_or_dark(), NAMES)
    assert read_card(save_classifier(messages, tmp_path / "told.keras")).assumed == []
