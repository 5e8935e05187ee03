"""Label issues: labels that confident models contradict (confident learning), ranked for a person to judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.evaluation.alignment import Joined, join
from carvis.evaluation.result import Evaluation
from carvis.language import Message
from carvis.workspace.sample_ids import composed

# Below this accuracy, most label issues that a model reports are its own errors.
WEAK = 0.5


class Facts(TypedDict):
    """What weakens the predictions that label issues are found by, as numbers."""

    train: bool
    copies: int
    weak: dict[str, float]
    left_out: int


def self_confidence(probabilities: NDArray[np.floating], labels: NDArray[np.int_]) -> NDArray[np.float64]:
    """A model's mean confidence in each class on the images with that label: the thresholds of confident learning.

    Args:
        probabilities: (N, C).
        labels: class indices, (N,).

    Returns:
        (C,): the mean of p(class) over the images labelled so (Northcutt et al. 2021, equation 2); infinite for a
        class without images.
    """
    classes = probabilities.shape[1]
    of_label = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0]
    count = np.bincount(labels, minlength=classes)
    total = np.bincount(labels, weights=of_label, minlength=classes)
    return np.divide(total, count, out=np.full(classes, np.inf), where=count > 0)


def confident_class(probabilities: NDArray[np.floating], thresholds: NDArray[np.floating]) -> NDArray[np.int_]:
    """The class that a model is confident of for each image, -1 where of none.

    That is the most probable of the classes that reach their own threshold (Northcutt et al. 2021, equation 1).
    `probabilities` (N, C), `thresholds` (C,).
    """
    reaching = np.where(probabilities >= thresholds, probabilities, -np.inf)
    best = reaching.argmax(axis=1)
    return np.where(np.isfinite(reaching[np.arange(len(best)), best]), best, -1)


def label_errors(evaluations: Evaluation | Sequence[Evaluation] | Mapping[str, Evaluation] | Joined) -> pd.DataFrame:
    """Rank the label issues of a split, so that a person can judge them.

    A model counts against a label where it is confident of another class in the sense of confident learning: the most
    probable class that reaches its threshold, the mean self-confidence of that class (Northcutt, Jiang and Chuang,
    Confident Learning, JAIR 70, 2021). The suggested label is the most probable other class, probabilities averaged
    over the models. The score is the complement of their normalised margin, (1 + p(suggested) - p(label)) / 2, times
    (1 + agree) / (1 + models), where `agree` models are confident of the suggested label. `above` marks the decision:
    more than half of the models agree; with one model this is confident learning's own choice.

    Args:
        evaluations: one or several models on the same split, joined by id and content.

    Returns:
        One row per image that at least one model names otherwise or is confident to be otherwise, highest score first:
        id, path, sha256, label, suggested, score (0..1), margin (p(suggested) - p(label), -1..1), agree, above, models
        (names of those that agree), then of each model ``predicted:<name>`` and ``confidence:<name>``.
        `attrs["notes"]` holds sentences about what weakens the predictions, `attrs["facts"]` what they rest on: train
        (bool: images that the models were trained on), copies (number of images that are also in training), weak
        (name -> accuracy of models that are wrong more often than right), left_out (number of images that the
        evaluations do not share).

    Raises:
        TableError: no evaluation, or no image that all share.
    """
    joined = _joined(evaluations)
    classes, index = _classes(joined)
    labels = index.get_indexer(pd.Index(joined.table["label"].map(_spelled(joined.table["label"]))))
    n, models = len(labels), len(joined.names)
    mean = np.zeros((n, len(classes)), np.float32)
    confident = np.empty((n, models), np.int64)
    contradicted = np.zeros(n, bool)
    for i, name in enumerate(joined.names):
        probabilities = _aligned(joined, name, index)
        mean += probabilities / models
        confident[:, i] = confident_class(probabilities, self_confidence(probabilities, labels))
        contradicted |= (probabilities.argmax(axis=1) != labels) | (
            (confident[:, i] >= 0) & (confident[:, i] != labels)
        )
    rows = np.flatnonzero(contradicted)
    mean, labels, confident = mean[rows], labels[rows], confident[rows]
    indices = np.arange(len(rows))
    of_label = mean[indices, labels]
    mean[indices, labels] = -1
    suggested = mean.argmax(axis=1) if len(rows) else np.zeros(0, int)
    margin = (mean[indices, suggested] - of_label).astype(np.float64)
    agreeing = confident == suggested[:, None]
    agree = agreeing.sum(axis=1)
    table = joined.table.iloc[rows][["id", "path", "sha256", "label"]].reset_index(drop=True)
    table = table.assign(
        suggested=np.array(classes, dtype=object)[suggested],
        score=(1 + margin) / 2 * (1 + agree) / (1 + models),
        margin=margin,
        agree=agree,
        above=agree * 2 > models,
        models=pd.Series(
            [tuple(name for name, yes in zip(joined.names, row) if yes) for row in agreeing], dtype=object
        ),
    )
    predictions = [f"{fact}:{name}" for name in joined.names for fact in ("predicted", "confidence")]
    table = pd.concat([table, joined.table.iloc[rows][predictions].reset_index(drop=True)], axis=1)
    table = table.sort_values(["score", "id"], ascending=[False, True], kind="stable", ignore_index=True)
    table.attrs["facts"] = facts = _facts(joined)
    table.attrs["notes"] = _notes(facts)
    return table


def corrected_list(
    evaluations: Evaluation | Sequence[Evaluation] | Mapping[str, Evaluation] | Joined,
    errors: pd.DataFrame,
    decisions: pd.DataFrame,
) -> pd.DataFrame:
    """Every image of the split with the label it should have after a person's decisions; no file is changed.

    Args:
        evaluations: as for `label_errors`.
        errors: what `label_errors` found.
        decisions: of `Tags.decisions`: suggested and decision by id.

    Returns:
        id, path (below the data set), label, suggested (where the models or a person contradict the label: above the
        threshold or decided), decision (confirmed, rejected, or empty), corrected (the suggested label where it was
        confirmed, else the label; empty where a person found that no class fits).
    """
    table = _joined(evaluations).table[["id", "path", "label"]]
    above = errors[errors["above"]]
    suggested = pd.Series(above["suggested"].to_numpy(), index=above["id"], dtype=object).to_dict()
    suggested |= decisions["suggested"].to_dict()
    decided = decisions["decision"].to_dict()
    table = table.assign(
        suggested=[suggested.get(sample, "") for sample in table["id"]],
        decision=[decided.get(sample, "") for sample in table["id"]],
    )
    return table.assign(corrected=table["suggested"].where(table["decision"] == "confirmed", table["label"]))


def _joined(evaluations: Evaluation | Sequence[Evaluation] | Mapping[str, Evaluation] | Joined) -> Joined:
    if isinstance(evaluations, Joined):
        return evaluations
    return join([evaluations] if isinstance(evaluations, Evaluation) else evaluations)


def _classes(joined: Joined) -> tuple[list[str], pd.Index]:
    """The first model's classes, then those that only others know; the index is in composed characters."""
    names: dict[str, str] = {}
    for evaluation in joined.evaluations.values():
        for name in evaluation.class_names:
            names.setdefault(composed(name), name)
    return list(names.values()), pd.Index(list(names))


def _spelled(labels: pd.Series) -> dict[str, str]:
    return {label: composed(label) for label in labels.unique()}


def _aligned(joined: Joined, name: str, index: pd.Index) -> NDArray[np.float32]:
    """A model's probabilities in the common class order, 0 for a class that it does not know."""
    probabilities = joined.probabilities(name)
    places = index.get_indexer(pd.Index([composed(class_name) for class_name in joined.evaluations[name].class_names]))
    if len(places) == len(index) and (places == np.arange(len(index))).all():
        return probabilities
    aligned = np.zeros((len(probabilities), len(index)), np.float32)
    aligned[:, places] = probabilities
    return aligned


def _facts(joined: Joined) -> Facts:
    copies = [evaluation.predictions.get("copy_of") for evaluation in joined.evaluations.values()]
    shares = zip(joined.names, joined.right.mean(axis=0))
    return {
        "train": any(evaluation.split == "train" for evaluation in joined.evaluations.values()),
        "copies": max((int((column.fillna("") != "").sum()) for column in copies if column is not None), default=0),
        "weak": {name: float(share) for name, share in shares if share < WEAK},
        "left_out": sum(joined.left_out.values()),
    }


def _notes(facts: Facts) -> list[Message]:
    """What weakens the predictions that label issues are found by."""
    notes = []
    if facts["train"]:
        notes.append(
            Message(
                "These are training images. Models repeat the labels they were trained on, so label issues hide: "
                "evaluate on images the models were not trained on."
            )
        )
    if n := facts["copies"]:
        notes.append(
            Message.of_number(
                "{n} image is also in training, exactly or nearly: on it a model may repeat the label it was trained "
                "on.",
                "{n} images are also in training, exactly or nearly: on them a model may repeat the labels it was "
                "trained on.",
                n,
                n=f"{n:,}",
            )
        )
    notes += [
        Message(
            "The accuracy of {model} is only {accuracy:.0%}: most label issues it reports are its own errors.",
            model=name,
            accuracy=accuracy,
        )
        for name, accuracy in facts["weak"].items()
    ]
    if n := facts["left_out"]:
        notes.append(
            Message.of_number(
                "{n} image is not in all evaluations and was ignored.",
                "{n} images are not in all evaluations and were ignored.",
                n,
                n=f"{n:,}",
            )
        )
    return notes
