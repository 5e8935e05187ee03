"""``python -m carvis attention`` as a person uses it."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from carvis.classifier import Classifier, ModelCard, save_classifier
from carvis.cli import main
from carvis.images import write_image

L = keras.layers


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """Red or green patches on black, boxes of them, and a model that goes by colour."""
    rows = ["id,part,x1,y1,x2,y2"]
    for label, channel in (("red", 0), ("green", 1)):
        for number in range(2):
            image = np.zeros((8, 8, 3), np.uint8)
            image[2:6, 2:6, channel] = 255
            write_image(tmp_path / "data" / "mini" / "test" / label / f"{number}.png", image)
            rows.append(f"{label}/{number}.png,patch,2,2,6,6")
    (tmp_path / "boxes.csv").write_text("\n".join(rows))
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(2, 1, use_bias=False, name="conv")(image)
    model = keras.Model(image, L.Dense(2, use_bias=False, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    model.set_weights([np.eye(3, 2, dtype=np.float32).reshape(1, 1, 3, 2), 9 * np.eye(2, dtype=np.float32)])
    clf = Classifier(model, ["red", "green"], preprocessing="unit", name="one", card=ModelCard())
    save_classifier(clf, tmp_path / "models" / "one.keras")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CARVIS_WORKSPACE", raising=False)
    return tmp_path


COMMAND = ["attention", "models/one.keras", "data/mini"]


def test_a_table_is_printed_and_files_are_written(workspace, capsys):
    assert main([*COMMAND, "--parts", "boxes.csv"]) == 0
    output = capsys.readouterr().out
    assert "one: 4 images" in output and "patch" in output and "elsewhere" in output and "100.0%" in output
    out = workspace / "data" / "results" / "attention"
    assert sorted(path.name for path in out.iterdir()) == [
        "attention.png",
        "one-classes.png",
        "one-images.csv",
        "one-parts.csv",
    ]
    parts = pd.read_csv(out / "one-parts.csv", index_col="part")
    assert parts.loc["patch", "area"] == 0.25 and parts.loc["patch", "fall"] > 0.3
    with Image.open(out / "attention.png") as figure:
        assert figure.width > 600
    assert main([*COMMAND, "--parts", "boxes.csv"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    # The option's name in earlier versions still works.
    for option in ("--no-occlusion", "--no-cover"):
        assert main([*COMMAND, "--parts", "boxes.csv", "--overwrite", option]) == 0
    assert "accuracy with" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (COMMAND, "has no annotated parts"),
        (["attention", "data/mini"], "Give one or more"),
        ([*COMMAND, "--parts", "none.csv"], "none.csv does not exist"),
        ([*COMMAND, "--parts", "boxes.csv", "--split", "train"], "has no split"),
        ([*COMMAND, "--parts", "boxes.csv", "--method", "magic"], "magic is not a heatmap method"),
        ([*COMMAND, "--parts", "boxes.csv", "--target", "blue"], "blue is not a target"),
        ([*COMMAND, "--parts", "boxes.csv", "--fill", "x"], "x is not a fill"),
        ([*COMMAND, "--parts", "boxes.csv", "--layer", "nowhere"], "nowhere"),
    ],
)
def test_wrong_input_ends_with_2_and_one_sentence(workspace, capsys, arguments, message):
    assert main(arguments) == 2
    output = capsys.readouterr().err
    assert message in output and output.count("carvis: ") == 1 and not Path("data/results").exists()
