"""Curves read in words, and histories of trainings that were not started here."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

from carvis.errors import TableError
from carvis.training.diagnosis import diagnose
from carvis.training.histories import read_history


def history(loss, val_loss, accuracy=None):
    table = pd.DataFrame({"epoch": range(1, len(loss) + 1), "loss": loss, "val_loss": val_loss})
    return table if accuracy is None else table.assign(accuracy=accuracy)


def kinds(*args, **options):
    return [finding.kind for finding in diagnose(history(*args), **options)]


def test_overfitting_is_told_with_its_epoch_and_evidence():
    [finding] = diagnose(history([1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2], [1, 0.9, 0.7, 0.75, 0.8, 0.85, 0.9]))
    assert finding.kind == "overfitting"
    assert "from epoch 4" in finding.message and "from 0.700 to 0.900" in finding.message
    assert "0.600 to 0.200" in finding.message


def test_each_other_finding():
    assert kinds([1, 0.8, 0.6, 0.5], [1, 0.9, 0.8, 0.7]) == ["improving"]
    assert kinds([1, 0.8, 0.6, 0.59, 0.58, 0.57], [1, 0.9, 0.8, 0.799, 0.801, 0.8]) == ["settled"]
    assert kinds([1, 2, 1, 2, 1, 2], [1, 2, 1, 2, 1, 2]) == ["rate-too-high"]
    assert kinds([1, float("nan")], [1, 1]) == ["broken"]
    flat = [3.0, 2.99, 2.99, 2.99, 2.99]
    assert kinds(flat, flat, [0.05] * 5, n_classes=20) == ["hardly-learning"]
    assert kinds([1.0], [1.0]) == [] and diagnose(history([], [])) == []


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A real Keras training, logged in every way that is read."""
    folder = tmp_path_factory.mktemp("logs")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = np.random.default_rng(0).random((16, 2)), np.tile([0, 1], 8)
    logs = [keras.callbacks.CSVLogger(folder / "log.csv"), keras.callbacks.TensorBoard(folder / "board")]
    found = model.fit(x, y, validation_data=(x, y), epochs=3, verbose=0, callbacks=logs)
    (folder / "history.json").write_text(json.dumps(found.history))
    (folder / "table.json").write_text(pd.DataFrame(found.history).to_json())
    return folder, found.history


@pytest.mark.parametrize("name", ["log.csv", "history.json", "table.json", "board"])
def test_every_kind_of_log_gives_the_history(trained, name):
    folder, expected = trained
    table = read_history(folder / name)
    assert table["epoch"].tolist() == [1, 2, 3]
    for column in ("loss", "accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_allclose(table[column], expected[column], atol=1e-6)


def test_an_old_log_that_was_begun_again_and_broken_off(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch;acc;loss;val_acc;val_loss\n0;0.1;3;0.1;3\n1;0.2;2.5;0.2;2\n1;0.3;2;0.3;2.1\n2;0.4;1")
    table = read_history(path)
    assert table["epoch"].tolist() == [1, 2, 3] and table["accuracy"].tolist() == [0.1, 0.3, 0.4]
    assert table["val_loss"].isna().tolist() == [False, False, True]


def test_what_is_no_history_is_said(tmp_path):
    for name, content, says in (
        ("history.pkl", b"\x80\x04cos\nsystem", "pickle"),
        ("broken.json", b"{", "not JSON"),
        ("other.json", b"[1, 2]", "no column loss"),
        ("table.csv", b"PATH,TRUE\na,b\n", "no column loss"),
        ("gone.csv", None, "check the path"),
    ):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(TableError, match=says):
            read_history(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(TableError, match="no epochs"):
        read_history(tmp_path / "empty")


def test_curves_without_validation_and_impossible_epochs_are_read(tmp_path):
    nothing = [float("nan")] * 6
    assert kinds([1, 0.9, 0.8, 0.7, 0.6, 0.5], nothing) == []
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\n0,1\ninf,2\n1,0.5\n")
    assert read_history(path)["epoch"].tolist() == [1, 2]


def test_decimal_commas_marks_and_nonsense(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes("\ufeffepoch;loss\n0;1,5\n1;1,25\n".encode())
    table = read_history(path)
    assert table["epoch"].tolist() == [1, 2] and table["loss"].tolist() == [1.5, 1.25]
    path.write_text("epoch,loss\n1e300,1\n")
    with pytest.raises(TableError, match="no epoch with a number"):
        read_history(path)
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000)
    with pytest.raises(TableError, match="not JSON"):
        read_history(deep)
    deep.write_text('{"loss": [[1], [2]]}')
    with pytest.raises(TableError):
        read_history(deep)
