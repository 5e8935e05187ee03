"""``compare`` on the command line: what it takes, prints, writes and refuses."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

from carvis.classifier import Classifier, save_classifier
from carvis.cli import main
from carvis.dataset import Dataset
from carvis.evaluation import evaluate, evaluation_folder, load_evaluation
from carvis.evaluation.metrics import summarise
from carvis.workspace import Workspace

L = keras.layers
NAMES = ["red", "green", "blue"]


@pytest.fixture
def workspace(tmp_path, make_pictures, monkeypatch):
    """Images of three colours, a model that tells them apart and one that takes green for blue, both evaluated."""
    for split, n in (("test", 6), ("valid", 3)):
        for name, rgb in (("red", (220, 20, 20)), ("green", (20, 220, 20)), ("blue", (20, 20, 220))):
            make_pictures(tmp_path / "data" / "mini" / split / name, [f"{name}_{i}.png" for i in range(n)], rgb)
    data, space = Dataset(tmp_path / "data" / "mini"), Workspace(tmp_path)
    for name, columns in (("good", [0, 1, 2]), ("poor", [0, 2, 2])):
        image = keras.Input((8, 8, 3))
        x = L.Conv2D(3, 1, use_bias=False, name="conv")(image)
        model = keras.Model(image, L.Dense(3, use_bias=False, activation="softmax")(L.GlobalAveragePooling2D()(x)))
        head = np.zeros((3, 3), np.float32)
        head[[0, 1, 2], columns] = 5
        model.set_weights([np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3), head])
        clf = Classifier(model, NAMES, preprocessing="unit", name=name)
        save_classifier(clf, tmp_path / "models" / f"{name}.keras")
        for split in ("test", "valid"):
            if (name, split) != ("poor", "valid"):
                evaluate(clf, data, split).save(evaluation_folder(space, "mini", split, name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CARVIS_WORKSPACE", raising=False)
    return tmp_path


def test_models_are_compared_by_their_names(workspace, capsys):
    assert main(["compare", "poor", "models/good.keras", "--out", "out"]) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert "18 images" in output and "Only good is right" in output
    assert "good is better than poor. Only good is right on 6 images; only poor on 0 (McNemar p = 0.031)." in output
    # Validation was evaluated for one of the two.
    assert "good: no temperature fits the validation images" in output and "poor: no" not in output
    assert "Averaging would" in output and "2 models instead of one" in output
    document = json.loads((workspace / "out" / "comparison.json").read_text("utf-8"))
    assert document["averaging"]["best"] == "good" and document["averaging"]["best_accuracy"] == 1
    assert document["lattice"] == {"11": 12, "10": 0, "01": 6, "00": 0}
    assert document["scoreboard"][1]["parameters"] == 18 and document["scoreboard"][1]["milliseconds"] is None
    assert document["pairs"][0]["p"] == 2 * 0.5**6
    images = pd.read_csv(workspace / "out" / "images.csv", dtype={"pattern": str})
    assert (images["pattern"] == "01").sum() == 6 and len(images) == 18
    assert set(images["average"]) <= {*NAMES}
    assert len(pd.read_csv(workspace / "out" / "classes.csv")) == 3
    for name in ("scoreboard.png", "reliability.png"):
        assert (workspace / "out" / name).read_bytes().startswith(b"\x89PNG")
    assert main(["compare", "poor", "good", "--out", "out"]) == 2
    assert "already exists" in capsys.readouterr().err
    assert main(["compare", "poor", "good", "--out", "out", "--overwrite"]) == 0
    capsys.readouterr()
    assert main(["compare", r"models\*"]) == 0
    assert "good is better than poor" in " ".join(capsys.readouterr().out.split())
    assert main(["compare", "models/none*"]) == 2
    assert "Nothing matches models/none*" in capsys.readouterr().err


def test_a_temperature_is_fitted_where_validation_was_evaluated(workspace, capsys):
    # The same mistakes as on test, learnt from twice as sure.
    space = Workspace(workspace)
    for split in ("test", "valid"):
        reloaded = load_evaluation(evaluation_folder(space, "mini", split, "good"))
        table = reloaded.predictions.copy()
        table[["p:red", "p:green", "p:blue"]] = np.float32([0.9, 0.1, 0])
        table["predicted"], table["confidence"] = "red", np.float32(0.9)
        table.loc[table.index[:3], "label"], table.loc[table.index[3:], "label"] = "green", "red"
        type(reloaded)(table, summarise(table, NAMES) | {"unreadable": [], "left_out": {}}, reloaded.setup).save(
            evaluation_folder(space, "mini", split, "good")
        )
    other = load_evaluation(evaluation_folder(space, "mini", "test", "poor"))
    labels = load_evaluation(evaluation_folder(space, "mini", "test", "good")).predictions["label"]
    table = other.predictions.assign(label=labels)
    metrics = summarise(table, NAMES) | {"unreadable": [], "left_out": {}}
    type(other)(table, metrics, other.setup).save(workspace / "elsewhere")
    assert main(["compare", "elsewhere", "good"]) == 0
    # On validation 6 of 9 are right at 9 : 1, so T = ln 9 / ln 2.
    output = " ".join(capsys.readouterr().out.split())
    assert f"overconfident on the 9 validation images: temperature {np.log(9) / np.log(2):.2f}." in output


def test_folders_of_evaluations_and_time(workspace, capsys):
    folders = [f"data/evaluations/mini/test/{name}" for name in ("good", "poor")]
    assert main(["compare", *folders, "--time", "--out", "out"]) == 0
    rows = json.loads((workspace / "out" / "comparison.json").read_text("utf-8"))["scoreboard"]
    assert all(0 < row["milliseconds"] < 10_000 for row in rows)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["good"], "two or more evaluations"),
        (["good", "nobody"], "There is no evaluation"),
        (["good", "poor", "--split", "valid"], "data/evaluations/DATA/valid/poor"),
        (["good", "poor", "--split", "holdout"], "--split holdout is invalid"),
        (["good", "poor", "--data", "other"], "data/evaluations/other/test/good"),
        (["good", "poor", "--without-leakage"], "does not say which images are also in training"),
        (["data/evaluations/mini/test/good", "data/evaluations/mini/valid/good"], "different images"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(workspace, capsys, arguments, sentence):
    assert main(["compare", *arguments]) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1
