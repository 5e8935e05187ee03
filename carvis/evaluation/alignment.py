"""Alignment: evaluations of several models joined by the sample's id and the image's content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.errors import TableError
from carvis.evaluation.metrics import probability_columns
from carvis.evaluation.result import Evaluation
from carvis.language import Message
from carvis.workspace.sample_ids import composed

# Why an image is not compared.
Reason = Literal["missing", "changed", "relabelled", "copies"]


@dataclass(frozen=True, eq=False)
class Joined:
    """The images that several evaluations share, with every model's prediction for each.

    Attributes:
        evaluations: the evaluations by the name that tells them apart, in the order given.
        table: a row a shared image, in the first evaluation's order: id, path, sha256, label, then of each name
            ``predicted:<name>``, ``confidence:<name>`` and ``right:<name>`` (bool).
        rows: of each name the positions (N,) of the shared images in that evaluation's predictions.
        left_out: why images are not compared -> how many of the largest evaluation: ``missing`` (not
            in all of them), ``changed`` (the same id, another image), ``relabelled`` (the same image, another
            label). Reasons that do not occur are absent.
    """

    evaluations: dict[str, Evaluation]
    table: pd.DataFrame
    rows: dict[str, NDArray[np.int_]]
    left_out: dict[Reason, int]

    @property
    def names(self) -> list[str]:
        """The names of the models, in the order given."""
        return list(self.evaluations)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each model (column) is right on each image (row): bool (N, models)."""
        return self.table[[f"right:{name}" for name in self.names]].to_numpy()

    def probabilities(self, name: str) -> NDArray[np.float32]:
        """One model's probabilities for the shared images: float32 (N, its classes), in its class order."""
        evaluation = self.evaluations[name]
        columns = probability_columns(evaluation.class_names)
        return evaluation.predictions[columns].to_numpy(np.float32)[self.rows[name]]


def by_model_name(evaluations: Sequence[Evaluation] | Mapping[str, Evaluation]) -> dict[str, Evaluation]:
    """Evaluations by their model's name; a name that occurs again gets a number behind it."""
    if isinstance(evaluations, Mapping):
        return dict(evaluations)
    by_name: dict[str, Evaluation] = {}
    for evaluation in evaluations:
        name = base = evaluation.setup["model"]["name"]
        n = 1
        while name in by_name:
            n += 1
            name = f"{base} ({n})"
        by_name[name] = evaluation
    return by_name


def join(evaluations: Sequence[Evaluation] | Mapping[str, Evaluation]) -> Joined:
    """Put the predictions of several models for the same images beside each other.

    An image is the same where id, content (sha256) and label agree; rows are never matched by position.

    Args:
        evaluations: one or more, in a list, or by the name that each shall have.

    Raises:
        TableError: none given, or no image is in all of them.
    """
    by_name = by_model_name(evaluations)
    if not by_name:
        raise TableError(Message("There are no evaluations to join: give one or more."))
    tables = {name: _keyed(evaluation) for name, evaluation in by_name.items()}
    ids = pd.Index(next(iter(tables.values())).index)
    for table in tables.values():
        ids = ids[ids.isin(table.index)]
    first = next(iter(tables.values())).loc[ids]
    unchanged, same_label = np.ones(len(ids), bool), np.ones(len(ids), bool)
    for table in tables.values():
        shared_rows = table.loc[ids]
        unchanged &= shared_rows["sha256"].to_numpy() == first["sha256"].to_numpy()
        same_label &= shared_rows["key"].to_numpy() == first["key"].to_numpy()
    comparable = unchanged & same_label
    if not comparable.any():
        names = list(by_name)
        raise TableError(
            Message(
                "{one} and {other} were evaluated on different images: evaluate both on the same data set and split.",
                one=names[0],
                other=names[-1],
            )
        )
    ids = ids[comparable]
    shared = first.loc[ids, ["path", "sha256", "label"]].rename_axis("id").reset_index()
    columns, rows = {}, {}
    for name, table in tables.items():
        predictions = table.loc[ids]
        rows[name] = predictions["row"].to_numpy()
        columns[f"predicted:{name}"] = predictions["predicted"].to_numpy()
        columns[f"confidence:{name}"] = predictions["confidence"].to_numpy()
        columns[f"right:{name}"] = (predictions["predicted"] == predictions["label"]).to_numpy()
    left_out: dict[Reason, int] = {
        "missing": max(len(table) for table in tables.values()) - len(comparable),
        "changed": int((~unchanged).sum()),
        "relabelled": int((unchanged & ~same_label).sum()),
    }
    table = pd.concat([shared, pd.DataFrame(columns, index=shared.index)], axis=1)
    return Joined(by_name, table, rows, {reason: n for reason, n in left_out.items() if n})


def _keyed(evaluation: Evaluation) -> pd.DataFrame:
    table = evaluation.predictions[["id", "path", "sha256", "label", "predicted", "confidence"]]
    # Models may spell a class composed or decomposed.
    spelled = {label: composed(label) for label in table["label"].unique()}
    table = table.assign(key=table["label"].map(spelled), row=np.arange(len(table)))
    return table.drop_duplicates("id").set_index("id")


def left_out_messages(left_out: Mapping[Reason, int]) -> list[Message]:
    """What is not compared, and why, from ``Joined.left_out``: a sentence a reason."""
    return [_REASONS[reason](n) for reason, n in left_out.items()]


_REASONS: dict[Reason, Callable[[int], Message]] = {
    "missing": lambda n: Message.of_number(
        "Not compared: {n} image that is not in all evaluations.",
        "Not compared: {n} images that are not in all evaluations.",
        n,
        n=f"{n:,}",
    ),
    "changed": lambda n: Message.of_number(
        "Not compared: {n} image that changed between the evaluations.",
        "Not compared: {n} images that changed between the evaluations.",
        n,
        n=f"{n:,}",
    ),
    "relabelled": lambda n: Message.of_number(
        "Not compared: {n} image with another label in another evaluation.",
        "Not compared: {n} images with another label in another evaluation.",
        n,
        n=f"{n:,}",
    ),
    "copies": lambda n: Message.of_number(
        "Not compared: {n} image that is also in training, exactly or nearly.",
        "Not compared: {n} images that are also in training, exactly or nearly.",
        n,
        n=f"{n:,}",
    ),
}
