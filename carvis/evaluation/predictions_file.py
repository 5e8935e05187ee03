"""The predictions table of an evaluation as it is read from its file, and whether it fits the evaluation's metrics."""

from pathlib import Path

import numpy as np
import pandas as pd

from carvis.dataset import Dataset
from carvis.errors import DatasetError, TableError
from carvis.evaluation.metrics import probability_columns
from carvis.language import Message
from carvis.workspace import Column, Unusable, read_parquet, refusal
from carvis.workspace.parquet_file import SHARE, TEXT
from carvis.workspace.sample_ids import composed
from carvis.workspace.unusable_files import short

MAX_BYTES = 1_000_000_000
# Half-precision models give probabilities that are off by as much.
_TOLERANCE = 0.02
# Of each class by itself: they need not add up to 1.
_INDEPENDENT = ("independent", "independent-logit")
_NAMED = 3
_SPLITS = ("train/", "valid/", "test/")


def read_predictions(content: bytes, class_names: list[str], path: Path, remedy: str) -> pd.DataFrame:
    """Read the table that ``Evaluation.predictions`` describes.

    Raises:
        TableError: it is damaged, lacks a column, or a column is not of the kind it should be.
    """
    columns = {"id": Column("text", unique=True), "path": TEXT, "sha256": TEXT, "label": TEXT, "predicted": TEXT}
    # Evaluations made before leakage was checked lack it.
    columns |= {"confidence": SHARE, "copy_of": Column("text", optional=True)}
    if len(set(class_names)) < len(class_names):
        raise TableError(refusal(path, Message("two of the model's classes have the same name"), remedy))
    columns |= dict.fromkeys(probability_columns(class_names), SHARE)
    return read_parquet(content, columns, path=path, max_bytes=MAX_BYTES, remedy=remedy, error=TableError)


def check_agreement(predictions: pd.DataFrame, metrics: dict, setup: dict) -> None:
    """Make sure that the two files of an evaluation are of one evaluation.

    Raises:
        Unusable: they are not.
    """
    names = setup["model"]["class_names"]
    index = pd.Index(names)
    if metrics["per_class"].keys() != set(names):
        raise Unusable(Message("its metrics have other classes than the model"))
    if metrics["n"] != len(predictions) or not len(predictions):
        raise Unusable(
            Message("its metrics are of {n} images, its table of {rows}", n=metrics["n"], rows=len(predictions))
        )
    places = {}
    for column in ("label", "predicted"):
        places[column] = index.get_indexer(predictions[column])
        if (places[column] < 0).any():
            foreign = predictions[column].iloc[int(places[column].argmin())]
            raise Unusable(
                Message("the column {column} holds {value}, which is none of its classes", column=column, value=foreign)
            )
    if metrics["correct"] != int((places["label"] == places["predicted"]).sum()):
        raise Unusable(Message("its metrics count other predictions as correct than its table"))
    other_splits = tuple(split for split in _SPLITS if split != f"{setup['split']}/")
    if (elsewhere := predictions["id"].str.startswith(other_splits)).any():
        raise Unusable(
            Message(
                "it is of the split {split}, and its table holds {id}",
                split=setup["split"],
                id=predictions["id"][elsewhere].iloc[0],
            )
        )
    probabilities = predictions[probability_columns(names)].to_numpy()
    of_predicted = np.take_along_axis(probabilities, places["predicted"][:, None], axis=1)[:, 0]
    if np.abs(of_predicted - predictions["confidence"]).max() > _TOLERANCE:
        raise Unusable(Message("its confidence is not the probability of the predicted class"))
    exclusive = setup["model"].get("output") not in (None, *_INDEPENDENT)
    if exclusive and np.abs(probabilities.sum(axis=1, dtype=np.float64) - 1).max() > _TOLERANCE:
        raise Unusable(Message("its probabilities do not add up to 1"))


def check_classes(predictions: pd.DataFrame, root: Path) -> None:
    """Make sure that an evaluation is of the data set in a folder; one that is gone or no data set is ignored.

    Raises:
        Unusable: not one of its labels is a class there.
    """
    try:
        class_names = set(Dataset(root).class_names)
    except (DatasetError, OSError):
        return
    labels = sorted(set(predictions["label"]))
    if class_names.isdisjoint(map(composed, labels)):
        raise Unusable(
            Message(
                "it is of the classes {labels}, none of which {root} has",
                labels=short(", ".join(labels[:_NAMED]), 200),
                root=root,
            )
        )
