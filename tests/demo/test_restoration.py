"""The demo's training images: drawn on first need, never taken for complete before they are."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from carvis.dataset import Dataset
from carvis.demo import draw_missing, draw_split, missing_images, plan_split, training_defaults
from carvis.demo.dataset import write_images
from carvis.errors import TrainingError
from carvis.training import execute, prepare
from carvis.workspace import Workspace, sha256_of_file

ROOT = Path(__file__).parents[2]
SMALL = {"input_size": 32, "width": 4, "epochs": 1}


def contents(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
    return {file.relative_to(folder).as_posix(): sha256_of_file(file) for file in files}


@pytest.fixture
def demo(tmp_path) -> Path:
    """The demo as it is shipped, with one image a class."""
    root = tmp_path / "data" / "demo"
    draw_split(root, "test", per_class=1)
    return root


def test_what_is_missing_is_told_from_what_is_there(demo):
    missing = missing_images(demo)
    assert missing.planned == {"valid": 20, "train": 20} and missing.total == 40
    drawn = [*(demo / "test").rglob("*.jpg"), *(demo / "masks" / "test").rglob("*.png")]
    assert missing.bytes == pytest.approx(2 * sum(file.stat().st_size for file in drawn), abs=1)
    assert missing.seconds() > 0


def test_a_stopped_drawing_is_no_split_and_goes_on(demo):
    before = contents(demo)
    counted = []

    def stop_in_train(done: int, total: int) -> bool:
        counted.append((done, total))
        return done == 30

    assert draw_missing(demo, stop_in_train, workers=1) == ["valid"]
    assert counted[-1] == (30, 40) and list(Dataset(demo).splits) == ["valid", "test"]
    left = missing_images(demo)
    assert left.planned == {"train": 20} and left.total == 10
    assert draw_missing(demo, workers=1) == ["train"]
    assert missing_images(demo) is None and not (demo / ".drawing").exists()
    assert Dataset(demo).counts().sum().to_dict() == {"train": 20, "valid": 20, "test": 20}
    after = contents(demo)
    assert {name: after[name] for name in before} == before
    complete = demo.parent / "whole"
    draw_missing(complete, per_class=1, workers=1)
    assert contents(complete) == after


@pytest.mark.skipif(os.name == "nt", reason="sends SIGKILL")
def test_a_killed_drawing_leaves_no_split_and_no_process(tmp_path):
    script = "from carvis.demo import draw_missing\nif __name__ == '__main__':\n    draw_missing('demo', per_class=6)"
    (tmp_path / "draw.py").write_text(script)
    process = subprocess.Popen([sys.executable, "draw.py"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
    demo, end = tmp_path / "demo", time.monotonic() + 120
    while not list(demo.glob(".drawing/test/*/*.jpg")) and time.monotonic() < end:
        time.sleep(0.05)
    import psutil

    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=20)
    assert not any((demo / split).exists() for split in ("train", "valid", "test"))
    assert not psutil.wait_procs(children, timeout=60)[1]


def test_a_page_that_is_the_main_script_is_not_run_by_every_worker(tmp_path, monkeypatch):
    page = tmp_path / "page.py"
    page.write_text(f"open({str(tmp_path / 'ran')!r}, 'a').close()\nraise SystemExit(1)\n")
    main = ModuleType("__main__")
    main.__file__, main.__spec__ = str(page), None
    monkeypatch.setitem(sys.modules, "__main__", main)
    items = plan_split("train", seed=0, per_class=1)[:4]
    assert write_images(tmp_path / "drawn", items, False, None, workers=2)
    assert not (tmp_path / "ran").exists() and sys.modules["__main__"] is main


def test_the_defaults_need_no_download_and_no_graphics_card(tmp_path):
    shipped = Workspace(ROOT)
    assert training_defaults("own", shipped)["input_size"] == 160
    transfer = training_defaults("transfer", shipped)
    assert transfer["backbone"] == "vgg16-slim" and transfer["weights"] == ROOT / "models" / "demo_transfer.keras"
    assert training_defaults("fine-tune", shipped)["parent"] == transfer["weights"]
    assert training_defaults("transfer", Workspace(tmp_path))["weights"] == transfer["weights"]


def test_a_run_draws_first_and_a_stopped_one_goes_on(demo):
    space = Workspace(demo.parents[1])
    run = prepare("own", demo, workspace=space, **SMALL)
    drawn = []

    def stopped(event: dict) -> None:
        drawn.append(event["kind"])
        run.stop()

    def supply(root: Path, watch) -> list[str]:
        return draw_missing(root, watch, workers=1)

    execute(run, on_event=stopped, supply=supply)
    assert run.state == "stopped" and set(drawn) == {"drawing"} and "train" not in Dataset(demo).splits
    execute(run, supply=supply)
    assert run.state == "finished" and run.config["dataset_fingerprint"] == Dataset(demo).fingerprint
    assert run.classifier().card.dataset_fingerprint == Dataset(demo).fingerprint


def test_without_anything_that_draws_it_is_said_what_does(demo):
    run = prepare("own", demo, workspace=Workspace(demo.parents[1]), **SMALL)
    with pytest.raises(TrainingError, match=r"no training images yet: `python -m carvis demo` draws them"):
        execute(run)


def test_the_command_line_announces_and_draws(demo):
    command = [sys.executable, "-m", "carvis", "train", "own", "data/demo", "--input-size", "32", "--epochs", "1"]
    done = subprocess.run(
        command, cwd=demo.parents[1], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "drawing 40 images first (about" in done.stdout and "--width 8" in done.stdout
    assert "Finished after 1 epochs" in done.stdout
    assert len(plan_split("train", 1)) == len(Dataset(demo).samples("train")) == 20
