"""``filters``: the grid, its sidecar, the list of layers, and what cannot be drawn."""

import json
import os
import signal
from pathlib import Path

import keras
import numpy as np
import pytest

from carvis.classifier import Classifier, ModelCard, save_classifier
from carvis.cli import main
from carvis.cli.filters import read_filters
from carvis.images import read_image

L = keras.layers
SMALL = ["--size", "8", "--steps", "2"]


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    image = keras.Input((8, 8, 3))
    base = keras.Model(image, L.Conv2D(3, 1, use_bias=False, name="conv")(image), name="base")
    x = L.GlobalAveragePooling2D()(base(image))
    model = keras.Model(image, L.Dense(2, activation="softmax")(x))
    base.set_weights([np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3)])
    save_classifier(Classifier(model, ["a", "b"], name="one", card=ModelCard()), tmp_path / "models" / "one.keras")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CARVIS_WORKSPACE", raising=False)
    return tmp_path


def test_the_grid_is_written_with_how_it_was_made(workspace, capsys):
    assert main(["filters", "models/one.keras", "base/conv", "--filters", "2,0-1", "--columns", "2", *SMALL]) == 0
    path = Path("data/results/filters/one--base_conv.png")
    assert str(path) in capsys.readouterr().out
    assert read_image(path).shape == (2 * 8 + 5, 2 * 8 + 5, 3)
    facts = json.loads(path.with_suffix(".json").read_text())
    assert facts["filters"] == [2, 0, 1] and facts["layer"] == "base/conv" and facts["settings"]["size"] == 8
    before = path.read_bytes()
    assert main(["filters", "models/one.keras", "base/conv", *SMALL]) == 2
    assert "already exists" in capsys.readouterr().err and path.read_bytes() == before
    assert main(["filters", "models/one.keras", "base/conv", "--overwrite", *SMALL]) == 0


@pytest.fixture
def two_blocks(workspace):
    """A model whose map shrinks once, so that it has two blocks: first and first_too, then second."""
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(3, 1, name="first_too")(L.Conv2D(2, 1, name="first")(image))
    x = L.Conv2D(4, 1, name="second")(L.MaxPooling2D()(x))
    model = keras.Model(image, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    save_classifier(Classifier(model, ["a", "b"], name="two", card=ModelCard()), workspace / "models" / "two.keras")
    return workspace


def test_several_layers_are_a_grid_each(two_blocks, capsys):
    assert main(["filters", "models/two.keras", "second", "first", "second", *SMALL]) == 0
    folder = Path("data/results/filters")
    assert sorted(path.name for path in folder.glob("*.png")) == ["two--first.png", "two--second.png"]
    assert [line.split()[3] for line in capsys.readouterr().out.splitlines() if "written" in line] == [
        "second",
        "first",
    ]
    assert main(["filters", "models/two.keras", "--layers", "first-of-each-block", "--out", "grids", *SMALL]) == 0
    assert sorted(path.name for path in Path("grids").glob("*.png")) == ["two--first.png", "two--second.png"]
    # The patterns are those of one layer alone.
    assert main(["filters", "models/two.keras", "second", "--out", "alone.png", *SMALL]) == 0
    assert Path("alone.png").read_bytes() == Path("grids/two--second.png").read_bytes()


def test_several_layers_have_one_progress(two_blocks, monkeypatch):
    from carvis.classifier import load_classifier
    from carvis.explain import FilterSettings, draw_layers

    reports = []
    clf = load_classifier("models/two.keras")
    settings = FilterSettings(size=8, steps=2)
    drawn = draw_layers(clf, {"first": None, "second": [0, 3]}, settings, progress=lambda *at: reports.append(at))
    assert {layer: patterns.filters for layer, patterns in drawn.items()} == {"first": (0, 1), "second": (0, 3)}
    assert {total for _done, total in reports} == {4} and reports[-1] == (4, 4)
    assert [done for done, _total in reports] == sorted(done for done, _total in reports)
    stopped = draw_layers(clf, {"first": None, "second": None}, settings, progress=lambda done, total: True)
    assert list(stopped) == ["first"] and not stopped["first"].filters


def test_without_a_layer_the_layers_are_listed(workspace, capsys):
    assert main(["filters", "models/one.keras"]) == 0
    assert "base/conv (3 filters)" in capsys.readouterr().out and not Path("data/results").exists()


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_keeps_what_is_done_and_goes_on_later(workspace, capsys, monkeypatch):
    from carvis.explain.filters import ascent

    monkeypatch.setattr(ascent, "CHUNK_PIXELS", 8 * 8)
    own = ascent._Ascent.finished

    def finished(self, state):
        if state.index == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return own(self, state)

    monkeypatch.setattr(ascent._Ascent, "finished", finished)
    assert main(["filters", "models/one.keras", "base/conv", "--out", "grid.png", *SMALL]) == 130
    assert json.loads(Path("grid.json").read_text())["filters"] == [0, 1]
    calls = []
    monkeypatch.setattr(ascent._Ascent, "finished", lambda self, state: calls.append(state.index) or own(self, state))
    assert main(["filters", "models/one.keras", "base/conv", "--out", "grid.png", "--overwrite", *SMALL]) == 0
    assert calls == [2] and json.loads(Path("grid.json").read_text())["filters"] == [0, 1, 2]


def test_lists_of_filters_are_read():
    assert read_filters("0-3") == [0, 1, 2, 3] and read_filters("5, 1-2,5") == [5, 1, 2] and read_filters(None) is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["models/none.keras", "base/conv"], "none.keras"),
        (["models/one.keras", "magic"], "no layer magic"),
        (["models/one.keras", "dense"], "does not output a feature map"),
        (["models/one.keras", "base/conv", "--filters", "3"], "no filter 3"),
        (["models/one.keras", "base/conv", "--filters", "4-2"], "0-63 or 1,2,5"),
        (["models/one.keras", "base/conv", "--filters", "x"], "0-63 or 1,2,5"),
        (["models/one.keras", "base/conv", "--filters", ""], "--filters is empty"),
        (["models/one.keras", "base/conv", "--size", "2"], "at least 8 pixels"),
        (["models/one.keras", "base/conv", "--steps", "0"], "at least 8 pixels"),
        (["models/one.keras", "base/conv", "--columns", "0"], "--columns 0 is invalid"),
        (["models/one.keras", "base/conv", "--smoothness", "nan"], "smoothness"),
        (["models/one.keras", "base/conv", "--seed", "-1"], "seed"),
        (["models/one.keras", "base/conv", "--out", "grid.jpg"], "ends in .png"),
        (["models/one.keras", "base/conv", "--layers", "first-of-each-block"], "one of the two"),
        (["models/one.keras", "base/conv", "dense", "--out", "grid.png"], "give a folder"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(workspace, arguments, says, capsys):
    if "dense" in arguments:
        model = keras.models.load_model("models/one.keras")
        arguments = [model.layers[-1].name if argument == "dense" else argument for argument in arguments]
    assert main(["filters", *arguments]) == 2
    output = capsys.readouterr().err
    assert says in output and sum(line.startswith("carvis: ") for line in output.splitlines()) == 1
