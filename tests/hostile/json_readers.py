"""The readers of JSON files, each with what is done with what it read: what a page or a verb would show."""

import json

from carvis.classifier.card import read_card, reading_of
from carvis.dataset import Dataset
from carvis.dataset.parts import DrawnParts
from carvis.dataset.parts.masks import read_mask_folder
from carvis.evaluation import load_evaluation
from carvis.training import Run
from carvis.training.diagnosis import diagnose


def use_evaluation(root):
    """Read an evaluation and all that follows from it."""
    found = load_evaluation(root / "data" / "evaluations" / "cars" / "valid" / "m")
    facts = [found.per_class, found.confusion, found.misclassified(), found.leak, found.model_facts, found.assumed]
    assert len(facts) == 6 and found._repr_html_() and repr(found)
    if found.assumption_check:
        assert [str(message) for message in found.assumption_check.messages]
        assert found.assumption_check.warnings is not None and found.assumption_check.shown() is not None
    return found


def use_run(root):
    """Read a run and all that follows from it."""
    run = Run(root / "data" / "runs" / "20260101-000000-own")
    facts = run.status, run.config, run.model_path, repr(run), run._repr_html_()
    diagnose(run.history, len(run.config.get("class_names", ())))
    return facts


def use_config(root):
    """Read what a run is carried out with."""
    return Run(root / "data" / "runs" / "20260101-000000-own").complete_config


def use_card(root):
    """Read a card."""
    card = read_card(root / "models" / "m.keras")
    reading_of(card)
    return card


def use_parts(root):
    """Read masks."""
    return read_mask_folder(root / "data" / "cars" / "masks", Dataset(root / "data" / "cars"), "test")


def use_drawn(root):
    """Read boxes drawn by hand, and all that follows from them."""
    drawn = DrawnParts.of(Dataset(root / "data" / "cars"))
    assert json.loads(drawn.coco())["images"] is not None
    for split in drawn.data.splits:
        drawn.parts(split)
    return drawn.images()


READERS = {
    "metrics.json": ("data/evaluations/cars/valid/m/metrics.json", use_evaluation),
    "config.json": ("data/runs/20260101-000000-own/config.json", use_config),
    "status.json": ("data/runs/20260101-000000-own/status.json", use_run),
    "m.json": ("models/m.json", use_card),
    "cars.json": ("data/parts/cars.json", use_drawn),
    "parts.json": ("data/cars/masks/parts.json", use_parts),
}
