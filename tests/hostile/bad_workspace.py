"""A workspace with good items and, beside them, every kind of item that cannot be read."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from carvis.dataset import Dataset
from carvis.training import prepare
from carvis.training.directory import Recorder
from carvis.workspace import Workspace

EVALUATIONS: dict[str, Callable[[Path], object]] = {
    "no-json": lambda folder: (folder / "metrics.json").write_text("{"),
    "a-list": lambda folder: (folder / "metrics.json").write_text("[]"),
    "null": lambda folder: (folder / "metrics.json").write_text("null"),
    "a-text": lambda folder: (folder / "metrics.json").write_text('"metrics"'),
    "no-text": lambda folder: (folder / "metrics.json").write_bytes(b"\xff\xfe\x00\x81"),
    "empty": lambda folder: (folder / "metrics.json").write_bytes(b""),
    "brackets": lambda folder: (folder / "metrics.json").write_text("[" * 200_000),
    "wrong-type": lambda folder: _change(folder / "metrics.json", accuracy="much"),
    "null-accuracy": lambda folder: _change(folder / "metrics.json", accuracy=None),
    "future": lambda folder: _change(folder / "metrics.json", format=99),
    "setup-gone": lambda folder: _change(folder / "metrics.json", setup=None),
    "a-folder": lambda folder: _folder_in_place_of(folder / "metrics.json"),
    "no-table": lambda folder: (folder / "predictions.parquet").unlink(),
    "table-folder": lambda folder: _folder_in_place_of(folder / "predictions.parquet"),
    "truncated": lambda folder: _cut(folder / "predictions.parquet"),
    "foreign-table": lambda folder: (folder / "predictions.parquet").write_bytes(b"PAR1 of something else PAR1"),
}
RUNS: dict[str, Callable[[Path], object]] = {
    "config-broken": lambda folder: (folder / "config.json").write_text("{"),
    "config-folder": lambda folder: _folder_in_place_of(folder / "config.json"),
    "state-unknown": lambda folder: _change(folder / "status.json", state="asleep"),
    "state-number": lambda folder: _change(folder / "status.json", state=[3]),
    "status-broken": lambda folder: (folder / "status.json").write_text("{"),
}
SHOWN_RUNS: dict[str, Callable[[Path], object]] = {
    "events-folder": lambda folder: _folder_in_place_of(folder / "events.jsonl"),
    "losses-in-words": lambda folder: (folder / "events.jsonl").write_text(
        '{"kind": "epoch", "epoch": 1, "loss": "much", "accuracy": [1], "val_loss": 1, "val_accuracy": 0.5}\n'
    ),
}
CARDS = {"card-broken": "{", "card-list": "[1]", "card-text": '"card"', "card-brackets": "[" * 200_000}
MODELS: dict[str, Callable[[bytes], bytes]] = {
    "model-truncated": lambda content: content[: len(content) // 2],
    "model-empty": lambda content: b"",
    "model-text": lambda content: b"no model at all",
}


def build(good: Path, root: Path) -> Path:
    """Copy a good workspace to ``root`` and put the bad items beside the good ones."""
    shutil.copytree(good, root)
    space = Workspace(root)
    folder = space.evaluations_dir / "colours" / "test"
    for name, spoil in EVALUATIONS.items():
        shutil.copytree(folder / "good", folder / name)
        spoil(folder / name)
    _put_runs(space)
    whole = (root / "models" / "good.keras").read_bytes()
    for name, text in CARDS.items():
        (root / "models" / f"{name}.keras").write_bytes(whole)
        (root / "models" / f"{name}.json").write_text(text)
    for name, spoilt in MODELS.items():
        (root / "models" / f"{name}.keras").write_bytes(spoilt(whole))
    for split in ("valid", "validation"):
        (root / "data" / "two-splits" / split / "a").mkdir(parents=True)
    (root / "data" / "tags.sqlite").write_bytes(b"no database" * 100)
    (root / "data" / "colours" / "parts.csv").write_bytes(b"\x00\x01\x02")
    (root / "data" / "incorrect" / "no-table.csv").write_bytes(b"\x00\x01\x02")
    (root / "data" / "incorrect" / "a-folder.csv").mkdir()
    (root / "data" / "super_classes.json").write_text("{")
    return root


def _put_runs(space: Workspace) -> None:
    small = {"input_size": 32, "width": 4, "head_units": 8, "batch_size": 8, "epochs": 2}
    run = prepare("own", Dataset(space.data_dir / "colours"), workspace=space, name="whole", **small)
    with Recorder(run.directory) as record:
        record.log("as it should be")
    _change(run.directory / "status.json", state="finished")
    for name, spoil in (RUNS | SHOWN_RUNS).items():
        shutil.copytree(run.directory, run.directory.with_name(name))
        spoil(run.directory.with_name(name))
    run.directory.rename(run.directory.with_name("whole"))


def _change(path: Path, **facts: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | facts), "utf-8")


def _folder_in_place_of(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:500])
