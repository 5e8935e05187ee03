"""Disagreement mining: the images on which several models differ, in their predictions or in their evidence."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carvis.classifier import Classifier
from carvis.dataset import Dataset, Unreadable
from carvis.errors import ModelError
from carvis.explain.agreement.similarity import earth_movers_distance, rank_correlation
from carvis.explain.heatmap import Heatmap
from carvis.explain.sets import heatmaps
from carvis.language import Message
from carvis.progress import Progress, no_progress

_CHUNK = 32


def disagreements(
    classifiers: dict[str, Classifier],
    data: Dataset | str | Path,
    split: str = "test",
    *,
    method: str = "grad-cam",
    batch_size: int = 8,
    unreadable: Unreadable | None = None,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Rank the images of a split by how differently models see them.

    Args:
        classifiers: two models or more, by name.
        data: a data set or its folder.
        split: train, valid or test.
        method: of the heatmaps, each for its model's own prediction.
        batch_size: images per forward pass.
        unreadable: collects the images that cannot be read; they are skipped.
        progress: called with the number of images done and to do.

    Returns:
        A row per image, the largest disagreement first: id, path, label, kind (``same-answer`` where all models agree,
        ``one-right`` where one alone is right, else empty), right (its name), first and second (the two models whose
        evidence lies furthest apart), distance (earth mover's, in sides of the image) and rank_correlation between
        their heatmaps, then of each model ``answer:<name>`` and ``confidence:<name>``. Rows of ``one-right`` are ranked
        by the confidence of the models that are wrong; NaN distances, where a heatmap shows no evidence, come last.

    Raises:
        ModelError: fewer than two models.
        DatasetError: no such split.
    """
    if len(classifiers) < 2:
        raise ModelError(Message("Disagreements need two or more models: name another one."))
    data = data if isinstance(data, Dataset) else Dataset(data)
    samples = data.samples(split)
    unreadable = Unreadable() if unreadable is None else unreadable
    rows: list[dict[str, Any]] = []
    for start in range(0, len(samples), _CHUNK):
        part = samples.iloc[start : start + _CHUNK]
        rows += _rows(classifiers, part, start, method, batch_size, unreadable)
        if progress(min(start + _CHUNK, len(samples)), len(samples)):
            break
    table = pd.DataFrame(rows, columns=_columns(classifiers))
    wrong = table["kind"] == "one-right"
    confidences = table[[f"confidence:{name}" for name in classifiers]].to_numpy(float)
    predicts_it = np.array([[name == right for name in classifiers] for right in table["right"]]).reshape(
        confidences.shape
    )
    mistaken = np.where(predicts_it, 0, confidences).max(axis=1, initial=0)
    order = table.assign(_rank=np.where(wrong, mistaken, table["distance"].astype(float)))
    return order.sort_values("_rank", ascending=False, kind="stable", ignore_index=True).drop(columns="_rank")


def _columns(classifiers: Iterable[str]) -> list[str]:
    facts = [f"{fact}:{name}" for name in classifiers for fact in ("answer", "confidence")]
    return ["id", "path", "label", "kind", "right", "first", "second", "distance", "rank_correlation", *facts]


def _rows(
    classifiers: dict[str, Classifier],
    part: pd.DataFrame,
    start: int,
    method: str,
    batch_size: int,
    unreadable: Unreadable,
) -> Iterator[dict[str, Any]]:
    paths = part["path"].tolist()
    by_model: dict[str, dict[str | None, Heatmap]] = {}
    for name, clf in classifiers.items():
        # Each model meets the same broken images: they are recorded once, by their place in the split.
        broken = Unreadable()
        maps = heatmaps(clf, paths, method, batch_size=batch_size, unreadable=broken)
        by_model[name] = {heatmap.source: heatmap for heatmap in maps}
        for place, reason in broken.reasons.items():
            unreadable.add(start + place, reason)
    for sample in part.to_dict("records"):
        if all(sample["path"] in maps for maps in by_model.values()):
            yield _row(sample, {name: maps[sample["path"]] for name, maps in by_model.items()})


def _row(sample: Mapping[Any, Any], maps: dict[str, Heatmap]) -> dict[str, Any]:
    predicted = {name: heatmap.predicted_name for name, heatmap in maps.items()}
    right = [name for name, label in predicted.items() if label == sample["label"]]
    kind = "same-answer" if len(set(predicted.values())) == 1 else "one-right" if len(right) == 1 else ""
    pairs = []
    for first, second in combinations(maps, 2):
        distance = earth_movers_distance(maps[first].positive, maps[second].positive)
        if np.isfinite(distance):
            pairs.append((distance, first, second))
    row: dict[str, Any] = {name: sample[name] for name in ("id", "path", "label")} | {"kind": kind}
    row["right"] = right[0] if kind == "one-right" else ""
    if pairs:
        distance, first, second = max(pairs)
        correlation = rank_correlation(maps[first].raw, maps[second].raw)
        row |= {"first": first, "second": second, "distance": distance, "rank_correlation": correlation}
    else:
        row |= {"first": "", "second": "", "distance": np.nan, "rank_correlation": np.nan}
    for name, heatmap in maps.items():
        row |= {f"answer:{name}": heatmap.predicted_name, f"confidence:{name}": heatmap.confidence}
    return row
