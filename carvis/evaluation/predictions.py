"""``evaluate``: a classifier's predictions for every image of a split."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.classifier.card import card_path
from carvis.dataset import Dataset, Unreadable, canonical_id, canonical_split, workspace_of
from carvis.errors import DatasetError, ModelError
from carvis.evaluation.assumptions import AssumptionCheck, check_assumptions
from carvis.evaluation.leakage import duplicates_in_training, leak_of
from carvis.evaluation.metrics import probability_columns, summarise
from carvis.evaluation.provenance import first_names, provenance, trained_elsewhere
from carvis.evaluation.renamed import renamed
from carvis.evaluation.result import Evaluation
from carvis.feature_space import Recorder, SplitContent, content_of, no_images, none_readable, recording
from carvis.images import IMAGE_SUFFIXES
from carvis.language import Message, replaced
from carvis.progress import Progress, advance, no_progress
from carvis.workspace import Cache, Workspace
from carvis.workspace.sample_ids import composed

if TYPE_CHECKING:
    from carvis.classifier import Classifier


@renamed("copies", "leakage")
def evaluate(
    clf: Classifier,
    data: Dataset | str | Path,
    split: str = "test",
    *,
    batch_size: int = 32,
    progress: Progress | None = None,
    leakage: bool = True,
    check: bool | AssumptionCheck = True,
    cache: Cache | str | Path | None = None,
    embeddings: bool = True,
    workspace: Workspace | str | Path | None = None,
) -> Evaluation:
    """Predict every image of a split and measure how often, and how confidently, the classifier is right.

    Classes of model and data set are joined by name, whatever their order. Images that cannot be read, and
    images of classes the model does not know, are listed in the metrics and not counted.

    Args:
        clf: the classifier.
        data: a data set or its folder.
        split: train, valid or test.
        batch_size: images predicted at once.
        progress: called with (images done, images in all) after each batch.
        leakage: find the images that are also in the training split, exactly or nearly, for the accuracy without them
            (`Evaluation.leak`). That reads the whole data set once, some milliseconds per image; the result is kept,
            so that further models cost nothing.
        check: check on a few images of the data set what is assumed of a model (`carvis.check_assumptions`), if
            anything is; the findings are among the notes of the evaluation. An earlier check can be given instead.
        cache: a cache, or the folder for one (`data/cache/health` in a workspace), that keeps duplicates and checks.
        embeddings: keep the images' embeddings, which the same passes give, for `carvis.embeddings` and
            `carvis.feature_space.stored_embeddings`.
        workspace: whose cache keeps them; by default the workspace that the data set lies in. Where there is none,
            they are not kept.

    Raises:
        DatasetError: no such split, or no image in it that can be read.
        ModelError: model and data set have no class in common, or the model's predictions are not finite.
        StoppedError: ``progress`` asked to stop.
    """
    data = data if isinstance(data, Dataset) else Dataset(data)
    samples = data.samples(split)
    if samples.empty:
        raise DatasetError(no_images(data, split))
    samples, left_out = known_samples(clf, data, samples)

    reasons = Unreadable()
    space = workspace_of(data, workspace) if embeddings else None
    content = SplitContent(samples, space)
    with recording(clf, space, len(samples)) as recorder:
        done, probabilities, hashes = _predict(
            clf, recorder, samples["path"].tolist(), batch_size, reasons, progress or no_progress
        )
        key = recorder.keep(content.of(_all_hashes(samples, done, hashes)), *_ids_and_labels(samples.iloc[done]))
    unreadable = _unreadable_table(data, split, samples, reasons)
    if not len(done):
        raise DatasetError(none_readable(len(samples), data.folder(split), unreadable[0]["reason"]))
    non_finite = np.flatnonzero(~np.isfinite(probabilities).all(axis=1))
    if len(non_finite):
        raise ModelError(
            Message(
                "{model} outputs NaN or infinity for {n} of {total} images, first {first}: check its weights and "
                "preprocessing, or train it again.",
                model=clf.name,
                n=len(non_finite),
                total=len(done),
                first=samples["id"].iloc[done[non_finite[0]]],
            )
        )

    predictions = _predictions_table(clf, data, samples.iloc[done], probabilities, hashes)
    metrics = summarise(predictions, list(clf.class_names))
    search = leakage and not trained_elsewhere(clf, data)
    twins = duplicates_in_training(data, canonical_split(split) or split, cache) if search else None
    if twins is not None:
        copy_of = twins["copy_of"].reindex(predictions["id"], fill_value="")
        predictions.insert(predictions.columns.tolist().index("confidence") + 1, "copy_of", copy_of.to_list())
        metrics["leak"] = leak_of(predictions, twins["exact"].reindex(predictions["id"], fill_value=False))
    metrics |= {"unreadable": unreadable, "left_out": left_out, "not_read": data.not_read(split)}
    setup = provenance(clf, data, split, metrics)
    if key:
        setup["embeddings"] = key
    if check is True and clf.assumed:
        check = check_assumptions(clf, data, full=False, cache=cache)
    if isinstance(check, AssumptionCheck):
        remarks = check.remarks_on(clf.assumed)
        setup["notes"] += [remark for remark in remarks if remark not in setup["notes"]]
        setup["assumption_check"] = check.to_json()
    return Evaluation(predictions, metrics, setup, data.root)


def _no_class_in_common(clf: Classifier, data: Dataset, names: list[str], held: list[str]) -> Message:
    facts = {"model": clf.name, "data": data.name, "names": first_names(names), "held": first_names(held)}
    if clf.path and clf.card and clf.card.class_names == names:
        return Message(
            "{model} and {data} have no class in common: the card {card} names the model's classes {names}, the data "
            "set holds {held}; choose the data set the model was trained for, or correct the names in that card, or "
            "remove class_names from it.",
            card=card_path(clf.path),
            **facts,
        )
    return Message(
        "{model} and {data} have no class in common: the model knows {names}, the data set holds {held}; choose the "
        "data set the model was trained for, or name the model's classes in its order.",
        **facts,
    )


def known_samples(clf: Classifier, data: Dataset, samples: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """The samples whose class the model knows, labelled as the model spells it, and how many of which class are not."""
    names = list(clf.class_names)
    model_names = {composed(name): name for name in names}
    if len(model_names) < len(names):
        raise ModelError(
            Message(
                "{model} has two classes of the same name among {some}: name them differently.",
                model=clf.name,
                some=first_names(names),
            )
        )
    labels = samples["label"].map(composed)
    fits = labels.isin(model_names.keys())
    if not fits.any():
        raise ModelError(_no_class_in_common(clf, data, names, sorted(labels.unique())))
    counts = labels[~fits].value_counts().sort_index()
    left_out = {str(name): int(n) for name, n in counts.items()}
    matched = samples[fits].reset_index(drop=True)
    return matched.assign(label=matched["label"].map(lambda label: model_names[composed(label)])), left_out


def _predict(
    clf: Classifier,
    recorder: Recorder,
    paths: list[str],
    batch_size: int,
    reasons: Unreadable,
    progress: Progress,
) -> tuple[NDArray[np.int_], NDArray[np.float32], list[str]]:
    """Indices of the images that could be read, in order, with probabilities (N, classes) and content hashes."""
    indices, outputs, pending = [], [], []
    with ThreadPoolExecutor(2) as pool:
        for index, images in clf.prepared_batches(paths, batch_size=batch_size, unreadable=reasons):
            pending.append(pool.map(content_of, [paths[i] for i in index]))
            outputs.append(recorder.predict(images))
            indices.append(index)
            advance(progress, int(index[-1]) + 1, len(paths))
        hashes = [digest for batch in pending for digest in batch]
    if not (indices and indices[-1][-1] == len(paths) - 1):
        advance(progress, len(paths), len(paths))
    if not indices:
        return np.array([], int), np.zeros((0, len(clf.class_names)), np.float32), []
    index, probabilities = np.concatenate(indices), np.concatenate(outputs).astype(np.float32)
    readable = np.array([digest is not None for digest in hashes])
    for i in index[~readable]:
        reasons.add(int(i), Message("{path} was removed during the evaluation: put it back.", path=paths[i]))
    return index[readable], probabilities[readable], [digest for digest in hashes if digest]


def _all_hashes(samples: pd.DataFrame, done: NDArray[np.int_], hashes: list[str]) -> list[str | None]:
    """The content hashes of all samples: those that could not be read as images have one, too."""
    of_place = dict(zip(done.tolist(), hashes, strict=True))
    return [of_place.get(place) or content_of(path) for place, path in enumerate(samples["path"])]


def _ids_and_labels(samples: pd.DataFrame) -> tuple[list[str], list[str]]:
    return samples["id"].tolist(), samples["label"].tolist()


def _unreadable_table(data: Dataset, split: str, samples: pd.DataFrame, reasons: Unreadable) -> list[dict[str, str]]:
    broken = [(samples["path"].iloc[i], reason) for i, reason in reasons.reasons.items()]
    other_files = data.other_files(split)
    is_image = other_files["path"].str.lower().str.endswith(IMAGE_SUFFIXES)
    empty = other_files[(other_files["reason"] == "empty file") & is_image.astype(bool)]
    broken += [(path, Message("{path} is an empty file: replace or remove it.", path=path)) for path in empty["path"]]
    table = []
    for path, reason in broken:
        below = _below(data, path)
        # Reasons name the file as this machine does; an evaluation is read on others too.
        table.append({"id": canonical_id(below), "path": below, "reason": replaced(reason, str(path), below)})
    return sorted(table, key=lambda row: row["id"])


def _below(data: Dataset, path: str) -> str:
    return path[len(str(data.root)) :].replace(os.sep, "/").lstrip("/")


def _predictions_table(
    clf: Classifier, data: Dataset, samples: pd.DataFrame, probabilities: NDArray[np.floating], hashes: list[str]
) -> pd.DataFrame:
    names = np.array(clf.class_names, dtype=object)
    best = probabilities.argmax(axis=1)
    table = {
        "id": samples["id"].to_list(),
        "path": [_below(data, path) for path in samples["path"]],
        "sha256": hashes,
        "label": samples["label"].to_list(),
        "predicted": names[best].tolist(),
        "confidence": np.take_along_axis(probabilities, best[:, None], axis=1)[:, 0],
    }
    table |= dict(zip(probability_columns(list(clf.class_names)), probabilities.T))
    return pd.DataFrame(table)
