"""Files that hold code, lead elsewhere or are no models: refused before anything of them runs."""

from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from carvis.classifier import load_classifier
from carvis.classifier.files.safety import check_architecture
from carvis.classifier.legacy.keras2_layers import ImageResize
from carvis.errors import ModelError, UntrustedModelError
from tests.hostile.models import with_config

L = keras.layers


@pytest.fixture
def valid_model(tmp_path) -> Path:
    model = keras.Sequential([keras.Input((8, 8, 3)), L.Conv2D(2, 3), L.Flatten(), L.Dense(2, activation="softmax")])
    model.save(tmp_path / "good.keras")
    return tmp_path / "good.keras"


def test_the_good_file_opens(valid_model):
    assert len(load_classifier(with_config(valid_model, lambda config: None)).class_names) == 2


def test_a_lambda_never_runs(tmp_path):
    marker = tmp_path / "ran"

    def payload(x):
        marker.touch()
        return x

    image = keras.Input((8, 8, 3))
    model = keras.Model(image, L.Dense(2, activation="softmax")(L.Flatten()(L.Lambda(payload)(image))))
    for name in ("evil.keras", "evil.h5"):
        model.save(tmp_path / name)
        marker.unlink(missing_ok=True)
        with pytest.raises(UntrustedModelError, match=f"{name} contains a Lambda"):
            load_classifier(tmp_path / name)
        assert not marker.exists()


def test_a_foreign_class_is_never_imported(valid_model, tmp_path, monkeypatch):
    (tmp_path / "evil_module.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass\n")
    monkeypatch.syspath_prepend(tmp_path)

    def foreign(config):
        config["config"]["layers"][1] |= {"module": "evil_module", "class_name": "Evil", "registered_name": "Evil"}

    with pytest.raises(
        UntrustedModelError, match=r"contains the class .*, which is not from Keras .*package that"
    ) as error:
        load_classifier(with_config(valid_model, foreign))
    assert "changed.keras" in str(error.value)
    assert not (tmp_path / "ran").exists()


def test_a_layer_of_ours_that_an_earlier_version_saved_opens(tmp_path):
    layers = [ImageResize(4, 4), L.Flatten(), L.Dense(2, activation="softmax")]
    keras.Sequential([keras.Input((8, 8, 3)), *layers]).save(tmp_path / "earlier.keras")

    def moved(config):
        layer = next(entry for entry in config["config"]["layers"] if entry["class_name"] == "ImageResize")
        layer["module"] = "carvis.classifier.keras2_layers"

    assert load_classifier(with_config(tmp_path / "earlier.keras", moved)).input_size == (8, 8)


def test_a_foreign_function_is_refused_wherever_it_hides(valid_model):
    def activation(config):
        config["config"]["layers"][-1]["config"]["activation"] = {
            "module": "os",
            "class_name": "function",
            "config": "system",
            "registered_name": "function",
        }

    def initialiser(config):
        config["config"]["layers"][1]["config"]["kernel_initializer"] = {
            "module": "subprocess",
            "class_name": "Popen",
            "config": {"args": "x"},
            "registered_name": None,
        }

    for change in (activation, initialiser):
        with pytest.raises(UntrustedModelError):
            load_classifier(with_config(valid_model, change))


def test_a_member_that_leads_out_of_the_file_is_refused(valid_model, tmp_path):
    with pytest.raises(UntrustedModelError, match="leads out"):
        load_classifier(with_config(valid_model, lambda config: None, {"../../outside.txt": b"x"}))


def test_a_link_to_another_file_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 3)), L.Flatten(), L.Dense(2, activation="softmax")])
    model.save(tmp_path / "linked.h5")
    with h5py.File(tmp_path / "linked.h5", "r+") as file:
        file["model_weights"]["secret"] = h5py.ExternalLink("/etc/hostname", "/")
    with pytest.raises(UntrustedModelError, match="another file"):
        load_classifier(tmp_path / "linked.h5")


def test_what_is_no_model_is_one_sentence_with_its_name(valid_model, tmp_path):
    (tmp_path / "empty.h5").touch()
    (tmp_path / "image.h5").write_bytes(b"\xff\xd8\xff\xe0 JFIF")
    (tmp_path / "half.keras").write_bytes(valid_model.read_bytes()[:2000])
    (tmp_path / "model.pkl").write_bytes(b"x")
    (tmp_path / "folder.keras").mkdir()
    for name in ("empty.h5", "image.h5", "half.keras", "model.pkl", "folder.keras", "missing.keras"):
        with pytest.raises(ModelError, match=name.replace(".", r"\.")) as caught:
            load_classifier(tmp_path / name)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: keras.Sequential([keras.Input((5,)), L.Dense(2, activation="softmax")]), "not an image"),
        (lambda: keras.Sequential([keras.Input((8, 8, 3)), L.Flatten(), L.Dense(1, "relu")]), "not a classifier"),
        (lambda: keras.Sequential([keras.Input((8, 8, 3)), L.Conv2D(2, 3)]), "not a classifier"),
    ],
)
def test_models_of_another_world_are_refused(build, sentence, tmp_path):
    build().save(tmp_path / "other.keras")
    with pytest.raises(ModelError, match=sentence):
        load_classifier(tmp_path / "other.keras")


def test_a_linear_end_is_taken_for_logits(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 3)), L.Flatten(), L.Dense(3)])
    model.save(tmp_path / "linear.keras")
    clf = load_classifier(tmp_path / "linear.keras")
    probabilities = clf.predict(np.zeros((2, 9, 9, 3), np.uint8))
    np.testing.assert_allclose(probabilities, np.full((2, 3), 1 / 3), atol=1e-6)
    assert any("no softmax" in sentence for sentence in clf.assumptions)


@pytest.mark.parametrize(
    "part",
    [
        {"class_name": "ImageResize", "registered_name": "carvis>ImageResize", "config": {}},
        {"class_name": "function", "registered_name": "function", "config": "carvis>hard_sigmoid"},
    ],
)
def test_carviss_own_parts_are_those_of_one_module(part):
    def architecture(module):
        return {"class_name": "Functional", "config": {"name": "m", "layers": [part | {"module": module}]}}

    check_architecture(architecture("carvis.classifier.legacy.keras2_layers"), Path("m.keras"), legacy=False)
    with pytest.raises(UntrustedModelError, match="not from Keras"):
        check_architecture(architecture("another"), Path("m.keras"), legacy=False)
