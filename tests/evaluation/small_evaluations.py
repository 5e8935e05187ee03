"""Evaluations made of a table of answers, without a model or images."""

import hashlib

import numpy as np
import pandas as pd

from carvis.evaluation import Evaluation
from carvis.evaluation.metrics import probability_columns, summarise


def evaluation(name, class_names, rows, split="test", data="cars"):
    """An evaluation of `rows`: (id, label, probabilities), the content hash made of the id (or of a fourth value)."""
    probabilities = np.array([row[2] for row in rows], np.float32)
    best = probabilities.argmax(axis=1)
    table = {
        "id": [row[0] for row in rows],
        "path": [row[0] for row in rows],
        "sha256": [hashlib.sha256(str(row[3] if len(row) > 3 else row[0]).encode()).hexdigest() for row in rows],
        "label": [row[1] for row in rows],
        "predicted": [class_names[i] for i in best],
        "confidence": probabilities.max(axis=1),
    }
    predictions = pd.DataFrame(table | dict(zip(probability_columns(class_names), probabilities.T)))
    metrics = summarise(predictions, class_names) | {"unreadable": [], "left_out": {}}
    setup = {
        "model": {"name": name, "file": None, "fingerprint": name, "class_names": list(class_names)},
        "dataset": {"name": data, "fingerprint": data},
        "split": split,
        "notes": [],
    }
    return Evaluation(predictions, metrics, setup)
