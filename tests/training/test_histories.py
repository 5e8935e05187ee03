"""Curves read in words, and histories of trainings that were not started here."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

from carvis.errors import TableError
from carvis.training.diagnosis import diagnose
from carvis.training.histories import read_history, seams
from carvis.training.tensorboard_logs import tensorboard_folders
from carvis.workspace import Workspace


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
    result = model.fit(x, y, validation_data=(x, y), epochs=3, verbose=0, callbacks=logs)
    (folder / "history.json").write_text(json.dumps(result.history))
    (folder / "table.json").write_text(pd.DataFrame(result.history).to_json())
    return folder, result.history


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
        ("broken.json", b"{", "cannot be read"),
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
    with pytest.raises(TableError, match="no epoch with a numeric value"):
        read_history(path)
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000)
    with pytest.raises(TableError, match="nested deeper"):
        read_history(deep)
    deep.write_text('{"loss": [[1], [2]]}')
    with pytest.raises(TableError):
        read_history(deep)


def test_two_trainings_in_one_file_follow_each_other(tmp_path):
    """As CSVLogger(append=True) writes them: the second has no header and begins at epoch 0 again."""
    path = tmp_path / "log.csv"
    path.write_text("epoch,accuracy,loss\n0,0.1,3\n1,0.2,2\n0,0.5,1\n1,0.6,0.9\n2,0.7,0.8\n")
    table = read_history(path)
    assert table["epoch"].tolist() == [1, 2, 3, 4, 5] and table["loss"].tolist() == [3, 2, 1, 0.9, 0.8]
    assert table["training"].tolist() == [1, 1, 2, 2, 2] and seams(table) == [3]
    assert table.attrs["notes"] == ["This log holds two trainings: the second starts at epoch 3."]
    # What the curves say is of the training that came last.
    path.write_text(
        "epoch,loss,val_loss\n" + "0,1,1\n1,nan,nan\n" + "".join(f"{i},{1 - i / 5},{1 - i / 5}\n" for i in range(5))
    )
    assert [finding.kind for finding in diagnose(read_history(path))] == ["improving"]


@pytest.mark.parametrize(
    ("text", "epochs", "trainings", "val"),
    [
        # The header again, with the same columns, with others, and with epochs that go on.
        ("epoch,loss\n0,3\n1,2\nepoch,loss\n0,1\n", [1, 2, 3], [1, 1, 2], None),
        ("epoch,loss\n0,3\n1,2\nepoch,loss,val_loss\n0,1,9\n", [1, 2, 3], [1, 1, 2], [None, None, 9]),
        ("epoch,val_loss,loss\n0,8,3\nepoch;loss\n", [1], None, [8]),
        ("epoch,loss\n0,3\n1,2\nepoch,loss\n2,1\n", [1, 2, 3], [1, 1, 2], None),
        # Without an epoch, as pandas writes a history.
        (",loss,val_loss\n0,3,1\n1,2,1\n,loss,val_loss\n0,1,9\n", [1, 2, 3], [1, 1, 2], [1, 1, 9]),
        # No second header although the second training has a validation that the first had not, and the reverse.
        ("epoch,accuracy,loss\n0,.1,3\n0,.2,1,.3,9\n", [1, 2], [1, 2], [None, 9]),
        ("epoch,accuracy,loss,val_accuracy,val_loss\n0,.1,3,.1,8\n0,.2,1\n", [1, 2], [1, 2], [8, None]),
        # Three, the second of which was begun in its middle.
        ("epoch,loss\n0,3\n1,2\n0,5\n1,4\n2,3\n1,4\n0,1\n", [1, 2, 3, 4, 5], [1, 1, 2, 3, 4], None),
        ("epoch,loss\n1,3\n2,2\n1,1\n", [1, 2, 3], [1, 1, 2], None),
    ],
)
def test_every_way_in_which_trainings_are_appended(tmp_path, text, epochs, trainings, val):
    path = tmp_path / "log.csv"
    path.write_text(text)
    table = read_history(path)
    assert table["epoch"].tolist() == epochs
    assert (table["training"].tolist() if "training" in table else None) == trainings
    if val:
        assert [None if value != value else value for value in table["val_loss"]] == val


def test_lines_that_mean_nothing_are_counted(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\n0,3\n1,2,7,8,9\n2,1\n3,1,1,1,1,1\n")
    table = read_history(path)
    assert table["epoch"].tolist() == [1, 3]
    assert table.attrs["notes"] == ["2 lines of log.csv were skipped: their number of cells does not fit the header."]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp932", "euc_jp"])
def test_a_log_in_another_encoding(tmp_path, encoding):
    path = tmp_path / "log.csv"
    path.write_bytes("epoch,loss,備考\n0,1.5,良\n1,1,可\n".encode(encoding))
    assert read_history(path)["loss"].tolist() == [1.5, 1.0]
    assert read_history(path, encoding=encoding)["loss"].tolist() == [1.5, 1.0]


def test_tensorboard_folders_by_relative_paths(trained, monkeypatch):
    folder, expected = trained
    for place, name in (
        (folder, "board"), (folder, "./board/"), (folder / "board", "."), (folder / "board" / "train", ".."),
    ):  # fmt: skip
        monkeypatch.chdir(place)
        np.testing.assert_allclose(read_history(name)["val_loss"], expected["val_loss"], atol=1e-6)
        assert tensorboard_folders(name) == [folder / "board"]
    monkeypatch.chdir(folder / "board" / "validation")
    table = read_history(".")
    np.testing.assert_allclose(table["val_loss"], expected["val_loss"], atol=1e-6)
    assert table["loss"].isna().all() and tensorboard_folders(".") == [folder / "board"]
    monkeypatch.chdir("/")
    assert len(read_history("board", workspace=Workspace(folder))) == 3


def test_two_trainings_logged_into_one_tensorboard_folder(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y, losses = np.random.default_rng(0).random((16, 2)), np.tile([0, 1], 8), []
    for epochs in (2, 3):
        log = keras.callbacks.TensorBoard(tmp_path / "logs" / "one")
        losses += model.fit(x, y, validation_data=(x, y), epochs=epochs, verbose=0, callbacks=[log]).history["val_loss"]
    table = read_history(tmp_path / "logs")
    np.testing.assert_allclose(table["val_loss"], losses, atol=1e-6)
    assert table["epoch"].tolist() == [1, 2, 3, 4, 5] and seams(table) == [3]
    log = keras.callbacks.TensorBoard(tmp_path / "logs" / "two")
    model.fit(x, y, epochs=1, verbose=0, callbacks=[log])
    with pytest.raises(TableError, match=r"holds 2 trainings in separate folders: choose one of them, such as .*one"):
        read_history(tmp_path / "logs")


def test_what_backup_and_restore_leaves_is_no_run_and_no_model(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    for folder in (tmp_path / "models", tmp_path / "data" / "runs" / "backup"):
        backup = keras.callbacks.BackupAndRestore(folder, delete_checkpoint=False)
        model.fit(np.zeros((4, 2)), np.zeros((4, 2)), epochs=1, verbose=0, callbacks=[backup])
        assert any(folder.iterdir())
    old = tmp_path / "data" / "runs" / "tf2" / "chief"
    old.mkdir(parents=True)
    for name in ("checkpoint", "ckpt-1.index", "ckpt-1.data-00000-of-00001"):
        (old / name).write_bytes(b"x")
    unzipped = tmp_path / "data" / "runs" / "unzipped"
    unzipped.mkdir()
    (unzipped / "config.json").write_text('{"class_name": "Sequential"}')
    workspace = Workspace(tmp_path)
    assert workspace.runs() == [] and workspace.models() == []
    assert tensorboard_folders(tmp_path) == []
