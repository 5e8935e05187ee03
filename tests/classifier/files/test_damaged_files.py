"""What is said of files that do not open: "get the file again" of damaged ones alone, else the true remedy."""

import json
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tf_keras

from carvis.classifier import describe_model_file, load_classifier
from carvis.errors import ModelError
from carvis.language import Message, localised, speaking

L = keras.layers
AGAIN = "get the file again"


def sentence(path) -> str:
    with pytest.raises(ModelError) as caught:
        load_classifier(path)
    text = str(caught.value)
    assert path.name in text and "\n" not in text and text.endswith(".")
    assert isinstance(caught.value.args[0], Message)
    with speaking("ja"):
        assert localised(caught.value) != text
    return text


@pytest.fixture(params=["h5", "keras"])
def model_file(request, tmp_path):
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(16, 3, name="conv")(image)
    model = keras.Model(image, L.Dense(2, activation="softmax", name="dense")(L.Flatten()(x)))
    model.save(tmp_path / f"whole.{request.param}")
    return tmp_path / f"whole.{request.param}"


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 0.95])
def test_a_truncated_file_is_damaged(model_file, share):
    data = model_file.read_bytes()
    cut = model_file.with_stem("cut")
    cut.write_bytes(data[: int(len(data) * share)])
    assert AGAIN in sentence(cut) and AGAIN in describe_model_file(cut)["refused"]


def test_a_broken_block_is_damaged(tmp_path):
    keras.Sequential([keras.Input((8, 8, 3)), L.Flatten(), L.Dense(2)]).save(tmp_path / "broken.keras")
    data = bytearray((tmp_path / "broken.keras").read_bytes())
    place = data.find(b"\x89HDF")
    data[place : place + 400] = bytes(400)
    (tmp_path / "broken.keras").write_bytes(data)
    assert AGAIN in sentence(tmp_path / "broken.keras")


@pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras-3", "keras-2"])
def test_weights_of_another_architecture_are_no_damage(library, tmp_path):
    build = lambda units: library.Sequential(  # noqa: E731
        [library.Input((8, 8, 3)), library.layers.Flatten(name="f"), library.layers.Dense(units, name="d")]
    )
    build(2).save(tmp_path / "two.h5")
    build(3).save(tmp_path / "three.h5")
    with h5py.File(tmp_path / "two.h5") as two, h5py.File(tmp_path / "three.h5", "r+") as three:
        three.attrs["model_config"] = two.attrs["model_config"]
    text = sentence(tmp_path / "three.h5")
    assert "layer d" in text and "save the model again" in text and AGAIN not in text


def changed(path, **members):
    """Rewrite some members of a .keras file; None leaves one out."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()} | members
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            if data is not None:
                archive.writestr(name, data)
    return path


@pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras-3", "keras-2"])
@pytest.mark.parametrize("member", ["config.json", "model.weights.h5", "metadata.json"])
def test_a_part_that_is_missing(library, member, tmp_path):
    model = library.Sequential([library.Input((8, 8, 3)), library.layers.Flatten(), library.layers.Dense(2)])
    model.save(tmp_path / "part.keras")
    path = changed(tmp_path / "part.keras", **{member: None})
    if member == "metadata.json":
        values = np.random.default_rng(0).uniform(0, 1, (2, 8, 8, 3)).astype(np.float32)
        np.testing.assert_allclose(load_classifier(path).model(values), model(values), atol=1e-5)
    else:
        text = sentence(path)
        assert f"it lacks {member}" in text and AGAIN in text


@pytest.mark.parametrize(
    "architecture",
    [
        {"class_name": "Sequential", "config": {}},
        {"class_name": "Sequential", "config": {"layers": {"a": 1}}},
        {"class_name": "Sequential", "config": {"layers": None}},
        {"class_name": "Sequential", "config": [3]},
        {"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense"}]}},
        {"class_name": "Functional", "config": {"layers": []}},
        {"class_name": "Functional", "config": "text"},
        {"class_name": 3, "config": {}},
    ],
)
def test_an_architecture_of_other_types_is_named_in_plain_words(architecture, tmp_path):
    for library in (keras, tf_keras):
        model = library.Sequential([library.Input((8, 8, 3)), library.layers.Flatten(), library.layers.Dense(2)])
        model.save(tmp_path / "odd.h5")
        with h5py.File(tmp_path / "odd.h5", "r+") as file:
            file.attrs["model_config"] = json.dumps(architecture)
        assert "an architecture that is not from Keras 1, 2 or 3" in sentence(tmp_path / "odd.h5")


def test_a_setting_of_another_keras_is_no_damage(tmp_path):
    keras.Sequential([keras.Input((8, 8, 3)), L.Flatten(), L.Dense(2)]).save(tmp_path / "later.keras")
    with zipfile.ZipFile(tmp_path / "later.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][-1]["config"]["invented_later"] = 3
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "later.keras", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    text = sentence(tmp_path / "later.keras")
    assert "is intact" in text and "invented_later" in text and AGAIN not in text


def test_what_is_no_model_is_named(tmp_path):
    for name, data, match in (
        ("lfs.h5", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
        ("page.h5", b"<!DOCTYPE html><html>", "a web page"),
        ("model.tflite", b"\x1c\0\0\0TFL3", "TensorFlow Lite"),
    ):
        (tmp_path / name).write_bytes(data)
        text = sentence(tmp_path / name)
        assert match in text and AGAIN not in text
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "no model")
    assert "a zip without a Keras model" in sentence(tmp_path / "other.zip")


def test_weights_alone_are_named(tmp_path):
    model = tf_keras.Sequential([tf_keras.Input((8, 8, 3)), tf_keras.layers.Flatten(), tf_keras.layers.Dense(2)])
    model.save_weights(tmp_path / "weights.h5")
    text = sentence(tmp_path / "weights.h5")
    assert "weights without an architecture" in text and AGAIN not in text


def test_values_survive_whatever_is_refused(model_file):
    clf = load_classifier(model_file)
    assert np.isfinite(clf.predict([np.zeros((8, 8, 3), np.uint8)])).all()
