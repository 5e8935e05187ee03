"""What the command line assumes of a model without a card: names, where they come from, and the check."""

import json
import shutil
import unicodedata

import keras
import numpy as np
import pytest

from carvis.classifier import load_classifier, read_card
from carvis.cli import main
from carvis.dataset import Dataset
from carvis.evaluation import load_evaluation
from carvis.images import write_image

NAMES = ["Äpfel", "Birne", "Zebra", "Öl"]
# Only tf, with its middle at 127.5, tells these levels of red and green apart.
LEVELS = [(126, 126), (126, 137), (137, 126), (137, 137)]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A model trained elsewhere under tf, in Keras' order of decomposed folder names, without a card."""
    root = tmp_path_factory.mktemp("workspace")
    for split, n in (("train", 12), ("valid", 8), ("test", 3)):
        for name, (red, green) in zip(NAMES, LEVELS, strict=True):
            folder = root / "data" / "fruit" / split / unicodedata.normalize("NFD", name)
            for i in range(n):
                write_image(folder / f"{i}.png", np.full((8, 8, 3), (red, green, i), np.uint8))
    order = Dataset(root / "data" / "fruit").keras_class_names
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(3, 1, name="conv")(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, keras.layers.Dense(4, activation="softmax")(x))
    head = np.zeros((3, 4), np.float32)
    for place, name in enumerate(order):
        head[:2, place] = [50 if level == 137 else -50 for level in LEVELS[NAMES.index(name)]]
    model.set_weights([np.eye(3, dtype=np.float32)[None, None], np.zeros(3), head, np.zeros(4)])
    (root / "models").mkdir()
    model.save(root / "models" / "m.keras")
    return root


def _run(workspace, *arguments):
    return main([*map(str, arguments), "--workspace", str(workspace)])


def test_evaluate_says_what_is_clearly_better_beside_the_result(workspace, tmp_path, capsys):
    folder = tmp_path / "out"
    arguments = ["evaluate", workspace / "models" / "m.keras", workspace / "data" / "fruit", "--out", folder]
    assert _run(workspace, *arguments) == 0
    output = " ".join(capsys.readouterr().out.split())
    assert "With preprocessing tf, 80 of 80 images are right; with preprocessing unit, 20" in output
    evaluation = load_evaluation(folder)
    assert any("preprocessing tf, 80 of 80" in note for note in evaluation.setup["notes"])
    assert evaluation.assumption_check.changes == {"preprocessing": "tf"} and evaluation.accuracy == 0.25
    assert _run(workspace, *arguments, "--preprocessing", "tf") == 0
    assert load_evaluation(folder).accuracy == 1 and load_evaluation(folder).assumption_check.verdict == "as assumed"
    capsys.readouterr()
    assert _run(workspace, *arguments, "--no-check") == 0
    assert "80 of 80" not in capsys.readouterr().out


def test_all_verbs_say_the_same_names(workspace, tmp_path, capsys):
    model, data = workspace / "models" / "m.keras", workspace / "data" / "fruit"
    image = next((data / "test").glob("B*/0.png"))
    order = ", ".join(Dataset(data).keras_class_names)
    # The workspace's one data set lends its names, as on the pages; a model that lies elsewhere gets none.
    assert _run(workspace, "summary", model) == 0
    assert order in capsys.readouterr().out
    (tmp_path / "elsewhere").mkdir()
    away = shutil.copy(model, tmp_path / "elsewhere" / "m.keras")
    assert _run(workspace, "summary", away) == 0
    assert "4 classes: class 0, class 1, class 2, class 3" in capsys.readouterr().out
    assert _run(workspace, "summary", away, "--data", data) == 0
    assert order in capsys.readouterr().out
    target = ["--target", "Birne", "--out"]
    assert _run(workspace, "heatmaps", model, image, *target, tmp_path / "maps") == 0
    output = " ".join(capsys.readouterr().out.split())
    assert "data set fruit, in Keras' folder order" in output and "preprocessing tf, 80 of 80" in output
    # The copy of an image lies in no data set, so that nothing lends names, unless --data does.
    copy = tmp_path / "copy.png"
    copy.write_bytes(image.read_bytes())
    assert _run(workspace, "heatmaps", model, copy, *target, tmp_path / "copies") == 2
    assert "Birne" in capsys.readouterr().err
    assert _run(workspace, "heatmaps", model, copy, "--data", data, *target, tmp_path / "copies") == 0
    assert _run(workspace, "activations", model, image, "--out", tmp_path / "acts") == 0
    assert "data set fruit, in Keras' folder order" in " ".join(capsys.readouterr().out.split())


def test_what_is_settled_goes_into_the_card_when_asked_for(workspace, tmp_path, capsys):
    model = tmp_path / "models" / "m.keras"
    model.parent.mkdir()
    model.write_bytes((workspace / "models" / "m.keras").read_bytes())
    data = workspace / "data" / "fruit"
    assert _run(workspace, "summary", model, "--data", data) == 0 and read_card(model) is None
    capsys.readouterr()
    assert _run(workspace, "summary", model, "--data", data, "--save-card") == 0
    output = capsys.readouterr().out
    assert "clearly better" in output and "Still assumed: resize" in output
    card = read_card(model)
    assert card.preprocessing == "tf" and card.class_names == Dataset(data).keras_class_names
    assert card.resize is None and card.sha256
    clf = load_classifier(model)
    assert clf.preprocessing == "tf" and "class_names" not in clf.assumed and "preprocessing" not in clf.assumed


def test_what_a_person_gives_goes_into_the_card(workspace, tmp_path, capsys):
    model = tmp_path / "m.keras"
    model.write_bytes((workspace / "models" / "m.keras").read_bytes())
    assert _run(workspace, "summary", model, "--save-card") == 2
    assert "--classes" in capsys.readouterr().err and read_card(model) is None
    indices = tmp_path / "my_indices.json"
    indices.write_text(json.dumps({"d": 0, "c": 1, "b": 2, "a": 3}))
    assert _run(workspace, "summary", model, "--classes", indices, "--save-card") == 0
    assert read_card(model).class_names == ["d", "c", "b", "a"] and read_card(model).preprocessing is None
    # What is in the card stays, what is given now is added.
    assert _run(workspace, "summary", model, "--preprocessing", "tf", "--save-card") == 0
    assert read_card(model).class_names == ["d", "c", "b", "a"] and read_card(model).preprocessing == "tf"


def test_files_of_names(workspace, tmp_path, capsys):
    model, data = workspace / "models" / "m.keras", workspace / "data" / "fruit"
    labels = tmp_path / "labels.txt"
    labels.write_text("".join(f"{i} {name}\n" for i, name in enumerate("abcd")), "cp932")
    assert _run(workspace, "summary", model, "--classes", labels) == 0
    assert "4 classes: a, b, c, d" in capsys.readouterr().out
    labels.write_text("a\nb\nc\n")
    assert _run(workspace, "summary", model, "--classes", labels) == 2
    assert "labels.txt names 3 classes" in capsys.readouterr().err
    assert _run(workspace, "summary", model, "--classes", tmp_path / "gone.txt") == 2
    assert "gone.txt cannot be read" in capsys.readouterr().err
    # Names of another data set: the sentence says where they came from.
    card = model.with_suffix(".json")
    card.write_text(json.dumps({"class_names": list("wxyz"), "preprocessing": "tf"}))
    try:
        assert _run(workspace, "evaluate", model, data, "--no-leakage", "--out", tmp_path / "out") == 2
    finally:
        card.unlink()
    captured = capsys.readouterr()
    assert "m.json" in captured.err and "remove class_names" in captured.err
    assert "With class order of the folders in Keras, 80 of 80 images are right" in " ".join(captured.out.split())
