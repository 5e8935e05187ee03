"""How a model reads image files: from the card, from the command, else as Keras reads."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from carvis.classifier import Classifier, load_classifier, save_classifier
from carvis.classifier.card import ModelCard, write_card
from carvis.dataset import pipeline
from carvis.errors import ModelError
from carvis.evaluation import evaluate

L = keras.layers
ROOT = Path(__file__).parents[2]


def tiny() -> keras.Model:
    """Says "dark" below a mean of a half, else "light"."""
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(image)))
    model.set_weights([np.tile([[-20.0, 20.0]], (3, 1)) / 3, np.array([10.0, -10.0])])
    return model


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "models" / "tiny.keras"
    path.parent.mkdir()
    tiny().save(path)
    return path


def reading_of(clf) -> tuple[str, str]:
    return clf.alpha, clf.orientation


def assumptions_of(clf) -> str:
    return " ".join(clf.assumptions)


def test_without_a_card_a_model_reads_as_keras_does_and_says_so(file):
    clf = load_classifier(file)
    assert reading_of(clf) == ("drop-alpha", "as-stored")
    assert "drop-alpha" in assumptions_of(clf) and "as-stored" in assumptions_of(clf)


def test_what_is_given_is_taken_and_not_assumed(file):
    clf = load_classifier(file, alpha="on-black", orientation="upright")
    assert reading_of(clf) == ("on-black", "upright")
    assert "alpha" not in assumptions_of(clf) and "EXIF" not in assumptions_of(clf)
    with pytest.raises(ModelError, match="on-white"):
        load_classifier(file, alpha="on-pink")


@pytest.mark.parametrize("facts", [{"recipe": "own"}, {"versions": {"carvis": "0.1.0"}}])
def test_a_card_that_carvis_wrote_before_keeps_the_usual_reading(file, facts):
    write_card(file, ModelCard(class_names=["dark", "light"], preprocessing="unit", resize="bilinear", **facts))
    clf = load_classifier(file)
    assert reading_of(clf) == ("on-white", "upright") and not clf.assumptions


def test_a_card_that_a_person_wrote_for_a_foreign_model_leaves_keras_reading_and_says_so(file):
    write_card(file, ModelCard(class_names=["dark", "light"], preprocessing="unit", resize="nearest"))
    clf = load_classifier(file)
    assert reading_of(clf) == ("drop-alpha", "as-stored") and len(clf.assumptions) == 2


def test_a_card_names_the_reading_and_what_it_names_wrongly_is_said(file):
    card = ModelCard(class_names=["dark", "light"], preprocessing="unit", resize="nearest", orientation="upright")
    write_card(file, card)
    path = file.with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"alpha": "on-pink"}))
    clf = load_classifier(file)
    assert reading_of(clf) == ("drop-alpha", "upright") and "on-pink" in assumptions_of(clf)


def test_saving_keeps_the_reading_and_the_fingerprint(file, tmp_path):
    clf = load_classifier(file, ["dark", "light"], "unit", resize="nearest")
    reopened = load_classifier(save_classifier(clf, tmp_path / "again.keras"))
    assert reading_of(reopened) == reading_of(clf) and reopened.fingerprint == clf.fingerprint
    assert reopened.assumptions == ["The card again.json marks as assumed: alpha, orientation."]


def test_the_fingerprint_knows_the_reading():
    model = tiny()
    prints = {
        Classifier(model, ["dark", "light"], alpha=alpha, orientation=orientation).fingerprint
        for alpha in ("drop-alpha", "on-white", "on-black")
        for orientation in ("upright", "as-stored")
    }
    assert len(prints) == 6


@pytest.mark.parametrize("name", ["demo_own", "demo_transfer", "demo_fine-tune"])
def test_models_evaluated_before_keep_their_fingerprint(name):
    metrics = json.loads((ROOT / "data" / "evaluations" / "demo" / "test" / name / "metrics.json").read_text())
    clf = load_classifier(ROOT / "models" / f"{name}.keras")
    assert clf.fingerprint == metrics["setup"]["model"]["fingerprint"]


@pytest.fixture
def transparent(tmp_path):
    """Transparent images whose colour under the alpha channel tells the class; on white all of them are light."""
    for label, value in (("dark", 0), ("light", 255)):
        for number in range(2):
            place = tmp_path / "data" / "test" / label / f"{number}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGBA", (8, 8), (value, value, value, 0)).save(place)
    return tmp_path / "data"


def test_evaluation_reads_as_the_model_does(file, transparent):
    evaluation = evaluate(load_classifier(file, ["dark", "light"]), transparent)
    assert evaluation.accuracy == 1 and evaluation.setup["model"]["alpha"] == "drop-alpha"
    assert any("drop-alpha" in note for note in evaluation.setup["notes"])
    assert evaluate(load_classifier(file, ["dark", "light"], alpha="on-white"), transparent).accuracy == 0.5


def test_the_pipeline_equals_keras_own_directory_reader(transparent):
    paths = sorted(map(str, transparent.rglob("*.png")))
    model = Classifier(tiny(), ["dark", "light"], alpha="drop-alpha", orientation="as-stored")
    batch = next(iter(pipeline(paths, input_size=(8, 8), reading=model.reading)))[1].numpy()
    keras_own = keras.utils.image_dataset_from_directory(
        transparent / "test", image_size=(8, 8), shuffle=False, verbose=False
    )
    np.testing.assert_array_equal(batch, next(iter(keras_own))[0].numpy())
