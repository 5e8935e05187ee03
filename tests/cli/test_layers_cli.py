"""What ``summary`` and ``heatmaps`` say of layers, and the labels that ``heatmaps`` takes of paths."""

import json

import keras
import numpy as np
import pytest

from carvis.classifier import Classifier, save_classifier
from carvis.cli import main
from carvis.explain import Heatmap

L = keras.layers


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """``gated`` weighs its map by a branch of its own; ``flat`` has no map at all."""
    folder = tmp_path_factory.mktemp("models")
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(3, 1, name="stem")(image)
    x = L.Multiply(name="gated")([x, L.Conv2D(1, 1, activation="sigmoid", name="gate")(x)])
    gated = keras.Model(image, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    flat = keras.Sequential([keras.Input((8, 8, 3)), L.Flatten(), L.Dense(2, activation="softmax")])
    for name, model in (("gated", gated), ("flat", flat)):
        save_classifier(Classifier(model, ["cat", "dog"], preprocessing="unit", name=name), folder / f"{name}.keras")
    return folder


def test_summary_marks_the_default_and_branches(models, capsys):
    assert main(["summary", str(models / "gated.keras")]) == 0
    rows = {
        line.split()[0]: line.split()[-1]
        for line in capsys.readouterr().out.splitlines()
        if "Conv2D" in line or "Multiply" in line
    }
    assert (rows["gated"], rows["gate"], rows["stem"]) == ("default", "branch", "yes")
    assert main(["summary", str(models / "gated.keras")]) == 0
    out = capsys.readouterr().out
    assert "branch: one of several branches" in out and "explained by default: gated" in out
    assert main(["summary", str(models / "flat.keras")]) == 0
    assert "choose a method that needs none (occlusion, smoothgrad or integrated-gradients)" in capsys.readouterr().out


def test_a_model_without_a_map_leaves_the_others_and_has_other_methods(models, tmp_path, make_pictures, capsys):
    [image] = make_pictures(tmp_path / "test" / "cat", ["x.png"])
    both = [str(models / "flat.keras"), str(models / "gated.keras"), str(image)]
    assert main(["heatmaps", *both, "--out", str(tmp_path / "one")]) == 0
    assert "skipped: flat has no layer with a feature map" in capsys.readouterr().err
    assert sorted(file.name for file in (tmp_path / "one").glob("*.npz")) == ["x--gated.npz"]
    for method in ("occlusion", "smoothgrad", "integrated-gradients"):
        assert main(["heatmaps", *both, "--method", method, "--out", str(tmp_path / method)]) == 0
        assert len(list((tmp_path / method).glob("*.npz"))) == 2
    assert main(["heatmaps", both[0], both[2], "--out", str(tmp_path / "none")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_branch_is_named_where_it_is_drawn(models, tmp_path, make_pictures, capsys):
    images = make_pictures(tmp_path / "test" / "cat", ["x.png", "y.png"])
    args = ["heatmaps", str(models / "gated.keras"), *map(str, images), "--layer", "gate"]
    assert main([*args, "--out", str(tmp_path / "out")]) == 0
    sentence = "gate is one of several branches: its heatmap lacks the evidence of the others."
    # Said once, however many images there are.
    assert capsys.readouterr().out.count(sentence) == 1
    assert Heatmap.load(tmp_path / "out" / "x--gated.npz").notes == (sentence,)


@pytest.mark.parametrize("folder", ["test/cat", "test/cat/dog", "test/cat/2019", "val/cat/a/b"])
@pytest.mark.parametrize("target", [["--target", "true"], ["--target", "true", "--against", "dog"]])
def test_the_true_class_is_the_first_folder_below_the_split(models, tmp_path, make_pictures, folder, target, capsys):
    [image] = make_pictures(tmp_path / "mini" / folder, ["x.png"])
    args = ["heatmaps", str(models / "gated.keras"), str(image), *target, "--out", str(tmp_path / "out")]
    assert main(args) == 0
    assert Heatmap.load(tmp_path / "out" / "x--gated.npz").target_name.startswith("cat")
    assert "as its label" not in capsys.readouterr().err


def test_a_label_that_is_guessed_is_said(models, tmp_path, make_pictures, capsys):
    [image] = make_pictures(tmp_path / "holiday" / "dog", ["x.png"])
    args = ["heatmaps", str(models / "gated.keras"), str(image), "--target", "true", "--out", str(tmp_path / "out")]
    assert main(args) == 0
    assert Heatmap.load(tmp_path / "out" / "x--gated.npz").target_name == "dog"
    assert "its label is taken to be the name of its folder, dog." in capsys.readouterr().err


def test_an_old_file_without_notes_is_read(models, tmp_path, make_pictures):
    [image] = make_pictures(tmp_path / "test" / "cat", ["x.png"])
    assert main(["heatmaps", str(models / "gated.keras"), str(image), "--out", str(tmp_path / "out")]) == 0
    with np.load(tmp_path / "out" / "x--gated.npz") as file:
        facts = json.loads(str(file["facts"]))
        del facts["notes"]
        np.savez(tmp_path / "old.npz", raw=file["raw"], probabilities=file["probabilities"], facts=json.dumps(facts))
    assert Heatmap.load(tmp_path / "old.npz").notes == ()
