"""How an evaluation was made: model, data set, versions, and notes on what to know about its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from carvis import __version__
from carvis.dataset import Dataset, canonical_split
from carvis.language import Message

if TYPE_CHECKING:
    from carvis.classifier import Classifier


def provenance(clf: Classifier, data: Dataset, split: str, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """How an evaluation is made, as ``Evaluation.setup``: model, data set, split, versions, time and notes."""
    import keras
    import tensorflow as tf

    versions = {
        "carvis": __version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }
    return {
        "model": {
            "name": clf.name,
            "file": Path(clf.path).name if clf.path else None,
            "sha256": clf.sha256,
            "fingerprint": clf.fingerprint,
            "class_names": list(clf.class_names),
            "input_size": list(clf.input_size),
            "channels": clf.channels,
            "preprocessing": clf.preprocessing,
            "resize": clf.resize,
            "alpha": clf.alpha,
            "orientation": clf.orientation,
            "output": clf.output,
            "assumed": sorted(clf.assumed),
        },
        "dataset": {"name": data.name, "fingerprint": data.fingerprint},
        "split": canonical_split(split),
        "versions": versions,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "notes": _notes(clf, data, split, metrics),
    }


def _notes(clf: Classifier, data: Dataset, split: str, metrics: Mapping[str, Any]) -> list[str]:
    notes: list[str] = list(clf.assumptions)
    if clf.card is not None and trained_elsewhere(clf, data):
        notes.append(
            Message(
                "The model was trained on {data}: leakage from there cannot be checked.",
                data=clf.card.dataset,
            )
        )
    if metrics["left_out"]:
        n = sum(metrics["left_out"].values())
        notes.append(
            Message.of_number(
                "{n} image is of a class that the model does not know, and was not counted.",
                "{n} images are of classes that the model does not know, and were not counted.",
                n,
            )
        )
    absent = sorted(name for name, row in metrics["per_class"].items() if not row["support"])
    if absent:
        notes.append(
            Message("The split has no images of {classes}, which the model also knows.", classes=first_names(absent))
        )
    if metrics["unreadable"]:
        notes.append(unreadable_note(len(metrics["unreadable"])))
    notes += data.notes(split)
    return notes


def misclassified_note(wrong: int, n: int) -> Message:
    """How many of ``n`` images are misclassified, and the accuracy."""
    return Message.of_number(
        "{wrong} of {n} image is misclassified (accuracy {accuracy:.1%}).",
        "{wrong} of {n} images are misclassified (accuracy {accuracy:.1%}).",
        n,
        wrong=f"{wrong:,}",
        n=f"{n:,}",
        accuracy=1 - wrong / n if n else float("nan"),
    )


def unreadable_note(n: int) -> Message:
    """How many images of a split could not be read."""
    return Message.of_number(
        "{n} image could not be read and was not counted.", "{n} images could not be read and were not counted.", n
    )


def trained_elsewhere(clf: Classifier, data: Dataset) -> bool:
    """Whether a model was trained on another data set: leakage cannot be measured then."""
    card = clf.card
    if card is None or card.dataset in (None, data.name):
        return False
    return card.dataset_fingerprint != data.fingerprint


def first_names(names: Sequence[str]) -> str:
    """The first three names, and how many more there are."""
    first = ", ".join(names[:3])
    return Message("{names} and {n} more", names=first, n=len(names) - 3) if len(names) > 3 else first
