"""``python -m carvis concepts`` on a model of two colours."""

import json

import pandas as pd
import pytest
from PIL import Image

from carvis.classifier import save_classifier
from carvis.cli import main
from tests.explain.concepts.conftest import colour_classifier, write_shapes


@pytest.fixture(scope="module")
def colour_workspace(tmp_path_factory):
    root = tmp_path_factory.mktemp("workspace")
    write_shapes(root / "data" / "shapes")
    save_classifier(colour_classifier(), root / "models" / "colours.keras")
    (root / "data" / "shapes" / "parts.csv").write_text(
        "id,part,x1,y1,x2,y2\ntest/loud/0.png,square,0,0,10,10\n", encoding="utf-8"
    )
    return root


def run(root, *arguments):
    inputs = str(root / "models" / "colours.keras"), str(root / "data" / "shapes")
    return main(["concepts", *inputs, *arguments, "--workspace", str(root)])


def test_the_verb_writes_tables_the_concepts_and_a_sheet(colour_workspace, tmp_path, capsys):
    out = tmp_path / "out"
    options = "-n", "2", "--name", "1=red square", "--occlude", "--out", str(out)
    assert run(colour_workspace, "loud", *options) == 0
    said = capsys.readouterr().out
    assert "red square" in said
    assert "accuracy with all concepts" in said
    assert "Only 4 images" in said
    table = pd.read_csv(out / "concepts.csv")
    assert table["name"].tolist()[0] == "red square"
    assert table["importance"].is_monotonic_decreasing
    assert set(pd.read_csv(out / "occlusion.csv")["part"]) == set(table["name"])
    assert {"iou", "hit_rate"} <= set(pd.read_csv(out / "parts.csv"))
    assert json.loads((out / "concepts.json").read_text("utf-8"))["setup"]["subject"] == "loud"
    with Image.open(out / "concepts.png") as sheet:
        assert sheet.size[0] > 400
    assert len(list((colour_workspace / "data" / "concepts").glob("*.json"))) == 1
    # What is there is not overwritten unasked.
    assert run(colour_workspace, "loud", *options) == 2
    assert "--overwrite" in capsys.readouterr().err


def test_a_second_model_is_compared(colour_workspace, tmp_path, capsys):
    model = str(colour_workspace / "models" / "colours.keras")
    assert run(colour_workspace, "loud", "-n", "2", "--against", model, "--out", str(tmp_path / "out")) == 0
    assert (pd.read_csv(tmp_path / "out" / "against.csv")["iou"] == 1).all()
    assert "overlap 1.00" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["loud", "quiet", "loud"], "pair of two classes"),
        (["silent"], "is not a class"),
        (["loud", "--name", "emblem"], "1=emblem"),
        (["loud", "-n", "2", "--name", "9=emblem"], "There is no concept 9"),
        (["loud", "-n", "1"], "must lie between"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(colour_workspace, tmp_path, capsys, arguments, sentence):
    assert run(colour_workspace, *arguments, "--out", str(tmp_path / "out")) == 2
    assert sentence in capsys.readouterr().err
