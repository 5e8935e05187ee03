"""evaluate() from image files to a saved folder, with a network whose answers are known beforehand."""

import json
import os
import sys

import numpy as np
import pandas as pd
import pytest

from carvis.classifier import Classifier
from carvis.dataset import Dataset
from carvis.errors import DatasetError, ModelError, StoppedError
from carvis.evaluation import check_assumptions, evaluate, evaluation_folder, load_evaluation, read_misclassified
from carvis.images import write_image
from carvis.language import localised, speaking
from carvis.workspace import Workspace, sha256_of_file

COLOURS = {"red": (250, 5, 5), "green": (5, 250, 5), "blue": (5, 5, 250)}


@pytest.fixture(scope="module")
def colours():
    """A classifier of red, green and blue: a 1x1 convolution passes each colour on, its mean times 20 is the logit."""
    import keras

    inputs = keras.Input((8, 8, 3))
    passed = keras.layers.Conv2D(3, 1, use_bias=False, name="conv")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(passed)
    outputs = keras.layers.Dense(3, activation="softmax", use_bias=False, name="head")(pooled)
    model = keras.Model(inputs, outputs, name="colours")
    model.get_layer("conv").set_weights([np.eye(3, dtype=np.float32)[None, None]])
    model.get_layer("head").set_weights([20 * np.eye(3, dtype=np.float32)])
    return Classifier(model, list(COLOURS), preprocessing="unit", resize="nearest", name="colours")


@pytest.fixture
def workspace(tmp_path):
    """Ten images in data/paint/test: the folder is the label, the file's name says what is painted."""
    test = tmp_path / "data" / "paint" / "test"
    for place, painted in (
        ("red/a", "red"), ("red/b", "red"), ("red/c", "green"),
        ("green/a", "green"), ("green/b", "green"), ("green/c", "blue"), ("green/d", "green"),
        ("blue/a", "blue"), ("blue/b", "red"),
    ):  # fmt: skip
        image = np.full((12, 10, 3), COLOURS[painted], np.uint8)
        write_image(test / f"{place} {painted}.png", image)
    (test / "blue" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (test / "blue" / "empty.jpg").write_bytes(b"")
    (test / "blue" / "notes.txt").write_text("no picture either")
    return Workspace(tmp_path)


@pytest.fixture
def paint(workspace):
    return Dataset(workspace.data_dir / "paint")


def test_every_answer_is_known(colours, paint):
    calls = []
    evaluation = evaluate(colours, paint, batch_size=4, progress=lambda *step: calls.append(step))
    # The model's order, red green blue, not the data set's alphabet.
    assert evaluation.confusion.to_numpy().tolist() == [[2, 1, 0], [0, 3, 1], [1, 0, 1]]
    assert evaluation.confusion.index.tolist() == ["red", "green", "blue"]
    assert evaluation.accuracy == pytest.approx(6 / 9)
    assert evaluation.metrics["n"] == 9
    assert calls[-1] == (10, 10) and [done for done, _ in calls] == sorted({done for done, _ in calls})

    table = evaluation.predictions
    assert table.columns.tolist() == [
        "id", "path", "sha256", "label", "predicted", "confidence", "p:red", "p:green", "p:blue",
    ]  # fmt: skip
    assert table["id"].is_monotonic_increasing
    assert table["path"].tolist() == table["id"].tolist()
    first = table.set_index("id").loc["test/blue/b red.png"]
    # logits 20 * (250, 5, 5) / 255
    assert first["p:red"] == pytest.approx(1 / (1 + 2 * np.exp(-20 * 245 / 255)), abs=1e-6)
    assert first["predicted"] == "red" and first["confidence"] == first["p:red"]
    assert first["sha256"] == sha256_of_file(paint.root / "test/blue/b red.png")


def test_broken_images_are_listed_and_not_counted(colours, paint):
    metrics = evaluate(colours, paint).metrics
    assert [row["id"] for row in metrics["unreadable"]] == ["test/blue/broken.jpg", "test/blue/empty.jpg"]
    # Named below the data set in every language.
    with speaking("ja"):
        text = [localised(row["reason"]) for row in metrics["unreadable"]]
    assert all("ください" in item for item in text) and text[1].startswith("test/blue/empty.jpg は空")
    assert all(str(paint.root) not in row["reason"] and row["path"] in row["reason"] for row in metrics["unreadable"])
    assert metrics["per_class"]["blue"]["support"] == 2


def test_an_image_that_vanishes_meanwhile(colours, paint, monkeypatch):
    gone = str(paint.root / "test" / "red" / "b red.png")

    def hash_after_removal(path):
        if path == gone and os.path.exists(gone):
            os.unlink(gone)
        return sha256_of_file(path)

    monkeypatch.setattr("carvis.feature_space.split_content.sha256_of_file", hash_after_removal)
    evaluation = evaluate(colours, paint)
    assert evaluation.metrics["n"] == 8
    assert "was removed" in evaluation.metrics["unreadable"][-1]["reason"]
    assert evaluation.confusion.to_numpy().tolist() == [[1, 1, 0], [0, 3, 1], [1, 0, 1]]


def test_misclassified(colours, paint):
    evaluation = evaluate(colours, paint)
    wrong = evaluation.misclassified()
    assert sorted(wrong["id"]) == ["test/blue/b red.png", "test/green/c blue.png", "test/red/c green.png"]
    assert wrong["confidence"].is_monotonic_decreasing
    assert all(map(os.path.isfile, wrong["path"]))
    assert np.allclose(wrong["margin"], wrong["confidence"] - wrong["p_true"], atol=1e-6)  # here the rest is equal
    assert evaluation.most_confused()["count"].tolist() == [1, 1, 1]


def test_batches_do_not_change_the_predictions(colours, paint):
    single, all_at_once = (evaluate(colours, paint, batch_size=n).predictions for n in (1, 64))
    pd.testing.assert_frame_equal(single, all_at_once, atol=1e-6)


def test_saved_and_loaded_again(colours, paint, workspace):
    evaluation = evaluate(colours, paint)
    folder = evaluation_folder(workspace, "paint", "test", "colours")
    evaluation.save(folder)
    assert sorted(os.listdir(folder)) == ["df2.csv", "metrics.json", "predictions.parquet"]
    assert workspace.evaluations() == [folder]
    reloaded = load_evaluation(folder)
    assert reloaded == evaluation
    assert reloaded.root == paint.root
    assert reloaded.confusion.equals(evaluation.confusion)
    assert reloaded.misclassified().equals(evaluation.misclassified())
    document = json.loads((folder / "metrics.json").read_text("utf-8"))
    assert document["setup"]["model"]["preprocessing"] == "unit" and document["setup"]["model"]["resize"] == "nearest"
    assert document["setup"]["dataset"]["fingerprint"] == paint.fingerprint
    assert str(workspace.root) not in (folder / "metrics.json").read_text("utf-8")


def test_df2_is_read_back_wherever_the_workspace_goes(colours, paint, workspace, tmp_path_factory):
    evaluation = evaluate(colours, paint)
    folder = evaluation.save(evaluation_folder(workspace, "paint", "test", "colours"))
    table = pd.read_csv(folder / "df2.csv")
    assert table.columns.tolist() == ["PATH", "TRUE", "PRED", "CONFIDENCE", "MARGIN", "ID"]
    assert all((workspace.root / path).is_file() for path in table["PATH"])
    moved = tmp_path_factory.mktemp("elsewhere") / "moved"
    workspace.root.rename(moved)
    repeated = read_misclassified(moved / folder.relative_to(workspace.root) / "df2.csv", [moved / "data"])
    assert repeated["status"].eq("found").all()
    assert repeated["id"].tolist() == evaluation.misclassified()["id"].tolist()
    assert load_evaluation(moved / folder.relative_to(workspace.root)).root == moved / "data" / "paint"


def test_classes_are_joined_by_name(colours, paint):
    odd = paint.root / "test" / "mauve" / "a.png"
    write_image(odd, np.full((8, 8, 3), 128, np.uint8))
    for path in (paint.root / "test" / "red").iterdir():
        path.unlink()
    evaluation = evaluate(colours, Dataset(paint.root))
    assert evaluation.metrics["left_out"] == {"mauve": 1}
    assert evaluation.metrics["n"] == 6
    assert evaluation.metrics["per_class"]["red"]["recall"] is None
    notes = " ".join(evaluation.setup["notes"])
    assert "1 image is of a class that the model does not know" in notes and "no images of red" in notes


def test_nothing_in_common(colours, paint):
    (paint.root / "test").rename(paint.root / "old")
    write_image(paint.root / "test" / "mauve" / "a.png", np.full((8, 8, 3), 128, np.uint8))
    with pytest.raises(ModelError, match="knows red, green, blue, the data set holds mauve"):
        evaluate(colours, Dataset(paint.root))


def test_no_image_can_be_read(colours, tmp_path):
    path = tmp_path / "paint" / "test" / "red" / "a.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no picture")
    with pytest.raises(DatasetError, match="None of the 1 images"):
        evaluate(colours, tmp_path / "paint")
    with pytest.raises(DatasetError, match="no split"):
        evaluate(colours, tmp_path / "paint", "train")


def test_predictions_that_are_no_numbers(colours, paint):
    weights = colours.model.get_layer("head").get_weights()
    colours.model.get_layer("head").set_weights([np.full((3, 3), np.nan, np.float32)])
    try:
        with pytest.raises(ModelError, match="NaN"):
            evaluate(colours, paint)
    finally:
        colours.model.get_layer("head").set_weights(weights)


def test_command_line(colours, paint, workspace, capsys):
    from carvis.classifier import save_classifier
    from carvis.cli import main

    save_classifier(colours, workspace.models_dir / "colours.keras")
    command = ["evaluate", str(workspace.models_dir / "colours.keras"), str(paint.root), "--workspace"]
    assert main([*command, str(workspace.root), "--split", "validation"]) == 2
    assert "has no split" in capsys.readouterr().err
    assert main([*command, str(workspace.root)]) == 0
    out = capsys.readouterr().out
    assert "66.7%" in out and "was replaced" not in out
    folder = evaluation_folder(workspace, "paint", "test", "colours")
    (folder / "df2.csv").write_text("PATH\nmine\n")
    assert main([*command, str(workspace.root)]) == 0
    out = capsys.readouterr().out
    assert "was replaced" in out and "kept as df2.edited-1.csv" in out
    assert (folder / "df2.edited-1.csv").read_text() == "PATH\nmine\n"


def test_reading_needs_no_tensorflow():
    import subprocess

    heavy = ("tensorflow", "keras", "sklearn", "scipy")
    code = f"import sys, carvis.evaluation; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_evaluation_knows_the_file_that_it_was_made_with(colours, workspace, paint):
    from carvis.classifier import load_classifier, save_classifier

    file = save_classifier(colours, workspace.models_dir / "colours.keras")
    folder = evaluate(load_classifier(file), paint, leakage=False).save(workspace.evaluations_dir / "here")
    evaluation = load_evaluation(folder)
    assert evaluation.setup["model"]["sha256"] == sha256_of_file(file)
    assert evaluation.made_with(file) is True
    with open(file, "ab") as changed:
        changed.write(b" ")
    assert evaluation.made_with(file) is False
    # A classifier that came from no file says nothing of one.
    assert evaluate(colours, paint, leakage=False).made_with(file) is None


def test_none_is_a_progress_that_nobody_follows(colours, paint):
    # The default of earlier versions, which wrappers hand on.
    assert evaluate(colours, paint, leakage=False, progress=None).metrics["n"] == 9
    assert check_assumptions(colours, paint, progress=None).n


def test_it_stops_when_its_progress_asks_to(colours, paint):
    calls = []

    def progress(done, total):
        calls.append((done, total))
        return len(calls) == 2

    with pytest.raises(StoppedError):
        evaluate(colours, paint, batch_size=1, leakage=False, progress=progress)
    assert len(calls) == 2 and calls[1][0] < calls[1][1]
