"""Reading a run directory: what is whole, what is alive, what has crashed."""

import json
import subprocess
import sys

import pytest

from carvis.errors import TrainingError
from carvis.training import Run, read_events
from carvis.training.event_log import EventLog
from carvis.workspace import lock


@pytest.fixture
def directory(tmp_path):
    folder = tmp_path / "data" / "runs" / "20260101-000000-own"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"recipe": "own"}')
    return folder


def say(directory, **status):
    (directory / "status.json").write_text(json.dumps(status))


def test_events_are_read_from_an_offset_and_a_torn_line_waits(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes('{"a": 1}\nnot json\n[3]\n{"b": "日産"}\n{"c": '.encode())
    events, offset = read_events(path)
    assert events == [{"a": 1}, {"b": "日産"}]
    assert read_events(path, offset) == ([], offset)
    with path.open("ab") as file:
        file.write(b"3}\n")
    assert read_events(path, offset) == ([{"c": 3}], path.stat().st_size)
    assert read_events(tmp_path / "none.jsonl", 5) == ([], 5)


def test_a_torn_end_does_not_spoil_what_is_appended_later(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"a": 1}\n{"b"')
    log = EventLog(path)
    log.append({"c": float("nan"), "d": 2.5})
    log.close()
    assert read_events(path)[0] == [{"a": 1}, {"c": None, "d": 2.5}]


def test_the_history_has_one_row_an_epoch(directory):
    lines = [
        {"kind": "steps", "epoch": 1, "loss": 3.0, "time": 1},
        {"kind": "epoch", "epoch": 1, "loss": 2.0, "val_loss": 1.0, "time": 2},
        {"kind": "epoch", "epoch": 2, "loss": 1.0, "val_loss": 0.5, "time": 3},
    ]
    (directory / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"kind": "epo')
    history = Run(directory).history
    assert history.to_dict("list") == {"epoch": [1, 2], "loss": [2.0, 1.0], "val_loss": [1.0, 0.5]}


def test_a_run_without_events_has_an_empty_history(directory):
    assert Run(directory).history.empty
    assert "val_accuracy" in Run(directory).history


@pytest.mark.parametrize("state", ["running", "stopping"])
def test_running_without_the_lock_is_crashed_with_the_end_of_its_log(directory, state):
    say(directory, state=state, epoch=3)
    (directory / "log.txt").write_text("\n".join(f"line {i}" for i in range(60)))
    status = Run(directory).status
    assert status["state"] == "crashed" and status["epoch"] == 3
    assert status["log_end"].splitlines() == [f"line {i}" for i in range(20, 60)]


def test_running_with_the_lock_is_running(directory):
    say(directory, state="running")
    with lock(directory / "run.lock"):
        assert Run(directory).alive
        assert Run(directory).state == "running"
    assert Run(directory).state == "crashed"


def test_the_lock_of_a_killed_process_is_free(directory):
    say(directory, state="running")
    script = """
import sys, time
from carvis.workspace import lock
held = lock(sys.argv[1])
held.acquire()
print("held", flush=True)
time.sleep(60)
"""
    command = [sys.executable, "-c", script, str(directory / "run.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert Run(directory).state == "running"
        process.kill()
        process.wait()
    assert Run(directory).state == "crashed"


@pytest.mark.parametrize("state", ["queued", "finished", "stopped", "crashed"])
def test_other_states_need_no_lock(directory, state):
    say(directory, state=state, reason="because")
    assert Run(directory).state == state


def test_what_is_no_run_is_said(tmp_path, directory):
    with pytest.raises(TrainingError, match=r"holds no config\.json"):
        Run(tmp_path)
    with pytest.raises(TrainingError, match="has no model"):
        Run(directory).classifier()
    (directory / "status.json").write_text("{torn")
    with pytest.raises(TrainingError, match="cannot be read"):
        _ = Run(directory).status
