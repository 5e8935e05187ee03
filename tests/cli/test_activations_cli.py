"""``python -m carvis activations`` as a person uses it."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from carvis.classifier import Classifier, ModelCard, save_classifier
from carvis.cli import main
from carvis.images import read_image, write_image

L = keras.layers


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An image and two models: red itself and a dead channel; then, at half the size, their mean."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CARVIS_WORKSPACE", raising=False)
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4, :, 0] = 255
    write_image("car.png", pixels)
    for name in ("one", "two"):
        image = keras.Input((8, 8, 3))
        x = L.Conv2D(2, 1, activation="relu", name="a")(image)
        x = L.Conv2D(2, 2, strides=2, name="b")(x)
        model = keras.Model(image, L.Dense(2)(L.GlobalAveragePooling2D()(x)))
        kernel = np.zeros((1, 1, 3, 2))
        kernel[0, 0, 0, 0] = 1
        none = np.zeros(2)
        model.set_weights([kernel, np.array([0, -1e3]), np.ones((2, 2, 2, 2)), none, np.eye(2), none])
        clf = Classifier(model, ["a", "b"], preprocessing="unit", name=name, card=ModelCard())
        save_classifier(clf, tmp_path / f"{name}.keras")
    return tmp_path


def test_a_grid_a_layer_and_the_arrays_of_each_model(folder, capsys):
    assert main(["activations", "one.keras", "two.keras", "car.png", "--out", "out", "--side", "8"]) == 0
    output = capsys.readouterr().out
    assert "car.png  one  a  8x8  2 channels, 1 dead" in output and "1 of 1 image, 2 models: written to" in output
    names = [f"car--{model}{end}" for model in ("one", "two") for end in ("--a.png", "--b.png", ".npz")]
    assert sorted(path.name for path in Path("out").iterdir()) == names
    assert read_image("out/car--one--a.png").shape == (8 + 2 * 4, 2 * (8 + 4) + 4, 3)
    with np.load("out/car--one.npz") as file:
        np.testing.assert_array_equal(file["a"][..., 0], np.repeat([[1.0], [0.0]], 4, axis=0) * np.ones(8))
        np.testing.assert_array_equal(file["b"][..., 1], np.repeat([[4.0], [0.0]], 2, axis=0) * np.ones(4))
        assert json.loads(str(file["facts"]))["model"] == "one"


def test_chosen_layers_in_another_look(folder):
    look = ["--columns", "1", "--side", "8", "--largest-first", "--labels", "--scale", "layer"]
    assert main(["activations", "one.keras", "car.png", "--layers", "b, a", "--out", "out", *look]) == 0
    assert read_image("out/car--one--a.png").shape == (2 * (8 + 12 + 4) + 4, 8 + 2 * 4, 3)


def test_nothing_is_overwritten_unasked_and_never_the_image(folder, capsys):
    command = ["activations", "one.keras", "car.png", "--out", "out"]
    assert main(command) == 0
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    assert main(command) == 2 and "already exists" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0
    assert before == {path.name: path.read_bytes() for path in Path("out").iterdir()}
    shutil.copy("car.png", "x--one--a.png")
    shutil.copy("car.png", "x.png")
    assert main(["activations", "one.keras", "x.png", "x--one--a.png", "--out", ".", "--overwrite"]) == 2


def test_one_broken_image_does_not_stop_the_rest(folder, capsys):
    Path("bad.png").write_bytes(b"x")
    assert main(["activations", "one.keras", "bad.png", "car.png", "--out", "out"]) == 0
    captured = capsys.readouterr()
    assert "bad.png" in captured.err and "1 of 2 images" in captured.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["car.png"], "No model given"),
        (["one.keras"], "No image given"),
        (["none.keras", "car.png"], "none.keras"),
        (["one.keras", "none.png"], "none.png"),
        (["one.keras", "car.png", "--layers", "magic"], "no layer magic"),
        (["one.keras", "car.png", "--layers", ","], "name a layer"),
        (["one.keras", "car.png", "--layers", "a,dense"], "dense"),
        (["one.keras", "car.png", "--columns", "0"], "--columns 0"),
        (["one.keras", "car.png", "--colormap", "magic"], "viridis"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(folder, arguments, says, capsys):
    assert main(["activations", *arguments]) == 2
    output = capsys.readouterr().err
    assert says in output and sum(line.startswith("carvis: ") for line in output.splitlines()) == 1
