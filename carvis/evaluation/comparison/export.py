"""A comparison as tables and as a document, for files."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from itertools import combinations

import pandas as pd

from carvis.errors import ModelError
from carvis.evaluation.comparison.agreement import pattern_words
from carvis.evaluation.comparison.comparison import Comparison
from carvis.evaluation.comparison.temperature import Effect


def comparison_tables(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """The tables of a comparison: ``scoreboard``, ``pairs``, ``lattice``, ``classes`` and ``images``.

    Their columns are those of ``Comparison``; ``lattice`` has the pattern in words and no ids, for ``images`` holds a
    row an image with its pattern and every model's prediction.
    """
    names = comparison.names
    lattice = comparison.lattice.drop(columns="ids").reset_index()
    lattice.insert(1, "words", [str(pattern_words(pattern, names)) for pattern in lattice["pattern"]])
    classes = [
        comparison.by_class(first, second).reset_index().assign(**{"first model": first, "second model": second})
        for first, second in combinations(names, 2)
    ]
    pattern = pd.Series("", index=comparison.joined.table.index)
    for column in comparison.joined.right.T:
        pattern = pattern + pd.Series(column.astype(int), index=pattern.index).astype(str)
    images = comparison.joined.table.drop(columns=[f"right:{name}" for name in names])
    images.insert(4, "pattern", pattern)
    with contextlib.suppress(ModelError):
        images["average"] = comparison.averaging.predictions["average"]
        images["average_confidence"] = comparison.averaging.predictions["average_confidence"]
    return {
        "scoreboard": comparison.scoreboard.reset_index(),
        "pairs": comparison.pairs,
        "lattice": lattice,
        "classes": pd.concat(classes, ignore_index=True),
        "images": images,
    }


def comparison_document(comparison: Comparison, effects: Mapping[str, Effect] | None = None) -> dict:
    """A comparison as plain values, ready for JSON.

    Args:
        effects: what a temperature does, by model, as ``Temperature.effect`` tells.
    """
    evaluations = comparison.joined.evaluations
    cochran = comparison.cochran
    return {
        "models": {
            name: {
                "fingerprint": evaluation.setup["model"].get("fingerprint"),
                "dataset": evaluation.setup["dataset"]["name"],
                "split": evaluation.split,
            }
            for name, evaluation in evaluations.items()
        },
        "n": comparison.n,
        "left_out": comparison.left_out,
        "changed": list(comparison.changed),
        "without_leakage": comparison.without_leakage,
        "seed": comparison.seed,
        "scoreboard": _records(comparison.scoreboard.reset_index()),
        "lattice": {pattern: int(count) for pattern, count in comparison.lattice["count"].items()},
        "pairs": _records(comparison.pairs),
        "verdicts": [str(verdict.finding) for verdict in comparison.verdicts],
        "cochran": {"q": cochran[0], "p": cochran[1]} if cochran else None,
        "temperature": dict(effects or {}),
        "averaging": _averaging(comparison),
        "reliability": {name: _records(comparison.reliability(name)) for name in comparison.names},
    }


def _averaging(comparison: Comparison) -> dict | None:
    try:
        found = comparison.averaging
    except ModelError:
        return None
    cost = {
        name: None if math.isnan(value) else value
        for name, value in (
            ("milliseconds", found.milliseconds),
            ("best_milliseconds", found.best_milliseconds),
        )
    }
    return {
        "models": list(found.names),
        "best": found.best,
        "accuracy": found.accuracy,
        "best_accuracy": found.best_accuracy,
        "low": found.low,
        "high": found.high,
        "p": found.p,
        "gained": found.gained["id"].tolist(),
        "lost": found.lost["id"].tolist(),
        **cost,
        "finding": str(found.finding),
    }


def _records(table: pd.DataFrame) -> list[dict]:
    return table.astype(object).where(table.notna(), None).to_dict("records")
