"""Runs in processes of their own: started, queued, stopped, killed, gone on with, from library and command line."""

import os
import signal
import sys
import time

import psutil
import pytest

from carvis.cli import main
from carvis.errors import TrainingError
from carvis.training import Run, prepare, resume, start
from carvis.workspace import Workspace


def wait(condition, timeout=180):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError("it did not come about in time")


def uses_tensorflow(run) -> bool:
    return any("tensorflow" in file.path for file in psutil.Process(run.status["pid"]).memory_maps())


@pytest.fixture
def space(tmp_path):
    """A workspace whose runs are ended when the test ends, however it ends."""
    workspace = Workspace(tmp_path)
    yield workspace
    for folder in workspace.runs():
        run = Run(folder, workspace)
        if run.alive:
            os.kill(run.status["pid"], signal.SIGKILL)


def test_runs_take_turns_and_are_killed_stopped_and_gone_on_with(colours, space, small, capsys):
    options = {"workspace": space, "epochs": 5000, "patience": 5000, **small}
    first = start("own", colours, name="first", **options)
    wait(lambda: len(first.history))
    second = start("own", colours, name="second", **options)
    wait(lambda: second.status.get("behind") == first.id)
    assert (first.state, second.state) == ("running", "queued") and second.alive
    third = start("own", colours, name="third", **options)
    wait(lambda: third.status.get("behind"))
    # A run that waits takes little memory.
    if sys.platform == "linux":
        assert uses_tensorflow(first) and not uses_tensorflow(third)
    third.stop()
    wait(lambda: third.state == "stopped")
    assert third.model_path is None and first.alive

    os.kill(first.status["pid"], signal.SIGKILL)
    wait(lambda: first.state == "crashed")
    wait(lambda: len(second.history))
    assert second.state == "running"

    messages = ["--workspace", str(space.root)]
    assert main(["runs", *messages]) == 0
    listed = capsys.readouterr().out
    assert "crashed" in listed and "running" in listed and first.id in listed
    assert main(["runs", "stop", second.id, *messages]) == 0
    wait(lambda: second.state == "stopped")
    assert second.model_path.is_file()

    recorded = int(first.history["epoch"].max())
    assert main(["runs", "resume", first.id, *messages]) == 0
    wait(lambda: int(first.history["epoch"].max()) > recorded + 1)
    [done] = [event["epoch"] for event in first.events()[0] if event["kind"] == "resumed"]
    # SIGKILL may have come between the checkpoint of an epoch and its event.
    assert done - recorded in (0, 1)
    with pytest.raises(TrainingError, match="already running"):
        resume(first)
    assert main(["runs", "remove", first.id, *messages]) == 2
    first.stop()
    wait(lambda: first.state == "stopped")
    assert first.history["epoch"].tolist() == list(range(1, len(first.history) + 1))

    capsys.readouterr()
    assert main(["runs", "compare", *messages]) == 0 and capsys.readouterr().out.count("own") >= 2
    assert main(["runs", "follow", first.id, *messages]) == 0
    assert f"resumed after epoch {done}" in capsys.readouterr().out
    assert main(["runs", "remove", first.id, second.id, third.id, *messages]) == 0
    assert not space.runs() and second.id not in str(list(space.models_dir.iterdir()))


def test_what_cannot_be_done_is_one_sentence(colours, space, small, capsys):
    messages = ["--workspace", str(space.root)]
    assert main(["runs", *messages]) == 0 and "no runs yet" in capsys.readouterr().out
    assert main(["runs", "stop", "nobody", *messages]) == 2 and "no run nobody" in capsys.readouterr().err
    assert main(["runs", "follow", *messages]) == 2 and "No run given to follow" in capsys.readouterr().err
    run = prepare("own", colours, epochs=1, workspace=space, **small)
    assert main(["runs", "stop", run.id, *messages]) == 2 and "nothing to stop" in capsys.readouterr().err
    assert main(["runs", "follow", run.id, *messages]) == 2 and "never started" in capsys.readouterr().err
    assert main(["train", *messages]) == 2 and "Name a recipe" in capsys.readouterr().err
    (run.directory / "config.json").unlink()
    with pytest.raises(TrainingError, match="recipe is missing"):
        resume(run)


def test_a_damaged_neighbour_holds_nobody_up(colours, space, small, capsys):
    broken = prepare("own", colours, epochs=1, workspace=space, **small)
    (broken.directory / "run.lock").touch()
    (broken.directory / "status.json").write_text('{"state": ')
    run = start("own", colours, epochs=1, workspace=space, **small)
    wait(lambda: run.state == "finished")
    assert main(["runs", "--workspace", str(space.root)]) == 0
    listed = capsys.readouterr().out
    assert "cannot be read" in listed and "finished" in listed
