"""A run that is killed and resumes gives the history of one that never ended."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from carvis.classifier import load_classifier, read_card
from carvis.errors import TrainingError
from carvis.evaluation import evaluate
from carvis.training import Run, execute, prepare, train
from carvis.training.checkpoint import STATE
from carvis.training.replay import Replay
from carvis.workspace import Workspace
from tests.training.killed_run import MOMENTS

FIGURES = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "best"]


@pytest.mark.skipif(os.name == "nt", reason="kills with SIGKILL")
def test_a_run_killed_in_every_phase_has_the_history_of_one_never_killed(colours, tmp_path):
    """Each process resumes the run and is killed a little later than the one before."""
    options = {"backbone": "vgg16-slim", "input_size": 32, "head_units": 8, "weights": None, "dropout": 0.5}
    options |= {"epochs": 9, "views": 2, "batch_size": 16, "seed": 4, "patience": 99, "replay": True}
    plain = train("transfer", colours, workspace=_workspace(tmp_path / "plain"), **options)
    run = prepare("transfer", colours, workspace=_workspace(tmp_path / "killed"), **options)
    command = [sys.executable, str(Path(__file__).with_name("killed_run.py")), str(run.directory)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=550)
    assert done.returncode == 0, done.stderr[-3000:]
    assert run.state == "finished" or execute(run).state == "finished"
    assert done.stdout.splitlines() == [f"{moment}: crashed" for moment in MOMENTS]
    assert run.history["epoch"].tolist() == list(range(1, 10))
    measured, expected = (first.history[FIGURES].to_numpy(float) for first in (run, plain))
    np.testing.assert_allclose(measured, expected, rtol=0, atol=1e-6)
    for first, second in zip(run.classifier().model.get_weights(), plain.classifier().model.get_weights(), strict=True):
        np.testing.assert_allclose(first, second, atol=1e-6)
    for epoch in range(1, 10):
        assert Replay(run).predictions(epoch).equals(Replay(plain).predictions(epoch))
    assert [path.name for path in run.workspace.models_dir.glob("*.keras")] == [run.model_path.name]
    assert not (run.directory / STATE).exists() and not list((run.directory / "checkpoint").glob("*.keras"))


def test_a_stopped_run_goes_on_and_keeps_both_models(colours, tmp_path, small):
    options = {"epochs": 4, "seed": 1, "workspace": _workspace(tmp_path), **small}
    plain = train("own", colours, name="plain", **options)
    run = prepare("own", colours, name="mine", **options)
    execute(run, on_event=lambda event: run.stop() if event["kind"] == "epoch" and event["epoch"] == 2 else None)
    assert run.state == "stopped" and run.model_path.name == "mine.keras"
    execute(run)
    assert run.state == "finished" and run.model_path.name == "mine-2.keras"
    assert [event["epoch"] for event in run.events()[0] if event["kind"] == "resumed"] == [2]
    np.testing.assert_allclose(run.history[FIGURES[:6]], plain.history[FIGURES[:6]], atol=1e-6)
    with pytest.raises(TrainingError, match="finished"):
        execute(run)


PARTS = {
    "all of it": ("own", {"input_size": 32, "width": 4, "head_units": 16}),
    "its head": ("transfer", {"backbone": "vgg16-slim", "input_size": 32, "head_units": 8, "weights": None}),
}


@pytest.mark.parametrize("part, moment", [("all of it", "reading"), ("its head", "reading"), ("its head", "caching")])
@pytest.mark.parametrize("first_end", ["killed", "stopped"])
def test_a_run_stopped_again_before_it_trains_leaves_the_model_of_its_best_epoch(
    colours, tmp_path, part, first_end, moment
):
    """Two epochs are finished; the process that resumes is asked to stop while it still reads images."""
    recipe, options = PARTS[part]
    options = options | {"epochs": 4, "views": 1, "batch_size": 16, "seed": 1, "workspace": _workspace(tmp_path)}
    run = prepare(recipe, colours, name="mine", **options)
    end = {"killed": _killed, "stopped": lambda run: run.stop()}[first_end]

    def after_two(event):
        if event["kind"] == "epoch" and event["epoch"] == 2:
            end(run)

    with contextlib.suppress(SystemExit):
        execute(run, on_event=after_two)
    assert run.state == {"killed": "crashed", "stopped": "stopped"}[first_end]
    with np.load(run.directory / STATE) as file:
        facts = json.loads(str(file["standing"]))
    if moment == "caching":
        shutil.rmtree(run.workspace.cache_dir / "features")
    execute(run, on_event=lambda event: run.stop() if event["kind"] == moment else None)
    assert run.state == "stopped" and len(run.history) == 2
    assert [path.name for path in run.workspace.models_dir.glob("*.keras")] == ["mine.keras"]
    card = read_card(run.model_path)
    assert card.metrics["epochs"] == 2 and card.metrics["best_epoch"] == facts["best_epoch"]
    assert card.metrics["train_pictures"] == 72
    assert card.metrics["valid_accuracy"] == pytest.approx(run.history["val_accuracy"][facts["best_epoch"] - 1])
    # The weights are those, too: the file says of the validation images what the epoch said.
    measured = evaluate(load_classifier(run.model_path), colours, "valid", embeddings=False)
    assert measured.accuracy == pytest.approx(card.metrics["valid_accuracy"])
    execute(run)
    assert run.state == "finished" and run.history["epoch"].tolist() == [1, 2, 3, 4]


def _killed(run) -> None:
    raise SystemExit("killed")


def test_fine_tuning_goes_on_with_its_parent_too(colours, tmp_path):
    options = {
        "backbone": "vgg16-slim",
        "input_size": 32,
        "head_units": 8,
        "epochs": 3,
        "workspace": _workspace(tmp_path),
    }
    run = prepare("fine-tune", colours, **options)
    calls = []

    def stop_in_the_parent(event):
        calls.append(event["run"])
        if event["run"] != run.id and event["kind"] == "epoch":
            run.stop()

    execute(run, on_event=stop_in_the_parent)
    assert run.state == "stopped"
    execute(run)
    assert run.state == "finished" and len(run.workspace.runs()) == 2
    assert all(Run(folder).state == "finished" for folder in run.workspace.runs())


def test_a_damaged_checkpoint_is_said(colours, tmp_path, small):
    run = prepare("own", colours, epochs=2, workspace=_workspace(tmp_path), **small)
    (run.directory / "checkpoint").mkdir()
    (run.directory / STATE).write_bytes(b"torn")
    with pytest.raises(TrainingError, match=r"state\.npz cannot be read .*remove it, and the run starts again"):
        execute(run)
    assert run.state == "crashed"


def _workspace(folder) -> Workspace:
    folder.mkdir(parents=True, exist_ok=True)
    return Workspace(folder)


def test_a_run_killed_at_its_very_end_does_not_begin_anew(colours, tmp_path, small, monkeypatch):
    """The process dies when the model is written and the last word is not."""
    from carvis.training import outcome

    run = prepare("own", colours, epochs=2, workspace=_workspace(tmp_path), **small)

    def die(self, kind, **facts):
        raise SystemExit("killed")

    with monkeypatch.context() as patched:
        patched.setattr(
            outcome.Recorder, "event", lambda self, kind, **facts: die(self, kind) if kind == "end" else None
        )
        with pytest.raises(SystemExit):
            execute(run)
    execute(run)
    assert run.state == "finished" and run.history["epoch"].tolist() == [2]
    assert not (run.directory / STATE).exists()
    assert [path.name for path in run.workspace.models_dir.glob("*.keras")] == [run.model_path.name]


def test_fine_tuning_killed_behind_its_parent_trains_no_second_one(colours, tmp_path, monkeypatch):
    from carvis.training.directory import Recorder

    run = prepare(
        "fine-tune",
        colours,
        backbone="vgg16-slim",
        input_size=32,
        head_units=8,
        epochs=1,
        workspace=_workspace(tmp_path),
    )

    def die(self, facts):
        raise SystemExit("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Recorder, "config", lambda self, facts: die(self, facts) if facts.parent else None)
        with pytest.raises(SystemExit):
            execute(run)
    execute(run)
    assert run.state == "finished" and len(run.workspace.runs()) == 2


def test_a_run_that_an_earlier_version_left_resumes(colours, tmp_path, small):
    """Its checkpoint also holds the learning rate of the optimizer."""
    options = {"epochs": 4, "seed": 1, "workspace": _workspace(tmp_path), **small}
    plain = train("own", colours, **options)
    run = prepare("own", colours, **options)
    execute(run, on_event=lambda event: run.stop() if event["kind"] == "epoch" and event["epoch"] == 2 else None)
    with np.load(run.directory / STATE) as file:
        arrays = {name: file[name] for name in file.files}
    [place] = [
        int(name.split("_")[1]) for name, value in arrays.items() if value.shape == () and value.dtype == "int64"
    ]
    old = {name: value for name, value in arrays.items() if not name.startswith("variable_")}
    for name in arrays.keys() - old.keys():
        number = int(name.split("_")[1])
        old[f"variable_{number + (number > place)}"] = arrays[name]
    old[f"variable_{place + 1}"] = np.float32(1e-3)
    np.savez(run.directory / STATE, **old)
    config = json.loads((run.directory / "config.json").read_text())
    for fact in ("jit_compile", "kept_features", "assumed"):
        del config[fact]
    (run.directory / "config.json").write_text(json.dumps(config))
    execute(run)
    assert run.state == "finished"
    np.testing.assert_allclose(run.history[FIGURES[:6]], plain.history[FIGURES[:6]], atol=1e-6)
    assert run.config["jit_compile"] is False
