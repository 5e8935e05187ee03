"""Small files of each kind that carvis writes and reads again, whole and well, for tests that damage them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from carvis.dataset import Dataset
from carvis.dataset.parts import Box, DrawnParts, PartBox
from carvis.evaluation import Evaluation
from carvis.evaluation.metrics import summarise
from carvis.explain.attention.result import MEASURES, Attention
from carvis.images import write_image

NAMES = ["A", "車"]
# All that JSON can hold, numbers among them that no machine type can.
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["..", "/etc/passwd", "x" * 5000, "2024-01-01", 10**200, -1, 0, 2**53 + 1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def evaluation(split: str = "valid") -> Evaluation:
    """An evaluation of four images, three of them right."""
    right = np.array([[0.75, 0.25], [0.625, 0.375], [0.25, 0.75], [0.5, 0.5]], np.float32)
    table = pd.DataFrame(
        {
            "id": [f"{split}/{label}/{n}.jpg" for n, label in enumerate("AA車車")],
            "path": [f"{split}/{label}/{n}.jpg" for n, label in enumerate("AA車車")],
            "sha256": [str(n) * 64 for n in range(4)],
            "label": ["A", "A", "車", "車"],
            "predicted": ["A", "A", "車", "A"],
            "confidence": right.max(axis=1),
            "copy_of": ["", "train/A/1.jpg", "", ""],
            "p:A": right[:, 0],
            "p:車": right[:, 1],
        }
    )
    model = {"name": "m", "file": "m.keras", "sha256": "0" * 64, "fingerprint": "f", "class_names": NAMES}
    model |= {"input_size": [32, 32], "channels": 3, "preprocessing": "unit", "resize": "nearest", "alpha": "on-white"}
    model |= {"orientation": "upright", "output": "probability", "assumed": ["resize"]}
    metrics = summarise(table, NAMES) | {"unreadable": [], "left_out": {"C": 2}}
    metrics["unreadable"] = [{"id": f"{split}/A/9.jpg", "path": f"{split}/A/9.jpg", "reason": "It is empty."}]
    metrics["not_read"] = [{"path": f"{split}/A/a.txt", "reason": "no image"}]
    metrics["leak"] = {"copies": 1, "exact": 1, "clean": 3, "correct": 2}
    setup = {"model": model, "dataset": {"name": "cars", "fingerprint": "f"}, "split": split}
    setup |= {"versions": {"carvis": "0.1.0"}, "created": "2024-01-01T00:00:00+00:00", "notes": ["A note."]}
    setup["assumption_check"] = check()
    return Evaluation(table, metrics, setup)


def check() -> dict:
    """An assumption check as it is kept."""
    row = {"assumption": "preprocessing", "value": "tf", "against": "unit", "right": 20, "n": 24, "accuracy": 20 / 24}
    row |= {"p": 1e-5, "verdict": "clearly better", "reference": 0, "kept": True, "either": False}
    first = row | {"assumption": "assumed", "value": "assumed", "against": "", "right": 2, "p": 1.0}
    facts = {"model": "m", "data": "cars", "splits": ["valid"], "n": 24, "assumed": {"preprocessing": "unit"}}
    facts |= {"changes": {"preprocessing": "tf"}, "settled": {}, "rivals": {"resize": ["nearest", "area"]}}
    facts |= {"order": "assumed", "above_chance": True, "reason": "", "complete": True, "seconds": 1.5}
    return facts | {"table": [first | {"verdict": "assumed", "kept": False}, row]}


CONFIG = {
    "recipe": "own", "data": "data/cars", "dataset": "cars", "dataset_fingerprint": "f", "awaits_images": False,
    "class_names": NAMES, "backbone": None, "weights": None, "parent": None, "input_size": [32, 32],
    "preprocessing": "unit", "resize": "bilinear", "alpha": "on-white", "orientation": "upright", "epochs": 2,
    "patience": 2, "batch_size": 8, "learning_rate": 0.001, "label_smoothing": 0.0, "augment": True, "views": None,
    "cache": True, "cache_precision": "auto", "mixed_precision": False, "devices": None, "replay": False, "seed": 0,
    "width": 8, "head_units": None, "dropout": None, "open_from": None, "name": "cars_own",
    "created": "2026-01-01T00:00:00+00:00",
}  # fmt: skip
STATUS = {
    "state": "finished", "reason": None, "pid": 12, "started": "2026-01-01T00:00:00+00:00", "ended": None,
    "updated": "2026-01-01T00:00:01+00:00", "epoch": 2, "epochs": 2, "step": 3, "steps": 3, "best_epoch": 1,
    "best_val_accuracy": 0.5, "model": "models/cars_own.keras", "metrics": {"loss": 1.0, "val_accuracy": 0.5},
    "by_signal": False, "behind": None, "waits_for": None,
}  # fmt: skip
EVENTS = [
    {"kind": "begin", "pictures": 24, "valid_pictures": 6, "steps": 3, "epochs": 2, "parameters": 9, "trainable": 9},
    {"kind": "epoch", "epoch": 1, "loss": 2.0, "accuracy": 0.5, "val_loss": 1.5, "val_accuracy": 0.5, "best": True,
     "learning_rate": 0.1, "images_per_second": 9.0, "seconds": 1.0, "time": 1767225600.0},
    {"kind": "epoch", "epoch": 2, "loss": 1.0, "accuracy": 0.6, "val_loss": 1.6, "val_accuracy": 0.5, "best": False,
     "learning_rate": 0.1, "images_per_second": 9.0, "seconds": 1.0, "time": 1767225601.0},
    {"kind": "end", "state": "finished", "reason": None, "model": "models/cars_own.keras", "time": 1767225602.0},
]  # fmt: skip
CARD = {
    "class_names": NAMES, "input_size": [32, 32], "channels": 3, "preprocessing": "unit", "resize": "nearest",
    "alpha": "on-white", "orientation": "upright", "output": "probability", "assumed": ["resize"], "recipe": "own",
    "backbone": "vgg16", "parent": "a.keras", "dataset": "cars", "dataset_fingerprint": "f", "metrics": {"loss": 1.0},
    "versions": {"carvis": "0.1.0"}, "sha256": "0" * 64, "created": "2026-01-01", "notes": "mine", "seed": 3,
}  # fmt: skip


def run_folder(workspace: Path, name: str = "20260101-000000-own", **changed) -> Path:
    """Write a finished run; ``config``, ``status`` and ``events`` may be given otherwise."""
    folder = workspace / "data" / "runs" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(changed.get("config", CONFIG)))
    (folder / "status.json").write_text(json.dumps(changed.get("status", STATUS)))
    lines = changed.get("events", EVENTS)
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def each_file(tmp_path: Path) -> Path:
    """Make a workspace with one of each file."""
    evaluation().save(tmp_path / "data" / "evaluations" / "cars" / "valid" / "m")
    run_folder(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.json").write_text(json.dumps(CARD))
    cars = tmp_path / "data" / "cars"
    for split in ("test", "masks/test"):
        (cars / split / "A").mkdir(parents=True)
        write_image(cars / split / "A" / "1.png", np.zeros((8, 8, 3), np.uint8))
    (cars / "masks" / "parts.json").write_text('["background", "body"]')
    DrawnParts.of(Dataset(cars)).save("test/A/1.png", [PartBox("badge", Box(1, 2, 3, 4))], ["wheel"])
    return tmp_path


def places(value, at: tuple = ()) -> list[tuple]:
    """List the ways to all that a document holds, itself not among them."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way for key, inner in items for way in ((*at, key), *places(inner, (*at, key)))]


def replaced(document, way: tuple, value):
    """Return a document with another value at a place; ``...`` leaves the place out."""
    if not way:
        return value
    made = dict(document) if isinstance(document, dict) else list(document)
    if len(way) == 1 and value is ...:
        del made[way[0]]
    else:
        made[way[0]] = replaced(document[way[0]], way[1:], value)
    return made


def one_sentence(error: Exception, *words: str) -> None:
    """Make sure that an error is one sentence of ours, with the words."""
    text = str(error)
    assert text.endswith(".") and len(text) < 600 and "\n" not in text and "Traceback" not in text, text
    assert "pydantic" not in text and "validation error" not in text, text
    for word in words:
        assert word in text, text


def attention() -> Attention:
    """A measured attention of two images and one part."""
    table = pd.DataFrame({"id": ["a", "b"], "label": ["A", "B"], "predicted": ["A", "A"], "confidence": [0.9, 0.8]})
    table = table.assign(right=[True, False], target=["A", "A"], probability=[0.9, 0.8], status=["ok", "constant"])
    table = table.assign(**{f"{measure}:body": [0.5, np.nan] for measure in MEASURES})
    setup = {"model": "m", "fingerprint": "f", "class_names": ["A", "B"], "data": "cars", "split": "test"}
    setup |= {"method": "grad-cam", "notes": [], "cover": True}
    return Attention(table, ("body",), {"unreadable": 1}, ("A problem.",), setup)
