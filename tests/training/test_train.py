"""Whole trainings, tiny and real."""

import json
import os
import shutil
import signal

import numpy as np
import pytest

from carvis import Dataset, load_classifier
from carvis.architectures import build_model
from carvis.classifier import update_card
from carvis.errors import CarvisError, DatasetError, TrainingError
from carvis.images import load_batch
from carvis.training import Run, execute, prepare, train
from carvis.workspace import Workspace

FIGURES = ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]


def test_a_run_leaves_its_directory_a_model_and_a_card(colours, workspace, small):
    events = []
    run = train("own", colours, epochs=8, workspace=workspace, on_event=events.append, **small)
    assert run.state == "finished"
    assert workspace.runs() == [run.directory]
    assert run.history["epoch"].tolist() == list(range(1, 9))
    assert run.status["best_val_accuracy"] == run.history["val_accuracy"].max() > 0.9
    kinds = [event["kind"] for event in events]
    assert kinds[0] == "reading" and kinds[kinds.index("begin") - 1] == "reading"
    assert events[-1]["kind"] == "end" and events[-1]["run"] == run.id
    assert len(run.events()[0]) == len(events)
    assert "epoch 8/8" in run.log() and not run.alive

    clf = run.classifier()
    card = clf.card
    assert clf.assumptions == [] and clf.class_names == colours.class_names
    assert (card.recipe, card.dataset, card.dataset_fingerprint) == ("own", "colours", colours.fingerprint)
    assert (clf.input_size, clf.preprocessing, clf.resize) == ((32, 32), "unit", "bilinear")
    assert card.other["run"] == run.id
    valid = colours.samples("valid")
    predicted = clf.predict(load_batch(valid["path"], 32)).argmax(axis=1)
    accuracy = np.mean([colours.class_names[a] == label for a, label in zip(predicted, valid["label"], strict=True)])
    assert accuracy == pytest.approx(card.metrics["valid_accuracy"])


def test_equal_seeds_give_equal_histories_and_weights(colours, workspace, small):
    runs = [train("own", colours, epochs=3, seed=seed, workspace=workspace, **small) for seed in (7, 7, 8)]
    first, repeated, other = (run.history[FIGURES] for run in runs)
    assert first.equals(repeated)
    assert not first.equals(other)
    assert runs[0].classifier().fingerprint == runs[1].classifier().fingerprint != runs[2].classifier().fingerprint
    # No file is written over: names are numbered.
    assert [run.model_path.name for run in runs] == ["colours_own.keras", "colours_own-2.keras", "colours_own-3.keras"]


def test_fine_tune_trains_its_parent_first(colours, workspace):
    options = {"backbone": "vgg16-slim", "input_size": 32, "head_units": 8, "epochs": 1}
    run = train("fine-tune", colours, workspace=workspace, **options)
    parent = next(Run(folder) for folder in workspace.runs() if "transfer" in folder.name)
    assert run.state == parent.state == "finished"
    assert run.config["parent"] == "models/colours_transfer_vgg16-slim.keras"
    clf, before = run.classifier(), parent.classifier()
    assert (clf.card.recipe, clf.card.parent) == ("fine-tune", "colours_transfer_vgg16-slim.keras")
    for name, same in (("block4_conv3", True), ("block5_conv1", False), ("dense", False)):
        pair = [each.model.get_layer(name).get_weights()[0] for each in (clf, before)]
        assert np.array_equal(*pair) is same, name


def test_fine_tune_takes_what_its_parent_was_trained_with(colours, workspace):
    parent = train(
        "transfer", colours, backbone="vgg16-slim", input_size=48, head_units=8, epochs=1, preprocessing="tf",
        resize="area", workspace=workspace, name="mine",
    )  # fmt: skip
    for named in (parent.id, "models/mine.keras", parent):
        run = prepare("fine-tune", colours, parent=named, workspace=workspace)
        assert run.config["parent"] == "models/mine.keras"
    run = train("fine-tune", colours, parent=parent, epochs=1, workspace=workspace)
    clf = run.classifier()
    assert (clf.input_size, clf.preprocessing, clf.resize) == ((48, 48), "tf", "area")
    assert run.config["backbone"] == clf.card.backbone == "vgg16-slim"
    with pytest.raises(TrainingError, match=r"trained with input_size \[48, 48\]"):
        train("fine-tune", colours, parent=parent, epochs=1, input_size=32, workspace=workspace)


def test_what_is_assumed_of_a_parent_is_marked_in_the_card_of_what_is_trained_from_it(colours, workspace, tmp_path):
    path = workspace.models_dir / "outside.keras"
    path.parent.mkdir(exist_ok=True)
    build_model("transfer", len(colours.class_names), 32, backbone="vgg16-slim").save(path)
    run = train("fine-tune", colours, parent=path, epochs=1, workspace=workspace)
    clf = run.classifier()
    marked = {"alpha", "class_names", "orientation", "preprocessing", "resize"}
    assert set(clf.card.assumed) == clf.assumed == marked
    assert (clf.card.preprocessing, clf.card.class_names) == ("unit", colours.class_names)
    assert any("marks as assumed" in sentence for sentence in clf.assumptions)
    # A child of it inherits the marks, and a person who confirms them ends it.
    assert set(train("fine-tune", colours, parent=run, epochs=1, workspace=workspace).classifier().assumed) == marked
    update_card(run.model_path, {fact: getattr(clf, fact) for fact in marked})
    assert not run.classifier().assumed and not run.classifier().assumptions


def test_a_parent_of_other_classes_is_refused(colours, workspace, tmp_path):
    build_model("transfer", 5, 32, backbone="vgg16-slim").save(tmp_path / "other.keras")
    with pytest.raises(TrainingError, match="are not those of"):
        train("fine-tune", colours, parent=tmp_path / "other.keras", workspace=workspace)
    run = Run(workspace.runs()[0])
    assert run.state == "crashed" and "are not those of" in run.status["reason"]


def test_the_backbone_comes_from_a_file(colours, workspace, tmp_path):
    source = build_model("transfer", 9, 32, backbone="vgg16-slim")
    source.save(tmp_path / "slim.keras")
    options = {"backbone": "vgg16-slim", "weights": tmp_path / "slim.keras", "input_size": 32, "head_units": 8}
    run = train("transfer", colours, epochs=1, workspace=workspace, **options)
    kernel = run.classifier().model.get_layer("block3_conv2").get_weights()[0]
    np.testing.assert_array_equal(kernel, source.get_layer("block3_conv2").get_weights()[0])
    assert "all 13 layers" in run.log()
    assert run.config["weights"] == "slim.keras"


def test_broken_images_and_missing_classes_are_said_not_fatal(colours, workspace, small, tmp_path):
    root = shutil.copytree(colours.root, tmp_path / "d")
    (root / "train" / "red" / "car3.jpg").write_bytes(b"no picture")
    shutil.rmtree(root / "valid" / "red")
    (root / "valid" / "only here").mkdir()
    shutil.copy(root / "train" / "red" / "car1.jpg", root / "valid" / "only here")
    run = train("own", root, epochs=1, workspace=workspace, **small)
    assert run.state == "finished"
    assert "ignored: train/red/car3.jpg" in run.log()
    assert "no training images of only here" in run.log()
    assert run.classifier().class_names == ["blue car", "only here", "red", "日産"]
    assert str(tmp_path) not in run.log()


def on_first(kind, action):
    calls = []

    def watch(event):
        if event["kind"] == kind and not calls:
            calls.append(event)
            action(event)

    return watch


def test_a_file_named_stop_ends_the_run_and_keeps_what_was_learnt(colours, workspace, small):
    watch = on_first("epoch", lambda event: Run(workspace.runs_dir / event["run"]).stop())
    run = train("own", colours, epochs=50, workspace=workspace, on_event=watch, **small)
    assert run.state == "stopped" and "STOP" in run.status["reason"]
    assert len(run.history) == 1
    assert run.classifier().card.metrics["best_epoch"] == 1
    assert "ended early" in run.classifier().card.notes


def test_progress_counts_epochs_and_stops_the_run_when_it_returns_true(colours, workspace, small):
    calls = []

    def progress(done, total):
        calls.append((done, total))
        return done > 2

    run = train("own", colours, epochs=50, workspace=workspace, progress=progress, **small)
    assert run.state == "stopped" and run.status["reason"] == "stopped by the progress callback"
    assert len(run.history) == 2 and not run.status["by_signal"]
    assert calls[0] == (0, 50) and calls == sorted(calls) and 2 < calls[-1][0] <= 3


def test_a_stop_asked_for_before_the_run_began_counts(colours, workspace, small):
    run = prepare("own", colours, epochs=50, workspace=workspace, **small)
    run.stop()
    assert execute(run).state == "stopped" and run.history.empty
    assert not (run.directory / "STOP").exists()


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_workspace_whose_disk_is_not_there_is_told(colours, tmp_path, small):
    place = tmp_path / "elsewhere"
    place.mkdir()
    (place / "data").symlink_to(tmp_path / "unplugged")
    with pytest.raises(TrainingError, match="No run can be written"):
        train("own", colours, workspace=Workspace(place), **small)


def test_ctrl_c_in_the_first_epoch_keeps_what_was_learnt(colours, workspace, small):
    before = signal.getsignal(signal.SIGINT)
    watch = on_first("begin", lambda event: os.kill(os.getpid(), signal.SIGINT))
    run = train("own", colours, epochs=50, workspace=workspace, on_event=watch, **small)
    assert run.state == "stopped" and run.status["reason"] == "Ctrl-C" and run.status["by_signal"]
    assert run.history.empty
    assert run.classifier().predict(np.zeros((1, 32, 32, 3), np.uint8)).shape == (1, 3)
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_while_reading_leaves_no_model(colours, workspace, small):
    watch = on_first("reading", lambda event: os.kill(os.getpid(), signal.SIGINT))
    run = train("own", colours, epochs=50, workspace=workspace, on_event=watch, **small)
    assert run.state == "stopped" and run.model_path is None and workspace.models() == []


def test_a_second_ctrl_c_does_not_wait(colours, workspace, small):
    def twice(_):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    run = train("own", colours, epochs=50, workspace=workspace, on_event=on_first("epoch", twice), **small)
    assert run.state == "stopped" and "twice" in run.status["reason"] and run.model_path is None
    assert not run.alive


def test_an_error_of_the_program_makes_a_crashed_run_with_its_trace(colours, workspace, small):
    def fail(_):
        raise ValueError("a fault")

    with pytest.raises(TrainingError, match="a fault"):
        train("own", colours, epochs=5, workspace=workspace, on_event=on_first("epoch", fail), **small)
    run = Run(workspace.runs()[0])
    assert run.status["state"] == "crashed" and run.status["reason"] == "ValueError: a fault"
    assert "Traceback" in run.status["log_end"]


def test_a_prepared_run_says_everything(colours, workspace):
    run = prepare("transfer", colours, backbone="MobileNetV2", weights="none", workspace=workspace)
    assert run.state == "queued"
    assert run.config["input_size"] == [224, 224] and run.config["preprocessing"] == "tf"
    assert run.config["backbone"] == "mobilenet_v2" and run.config["name"] == "colours_transfer_mobilenet_v2"
    assert run.id.endswith("-transfer-mobilenet_v2") and json.loads((run.directory / "config.json").read_text())
    assert prepare("transfer", colours, workspace=workspace).config["weights"] == "imagenet"
    assert prepare("transfer", colours, workspace=workspace).config["preprocessing"] == "caffe"
    assert prepare("own", colours, workspace=workspace).config["weights"] is None
    assert len({folder.name for folder in workspace.runs()}) == 4


@pytest.mark.parametrize(
    ("recipe", "options", "message"),
    [
        ("magic", {}, "no recipe magic"),
        ("own", {"epochs": 0}, "--epochs 0"),
        ("own", {"learning_rate": -1.0}, "--learning-rate"),
        ("own", {"parent": "x.keras"}, "Only fine-tune"),
        ("fine-tune", {"parent": "x.keras"}, "neither a model file nor a run"),
        ("transfer", {"backbone": "vgg61"}, "no backbone vgg61"),
        ("transfer", {"weights": "x.h5"}, "does not exist"),
        ("own", {"preprocessing": "magic"}, "no preprocessing magic"),
        ("own", {"resize": "magic"}, "no resize method magic"),
        ("own", {"name": "..."}, "not a valid model name"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_written(colours, workspace, recipe, options, message):
    with pytest.raises(CarvisError, match=message):
        train(recipe, colours, workspace=workspace, **options)
    assert workspace.runs() == []


def test_an_unknown_option_is_refused_as_by_any_function(colours, workspace):
    with pytest.raises(TypeError, match="'epoch'"):
        train("own", colours, epoch=3, workspace=workspace)
    assert workspace.runs() == []


def test_a_folder_that_is_no_data_set(tmp_path, workspace):
    with pytest.raises(DatasetError):
        train("own", tmp_path, workspace=workspace)


def test_names_are_safe_file_names(colours, workspace):
    assert prepare("own", colours, name="../a/b", workspace=workspace).config["name"] == "_a_b"
    assert prepare("own", colours, name="日産 モデル.keras", workspace=workspace).config["name"] == "日産 モデル"


def test_a_run_directory_of_ones_own(colours, workspace, small, tmp_path):
    run = train("own", colours, epochs=1, run_dir=tmp_path / "mine", workspace=workspace, **small)
    assert run.directory == tmp_path / "mine" and run.model_path.is_file()
    with pytest.raises(TrainingError, match="not empty"):
        train("own", colours, epochs=1, run_dir=tmp_path / "mine", workspace=workspace, **small)


def test_a_data_set_below_the_workspace_is_named_relative_to_it(colours, workspace, small):
    root = shutil.copytree(colours.root, workspace.data_dir / "colours")
    run = train("own", Dataset(root), epochs=1, workspace=workspace, **small)
    assert run.config["data"] == "data/colours"
    assert str(workspace.root) not in (run.directory / "config.json").read_text() + run.log()
    assert load_classifier(run.model_path).card.dataset == "colours"
