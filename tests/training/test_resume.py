"""A run that is killed and goes on gives the history of one that never ended."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from carvis.errors import TrainingError
from carvis.training import Run, execute, prepare, train
from carvis.training.checkpoint import STATE
from carvis.workspace import Workspace

FIGURES = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "best"]
RUN = "import sys; from carvis.training import Run, execute; execute(Run(sys.argv[1]))"


def in_a_process(run: Run) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(run.directory)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def kill_when(process: subprocess.Popen, ready, timeout=180) -> bool:
    end = time.monotonic() + timeout
    while process.poll() is None and time.monotonic() < end:
        if ready():
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.001)
    return False


def test_a_run_killed_at_several_moments_has_the_history_of_one_never_killed(colours, tmp_path, small):
    wanted = {"epochs": 10, "seed": 4, "dropout": 0.5, **small}
    plain = train("own", colours, workspace=_workspace(tmp_path / "plain"), **wanted)
    run = prepare("own", colours, workspace=_workspace(tmp_path / "killed"), **wanted)
    state, events = run.directory / STATE, run.directory / "events.jsonl"
    moments = [
        lambda: events.is_file() and events.stat().st_size > 0,  # while pictures are read
        state.exists,  # right after the first checkpoint, its epoch told or not
        lambda: len(run.history) >= 3,  # in the middle of an epoch
        lambda: list((run.directory / "checkpoint").glob(".state*")) and len(run.history) >= 4,  # while it is written
    ]
    kills = 0
    for moment in moments:
        kills += kill_when(in_a_process(run), moment)
        if run.state != "finished":
            assert run.state == "crashed"
    if run.state != "finished":
        execute(run)
    assert kills >= 3 and run.state == "finished"
    history = run.history
    assert history["epoch"].tolist() == list(range(1, 11))
    np.testing.assert_allclose(
        history[FIGURES].to_numpy(float), plain.history[FIGURES].to_numpy(float), rtol=0, atol=1e-6
    )
    for one, other in zip(run.classifier().model.get_weights(), plain.classifier().model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert not state.exists()


def test_a_stopped_run_goes_on_and_keeps_both_models(colours, tmp_path, small):
    wanted = {"epochs": 4, "seed": 1, "workspace": _workspace(tmp_path), **small}
    plain = train("own", colours, name="plain", **wanted)
    run = prepare("own", colours, name="mine", **wanted)
    execute(run, progress=lambda event: run.stop() if event["kind"] == "epoch" and event["epoch"] == 2 else None)
    assert run.state == "stopped" and run.model_path.name == "mine.keras"
    execute(run)
    assert run.state == "finished" and run.model_path.name == "mine-2.keras"
    assert [event["epoch"] for event in run.events()[0] if event["kind"] == "resumed"] == [2]
    np.testing.assert_allclose(run.history[FIGURES[:6]], plain.history[FIGURES[:6]], atol=1e-6)
    with pytest.raises(TrainingError, match="finished"):
        execute(run)


def test_fine_tuning_goes_on_with_its_parent_too(colours, tmp_path):
    wanted = {
        "backbone": "vgg16-slim",
        "input_size": 32,
        "head_units": 8,
        "epochs": 3,
        "workspace": _workspace(tmp_path),
    }
    run = prepare("fine-tune", colours, **wanted)
    seen = []

    def stop_in_the_parent(event):
        seen.append(event["run"])
        if event["run"] != run.id and event["kind"] == "epoch":
            run.stop()

    execute(run, progress=stop_in_the_parent)
    assert run.state == "stopped"
    execute(run)
    assert run.state == "finished" and len(run.workspace.runs()) == 2
    assert all(Run(folder).state == "finished" for folder in run.workspace.runs())


def test_a_damaged_checkpoint_is_said(colours, tmp_path, small):
    run = prepare("own", colours, epochs=2, workspace=_workspace(tmp_path), **small)
    (run.directory / "checkpoint").mkdir()
    (run.directory / STATE).write_bytes(b"torn")
    with pytest.raises(TrainingError, match=r"state\.npz cannot be read .*remove it, and the run begins anew"):
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
        patched.setattr(Recorder, "config", lambda self, facts: die(self, facts) if facts["parent"] else None)
        with pytest.raises(SystemExit):
            execute(run)
    execute(run)
    assert run.state == "finished" and len(run.workspace.runs()) == 2
