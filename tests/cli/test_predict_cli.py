"""``predict`` on the command line: tables, files, averages, and what it refuses."""

import argparse

import numpy as np
import pandas as pd
import pytest

from carvis.classifier import Classifier, save_classifier
from carvis.cli import main
from carvis.cli.predict import _print_counts
from carvis.prediction import COLUMNS, Prediction

NAMES = ["red", "green", "blue"]


@pytest.fixture
def workspace(tmp_path, make_pictures, monkeypatch):
    """Two models of three colours, one with the classes in another order, and photos, two of them unreadable."""
    import keras

    for name, names in (("one", NAMES), ("other", NAMES[::-1])):
        image = keras.Input((8, 8, 3))
        model = keras.Model(
            image, keras.layers.Dense(3, activation="softmax")(keras.layers.GlobalAveragePooling2D()(image))
        )
        kernel = np.eye(3, dtype=np.float32)[:, :: 1 if name == "one" else -1] * 5
        model.set_weights([kernel, np.zeros(3, np.float32)])
        save_classifier(Classifier(model, names, name=name), tmp_path / "models" / f"{name}.keras")
    make_pictures(tmp_path / "photos", ["a.png", "=b.png"], (20, 220, 20))
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff no image")
    # A header that claims 10,000 million pixels.
    header = b"IHDR" + (100_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    (tmp_path / "photos" / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\r" + header + b"\0\0\0\0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CARVIS_WORKSPACE", raising=False)
    return tmp_path


def test_a_table_on_the_terminal_and_files_of_both_kinds(workspace, capsys):
    assert main(["predict", "models/one.keras", "models/other.keras", "photos", "--average"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "4 images, 3 models" in told and "2 images cannot be read." in told
    assert told.count("green") == 6 and "(raw)" in told and "average" in told
    # Whatever the model, the reason is the same: a row for all of them.
    assert told.count("photos/broken.jpg is") == 1
    for name, read in (("out.csv", pd.read_csv), ("out.parquet", pd.read_parquet)):
        assert main(["predict", "models/*.keras", "photos/*", "--out", name, "--augment", "mirror"]) == 0
        assert "2 times as long" in capsys.readouterr().out
        table = read(workspace / name)
        assert list(table.columns) == list(COLUMNS) and len(table) == 8
        assert sorted(table["status"].unique()) == ["ok", "unreadable"]
        assert set(table.loc[table["status"] == "ok", "predicted"]) == {"green"}
        assert table["calibration"].dropna().isin(["raw", ""]).all()


def test_what_is_assumed_of_a_model_takes_one_line(workspace, capsys):
    (workspace / "models" / "one.json").unlink()
    assert main(["predict", "models/one.keras", "photos/a.png"]) == 0
    lines = capsys.readouterr().out.splitlines()
    [assumed] = lines[: next(i for i, line in enumerate(lines) if "image" in line and "prediction" in line) - 1]
    assert assumed.startswith("one has no model card. Assumed: transparent images drop-alpha, class order, ")
    assert "preprocessing unit" in assumed and assumed.endswith("python -m carvis summary models/one.keras")
    assert any(line == "1 image, 1 model" for line in lines)
    # A card that is damaged is no assumption: all sentences are shown.
    (workspace / "models" / "one.json").write_text("{")
    assert main(["predict", "models/one.keras", "photos/a.png"]) == 0
    shown = capsys.readouterr().out
    assert "one.json" in shown and "EXIF" in shown and "Assumed:" not in shown


def test_an_image_that_one_model_fails_for_is_counted_whatever_the_next_says(capsys):
    images = [Prediction("a.png", "one", "failed", "NaN"), Prediction("a.png", "other", top=(("green", 1.0),))]
    _print_counts(images, 1, argparse.Namespace(false_alarms=0.05))
    assert "1 image could not be predicted." in capsys.readouterr().out


def test_nothing_is_overwritten_unasked_and_formulas_stay_text(workspace, capsys, monkeypatch):
    monkeypatch.chdir(workspace / "photos")
    command = ["predict", "../models/one.keras", "=b.png", "--workspace", "..", "--out", "../out.csv"]
    assert main(command) == 0
    content = (workspace / "out.csv").read_text("utf-8-sig")
    assert "\n'=b.png," in content
    assert main(command) == 2 and "already exists" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0
    assert main(["predict", "../models/one.keras", "a.png", "--out", "a.png"]) == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["models/one.keras"], "No image given"),
        (["photos"], "No model given"),
        (["models/one.keras", "gone.jpg"], "gone.jpg does not exist"),
        (["models/one.keras", "photos/*.tiff"], "Nothing matches"),
        (["models/one.keras", "photos", "--out", "out.txt"], "neither a CSV nor a Parquet file"),
        (["models/one.keras", "photos", "--average"], "two or more models"),
        (["models/one.keras", "photos", "--false-alarms", "1.5"], "--false-alarms 1.5 is invalid"),
        (["models/one.keras", "photos", "--batch-size", "0"], "--batch-size 0 is invalid"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(workspace, capsys, words, sentence):
    assert main(["predict", *words]) == 2
    told = capsys.readouterr().err
    assert sentence in told and len(told.strip().splitlines()) == 1


def test_it_speaks_japanese(workspace, capsys):
    assert main(["predict", "models/one.keras", "photos/a.png", "--language", "ja"]) == 0
    assert "較正なし" in capsys.readouterr().out
