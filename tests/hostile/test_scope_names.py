"""Names that Keras writes and TensorFlow cannot use: renamed on opening, listed as the file has them."""

import json

import h5py
import keras
import numpy as np
import pytest

import carvis
from carvis.classifier import load_classifier
from carvis.classifier.files.scope_names import scope_name, with_scope_names
from tests.hostile.models import functional, saved, sequential, with_config

L = keras.layers
# A name, what Keras has it as, and what a layer of that name is listed as.
NAMES = {
    "my conv": ("my_conv", "my conv"),
    "層1": ("conv2d_1", "層1"),
    "畳み込み": ("conv2d", "畳み込み"),
    "a:0": ("a_0", "a_0"),
    "a#2": ("a_2", "a_2"),
    "a,b": ("a_b", "a_b"),
    "conv\n1": ("conv_1", "conv_1"),
    "(1)": ("conv2d_1", "(1)"),
    "conv*": ("conv", "conv*"),
    " conv": ("conv", "conv"),
    "Größe": ("Gr_e", "Größe"),
    "🚗": ("conv2d", "🚗"),
}
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("build", [sequential, functional])
def test_a_layer_keeps_its_name_where_a_path_can_hold_it(build, ending, name, tmp_path):
    new, listed = NAMES[name]
    model = build(L.Conv2D(4, 3, name=name), L.Conv2D(4, 3, name="last"))
    clf = load_classifier(saved(model, tmp_path, f"model.{ending}"))
    assert [layer.name for layer in clf.model.layers if isinstance(layer, L.Conv2D)] == [new, "last"]
    assert clf.conv_layers == [listed, "last"] and clf.layer(listed).filters == 4
    assert f"→ {new}" in clf.assumptions[0]
    for own, opened in zip(model.get_weights(), clf.model.get_weights(), strict=True):
        np.testing.assert_array_equal(own, opened)
    assert np.allclose(clf.predict(IMAGES).sum(axis=1), 1)


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_everything_works_on_a_renamed_model(ending, tmp_path):
    model = functional(L.Conv2D(4, 3, name="層 1", activation="relu"), name="車種")
    clf = load_classifier(saved(model, tmp_path, f"model.{ending}"))
    assert [one.layer for one in carvis.heatmaps(clf, IMAGES)] == ["層 1"] * 2
    assert len(carvis.heatmaps(clf, IMAGES, method="integrated-gradients")) == 2
    assert carvis.filter_patterns(clf, "層 1", filters=[0], size=16, steps=2).shape == (1, 16, 16, 3)
    assert "層 1" in carvis.activations(clf, IMAGES[0])
    # What is saved from it is opened by any Keras, and is the same model.
    clf.model.save(tmp_path / "again.keras")
    again = load_classifier(tmp_path / "again.keras")
    assert again.fingerprint == clf.fingerprint and "車種" not in str(again.assumptions)
    np.testing.assert_allclose(again.predict(IMAGES), clf.predict(IMAGES), atol=1e-6)


@pytest.mark.parametrize("name", ["my model", "車種", "_model", "-model", "a:b"])
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_model_of_any_name_predicts(name, ending, tmp_path):
    clf = load_classifier(saved(functional(L.Conv2D(4, 3, name="conv"), name=name), tmp_path, f"model.{ending}"))
    assert clf.predict(IMAGES).shape == (2, 3)


def test_names_that_would_become_equal_stay_apart(tmp_path):
    layers = [L.Conv2D(filters, 3, name=name) for filters, name in ((2, "a b"), (3, "a_b"), (4, "a*b"), (5, "a_b_1"))]
    clf = load_classifier(saved(functional(*layers), tmp_path))
    assert clf.conv_layers == ["a b", "a_b", "a*b", "a_b_1"]
    assert [clf.layer(path).filters for path in clf.conv_layers] == [2, 3, 4, 5]
    assert len({layer.name for layer in clf.model.layers}) == len(clf.model.layers)


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_nested_models_are_renamed_too(ending, tmp_path):
    base = keras.Sequential([keras.Input((16, 16, 3)), L.Conv2D(4, 3, name="層1"), L.ReLU(name="re lu")], name="土台")
    model = functional(base, L.Conv2D(2, 3, name="層1"))
    clf = load_classifier(saved(model, tmp_path, f"model.{ending}"))
    assert clf.conv_layers == ["土台/層1", "層1"] and clf.predict(IMAGES).shape == (2, 3)
    for own, opened in zip(model.get_weights(), clf.model.get_weights(), strict=True):
        np.testing.assert_array_equal(own, opened)


def test_slashes_that_no_keras_3_writes_are_taken(tmp_path):
    def change(config):
        text = json.dumps(config).replace('"conv"', '"block/conv"')
        config.clear()
        config.update(json.loads(text))

    path = with_config(saved(functional(L.Conv2D(4, 3, name="conv")), tmp_path), change)
    clf = load_classifier(path)
    assert clf.conv_layers == ["block_conv"] and clf.predict(IMAGES).shape == (2, 3)


def test_an_old_file_with_such_names(tmp_path):
    tf_keras = pytest.importorskip("tf_keras")
    old = tf_keras.layers
    model = tf_keras.Sequential(
        [old.Conv2D(4, 3, input_shape=(16, 16, 3), name="conv"), old.GlobalAveragePooling2D(), old.Dense(3, "softmax")]
    )
    path = tmp_path / "old.h5"
    model.save(path)
    # Keras 2 cannot build such a layer itself; converters and editors write them.
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = (
            file.attrs["model_config"].replace('"conv"', '"層 1"').replace("sequential", "車 種")
        )
        file.move("model_weights/conv", "model_weights/層 1")
        names = [name.replace("conv", "層 1") for name in file["model_weights"].attrs["layer_names"]]
        file["model_weights"].attrs["layer_names"] = [name.encode() for name in names]
    clf = load_classifier(path)
    assert clf.conv_layers == ["層 1"]
    np.testing.assert_array_equal(clf.model.get_weights()[0], model.get_weights()[0])
    assert clf.predict(IMAGES).shape == (2, 3)


def test_good_names_are_left_alone():
    model = functional(L.Conv2D(2, 3, name="_x"), L.ReLU(name="block1.relu-2"))
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    assert with_scope_names(config) == (config, {})
    assert scope_name("画像", "InputLayer") == "画像"
