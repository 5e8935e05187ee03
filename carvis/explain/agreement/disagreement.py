"""Disagreement mining: the pictures on which several models part ways, in their answers or in their evidence."""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from carvis.classifier import Classifier
from carvis.dataset import Dataset, Unreadable
from carvis.errors import ModelError
from carvis.explain.agreement.similarity import earth_movers_distance, rank_correlation
from carvis.explain.sets import heatmaps
from carvis.language import Message

_CHUNK = 32


def disagreements(
    classifiers: dict[str, Classifier],
    data: Dataset | str | Path,
    split: str = "test",
    *,
    method: str = "grad-cam",
    batch_size: int = 8,
    unreadable: Unreadable | None = None,
    watch: Callable[[int, int], bool | None] = lambda done, total: None,
) -> pd.DataFrame:
    """Rank the pictures of a split by how differently models see them.

    Args:
        classifiers: two models or more, by name.
        data: a data set or its folder.
        split: train, valid or test.
        method: of the heatmaps, each for its model's own answer.
        batch_size: pictures a forward pass.
        unreadable: collects the pictures that cannot be read; they are left out.
        watch: called with the number of pictures done and to do; returns True to stop.

    Returns:
        A row a picture, the largest disagreement first: id, path, label, kind (``same-answer`` where all models agree,
        ``one-right`` where one alone is right, else empty), right (its name), first and second (the two models whose
        evidence lies furthest apart), distance (earth mover's, in sides of the picture) and rank_correlation between
        their maps, then of each model ``answer:<name>`` and ``confidence:<name>``. Rows of ``one-right`` come by the
        confidence of the models that are wrong; NaN distances, where a map shows no evidence, come last.

    Raises:
        ModelError: fewer than two models.
        DatasetError: no such split.
    """
    if len(classifiers) < 2:
        raise ModelError(Message("Disagreement needs two models or more: name another one."))
    data = data if isinstance(data, Dataset) else Dataset(data)
    samples = data.samples(split)
    unreadable = Unreadable() if unreadable is None else unreadable
    rows: list[dict] = []
    for start in range(0, len(samples), _CHUNK):
        part = samples.iloc[start : start + _CHUNK]
        rows += _judge(classifiers, part, start, method, batch_size, unreadable)
        if watch(min(start + _CHUNK, len(samples)), len(samples)):
            break
    table = pd.DataFrame(rows, columns=_columns(classifiers))
    wrong = table["kind"] == "one-right"
    others = table[[f"confidence:{name}" for name in classifiers]].to_numpy(float)
    own = np.array([[name == right for name in classifiers] for right in table["right"]]).reshape(others.shape)
    mistaken = np.where(own, 0, others).max(axis=1, initial=0)
    order = table.assign(_rank=np.where(wrong, mistaken, table["distance"].astype(float)))
    return order.sort_values("_rank", ascending=False, kind="stable", ignore_index=True).drop(columns="_rank")


def _columns(classifiers) -> list[str]:
    facts = [f"{fact}:{name}" for name in classifiers for fact in ("answer", "confidence")]
    return ["id", "path", "label", "kind", "right", "first", "second", "distance", "rank_correlation", *facts]


def _judge(classifiers, part: pd.DataFrame, start: int, method: str, batch_size: int, unreadable: Unreadable):
    seen: dict[str, dict] = {}
    for name, clf in classifiers.items():
        # Each model meets the same broken pictures: they are told once, by their place in the split.
        broken = Unreadable()
        paths: Sequence[str] = part["path"].tolist()
        found = heatmaps(clf, paths, method, batch_size=batch_size, unreadable=broken)
        seen[name] = {heatmap.source: heatmap for heatmap in found}
        for place, reason in broken.reasons.items():
            unreadable.add(start + place, reason)
    for row in part.itertuples():
        if all(row.path in maps for maps in seen.values()):
            yield _row(row, {name: maps[row.path] for name, maps in seen.items()})


def _row(sample, maps: dict) -> dict:
    answers = {name: heatmap.predicted_name for name, heatmap in maps.items()}
    right = [name for name, answer in answers.items() if answer == sample.label]
    kind = "same-answer" if len(set(answers.values())) == 1 else "one-right" if len(right) == 1 else ""
    pairs = []
    for one, other in combinations(maps, 2):
        distance = earth_movers_distance(maps[one].positive, maps[other].positive)
        if np.isfinite(distance):
            pairs.append((distance, one, other))
    row = {"id": sample.id, "path": sample.path, "label": sample.label, "kind": kind}
    row["right"] = right[0] if kind == "one-right" else ""
    if pairs:
        distance, one, other = max(pairs)
        alike = rank_correlation(maps[one].raw, maps[other].raw)
        row |= {"first": one, "second": other, "distance": distance, "rank_correlation": alike}
    else:
        row |= {"first": "", "second": "", "distance": np.nan, "rank_correlation": np.nan}
    for name, heatmap in maps.items():
        row |= {f"answer:{name}": heatmap.predicted_name, f"confidence:{name}": heatmap.confidence}
    return row
