"""The scoreboard: what is measured of each model, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from carvis.evaluation.alignment import Joined
from carvis.evaluation.comparison.calibration import expected_calibration_error
from carvis.evaluation.comparison.selective import area_under_risk
from carvis.evaluation.leakage import LEAST_CLEAN
from carvis.evaluation.metrics import summarise, wilson_interval
from carvis.evaluation.result import Evaluation


def scoreboard(joined: Joined, files: Mapping[str, Path], milliseconds: Mapping[str, float]) -> pd.DataFrame:
    """Return one row per model, all of them measured on the images they share.

    Columns: n, accuracy, low, high (Wilson, 95 %), copies (images that are also in training), clean (the others),
    clean_accuracy, clean_low, clean_high (on those), top3, macro_f1, log_loss, ece (expected calibration error, 15
    bins of equal width), aurc (area under the risk-coverage curve), parameters, bytes (of the file), milliseconds (a
    image). NaN for what is not known.
    """
    rows = {name: _row(name, joined, files.get(name)) for name in joined.names}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
    return table.assign(milliseconds=[float(milliseconds.get(name, np.nan)) for name in joined.names])


def _row(name: str, joined: Joined, file: Path | None) -> dict:
    shared = shared_part(joined, name)
    metrics = shared.metrics
    right = joined.table[f"right:{name}"].to_numpy()
    confidence = joined.table[f"confidence:{name}"].to_numpy()
    low, high = metrics["accuracy_interval"]
    row = {"n": metrics["n"], "accuracy": metrics["accuracy"], "low": low, "high": high, **_clean(shared)}
    row |= {key: metrics[key] for key in ("top3", "macro_f1", "log_loss")}
    row |= {"ece": expected_calibration_error(confidence, right), "aurc": area_under_risk(confidence, right)}
    return row | _facts(file)


def shared_part(joined: Joined, name: str) -> Evaluation:
    """A model's evaluation on the images that all of them share."""
    evaluation, rows = joined.evaluations[name], joined.rows[name]
    if len(rows) == len(evaluation.predictions):
        return evaluation
    predictions = evaluation.predictions.iloc[rows].reset_index(drop=True)
    return replace(evaluation, predictions=predictions, metrics=summarise(predictions, evaluation.class_names))


def _clean(evaluation: Evaluation) -> dict:
    """Accuracy without leakage, as far as it was checked when the evaluation was made."""
    facts = dict.fromkeys(("copies", "clean", "clean_accuracy", "clean_low", "clean_high"), np.nan)
    leak = getattr(evaluation, "leak", None)
    if leak is not None:
        facts |= {"copies": float(leak.copies), "clean": float(leak.clean)}
        if leak.measurable:
            facts |= dict(zip(("clean_accuracy", "clean_low", "clean_high"), (leak.accuracy, *leak.interval)))
    # A part of an evaluation has lost its summary, but each of its images still says whether it is in training.
    elif "copy_of" in evaluation.predictions:
        clean = evaluation.predictions[evaluation.predictions["copy_of"].fillna("") == ""]
        facts |= {"copies": float(len(evaluation.predictions) - len(clean)), "clean": float(len(clean))}
        if len(clean) >= LEAST_CLEAN:
            hits = int((clean["label"] == clean["predicted"]).sum())
            figures = (hits / len(clean), *wilson_interval(hits, len(clean)))
            facts |= dict(zip(("clean_accuracy", "clean_low", "clean_high"), figures))
    return facts


def _facts(file: Path | None) -> dict:
    facts = {"parameters": np.nan, "bytes": np.nan}
    if file is None:
        return facts
    from carvis.classifier import describe_model_file

    described = describe_model_file(file)
    return {key: float(described[key]) if described[key] is not None else np.nan for key in facts}
