"""Where the names of a model's classes come from, and that a guess is never saved."""

import json
import unicodedata

import keras
import numpy as np
import pytest

from carvis.classifier import ModelCard, load_classifier, read_card, save_classifier, write_card
from carvis.dataset import Dataset
from carvis.errors import ModelError
from carvis.evaluation import evaluate
from carvis.images import write_image

FRUIT = ["Äpfel", "Birne", "Zebra"]
VALUES = {"Äpfel": (250, 10, 10), "Birne": (10, 250, 10), "Zebra": (10, 10, 250)}


def _model(path, classes=3):
    """A model whose k-th output is the mean of channel k, 0 for further ones; it expects x / 255."""
    image = keras.Input((8, 8, 3))
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(3, 1, name="conv")(image))
    model = keras.Model(image, keras.layers.Dense(classes, activation="softmax")(mean))
    head = np.zeros((3, classes), np.float32)
    np.fill_diagonal(head, 9.0)
    model.set_weights([np.eye(3, dtype=np.float32)[None, None], np.zeros(3), head, np.zeros(classes)])
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    return path


def _data(root, names=FRUIT, form="NFD", splits=("train", "test")):
    for split in splits:
        for place, name in enumerate(names):
            folder = root / split / unicodedata.normalize(form, name)
            colour = VALUES.get(name, tuple(VALUES.values())[place % 3])
            write_image(folder / "1.png", np.full((8, 8, 3), colour, np.uint8))
    return Dataset(root)


def test_names_of_a_data_set_come_in_the_order_of_keras(tmp_path):
    path, data = _model(tmp_path / "m.keras"), _data(tmp_path / "fruit")
    clf = load_classifier(path, data=data)
    assert clf.class_names == FRUIT
    assert evaluate(clf, data).accuracy == 1
    assert any("data set fruit" in sentence and "Keras" in sentence for sentence in clf.assumptions)
    assert "class_names" in clf.assumed


def test_a_class_that_training_did_not_hold_does_not_count(tmp_path):
    data = _data(tmp_path / "fruit")
    _data(tmp_path / "fruit", ["Other"], splits=("test",))
    clf = load_classifier(_model(tmp_path / "m.keras"), data=Dataset(data.root))
    assert clf.class_names == FRUIT


def test_several_data_sets_lend_names_only_where_they_agree(tmp_path):
    path = _model(tmp_path / "m.keras")
    fruit, second = _data(tmp_path / "fruit"), _data(tmp_path / "again")
    cars = _data(tmp_path / "cars", ["a", "b", "c"])
    assert load_classifier(path, data=[fruit, second, _data(tmp_path / "two", ["x", "y"])]).class_names == FRUIT
    clf = load_classifier(path, data=[fruit, cars])
    assert clf.class_names == ["class 0", "class 1", "class 2"]
    assert any("fruit, cars" in sentence for sentence in clf.assumptions)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", "0 Zebra\n1 Birne\n2 Äpfel\n"),
        ("labels.txt", "Zebra\nBirne\nÄpfel\n"),
        ("class_indices.json", json.dumps({"Birne": 1, "Zebra": 0, unicodedata.normalize("NFD", "Äpfel"): 2})),
        ("m_labels.txt", "Zebra\nBirne\nÄpfel\n"),
    ],
)
def test_a_file_of_names_beside_the_model_is_used_and_said(name, content, tmp_path):
    path, data = _model(tmp_path / "models" / "m.keras"), _data(tmp_path / "fruit")
    (path.parent / name).write_text(content, encoding="utf-8")
    clf = load_classifier(path, data=data)
    assert [unicodedata.normalize("NFC", one) for one in clf.class_names] == ["Zebra", "Birne", "Äpfel"]
    assert any(name in sentence for sentence in clf.assumptions)
    assert load_classifier(path).class_names == clf.class_names
    clf = load_classifier(path, class_names=path.parent / name)
    assert not any("class names" in sentence for sentence in clf.assumptions) and "class_names" not in clf.assumed


def test_files_that_disagree_or_do_not_fit_are_said_and_not_used(tmp_path):
    path, data = _model(tmp_path / "models" / "m.keras"), _data(tmp_path / "fruit")
    (path.parent / "labels.txt").write_text("Zebra\nBirne\nÄpfel\n", "utf-8")
    (path.parent / "classes.txt").write_text("Birne\nZebra\nÄpfel\n", "utf-8")
    clf = load_classifier(path, data=data)
    assert clf.class_names == FRUIT
    assert any("labels.txt, classes.txt" in sentence for sentence in clf.assumptions)
    # What bears the model's name is its own.
    (path.parent / "m.txt").write_text("Birne\nÄpfel\nZebra\n", "utf-8")
    assert load_classifier(path, data=data).class_names == ["Birne", "Äpfel", "Zebra"]
    for file in path.parent.glob("*.txt"):
        file.unlink()
    (path.parent / "labels.txt").write_text("a\nb\n", "utf-8")
    clf = load_classifier(path, data=data)
    assert clf.class_names == FRUIT and any("labels.txt" in s and "2 classes" in s for s in clf.assumptions)
    (path.parent / "labels.txt").write_text("a\nb\nc\n", "utf-8")
    clf = load_classifier(path, data=data)
    assert clf.class_names == FRUIT and any("labels.txt" in s and "no class of" in s for s in clf.assumptions)


def test_a_file_that_does_not_fit_is_refused_where_it_was_asked_for(tmp_path):
    path = _model(tmp_path / "m.keras")
    (tmp_path / "two.txt").write_text("a\nb\n")
    with pytest.raises(ModelError, match=r"two\.txt names 2 classes, but m\.keras has 3"):
        load_classifier(path, class_names=tmp_path / "two.txt")


def test_a_guess_is_not_saved_with_the_model(tmp_path):
    path, data = _model(tmp_path / "m.keras"), _data(tmp_path / "fruit")
    guessed = load_classifier(path, data=data)
    card = read_card(save_classifier(guessed, tmp_path / "again.keras"))
    assert card.class_names is None and card.preprocessing is None and card.resize is None
    named = guessed.replace(class_names=["x", "y", "z"], preprocessing="tf")
    card = read_card(save_classifier(named, tmp_path / "told.keras"))
    assert card.class_names == ["x", "y", "z"] and card.preprocessing == "tf" and card.resize is None


def test_a_card_of_another_version_of_the_file_confirms_nothing(tmp_path):
    path = _model(tmp_path / "m.keras")
    facts = {"class_names": ["x", "y", "z"], "preprocessing": "tf", "resize": "bilinear"}
    facts |= {"alpha": "on-white", "orientation": "upright"}
    write_card(path, ModelCard(**facts))
    assert load_classifier(path).assumed == frozenset()
    write_card(path, ModelCard(**facts, sha256="0" * 64), overwrite=True)
    clf = load_classifier(path)
    assert clf.class_names == ["x", "y", "z"] and clf.assumed == set(facts)


def test_names_lent_by_another_data_set_are_told_with_their_card(tmp_path):
    path, data = _model(tmp_path / "m.keras"), _data(tmp_path / "fruit")
    write_card(path, ModelCard(class_names=["x", "y", "z"], preprocessing="unit"))
    with pytest.raises(ModelError, match=r"m\.json.*x, y, z.*remove class_names"):
        evaluate(load_classifier(path), data)
    with pytest.raises(ModelError) as caught:
        evaluate(load_classifier(path, class_names=["p", "q", "r"]), data)
    assert "m.json" not in str(caught.value)


def test_a_variant_shares_the_model(tmp_path):
    clf = load_classifier(_model(tmp_path / "m.keras"), class_names=FRUIT)
    other = clf.replace(preprocessing="tf", class_names=["x", "y", "z"])
    assert other.model is clf.model and other.preprocessing == "tf" and other.class_names == ["x", "y", "z"]
    assert clf.preprocessing == "unit" and clf.class_names == FRUIT and other.sha256 == clf.sha256
    assert other.fingerprint != clf.fingerprint
    image = np.full((1, 8, 8, 3), VALUES["Birne"], np.uint8)
    grey = keras.ops.convert_to_numpy(clf.model(image / np.float32(127.5) - 1))
    np.testing.assert_allclose(other.predict(image), grey, atol=1e-6)
    with pytest.raises(ModelError, match="is no preprocessing"):
        clf.replace(preprocessing="no")
    with pytest.raises(TypeError):
        clf.replace(colour="red")
