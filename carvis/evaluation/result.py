"""``Evaluation``: a classifier's predictions for every image of a split, and what follows from them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from carvis.errors import CarvisError
from carvis.evaluation.assumptions.result import AssumptionCheck
from carvis.evaluation.leakage import Leak
from carvis.evaluation.metrics import confusion_matrix, most_confused, probability_columns
from carvis.evaluation.storage import save_evaluation
from carvis.images import USUAL
from carvis.workspace import Links, dataset_links, resolved, sha256_of_file


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The predictions of one classifier for one split of a data set.

    Evaluations are joined by sample id and by the images' content hash, never by row.

    Attributes:
        predictions: one row per image, by id: id, path (below the data set, `/`), sha256 of the file, label, predicted,
            confidence (probability of `predicted`), copy_of (id of the training image that it duplicates, empty where
            there is none; absent where leakage was not checked), then float32 `p:<class>` for each class of the model.
        metrics: accuracy, accuracy_interval (Wilson, 95 %), n, correct, top3, macro_precision, macro_recall, macro_f1,
            log_loss, mean_confidence, per_class, unreadable (a list of id, path, reason: not counted), left_out
            (class the model does not know -> images, not counted), leak (where it was checked: see `leak`).
        setup: how it was made: model, dataset, split, versions, created, notes (sentences), embeddings (their
            name in the cache, where they were kept: see `carvis.feature_space.stored_embeddings`).
        root: the data set's folder on this machine, or None where it is not known.
    """

    predictions: pd.DataFrame
    metrics: dict
    setup: dict
    root: Path | None = None

    def __repr__(self) -> str:
        model, data = self.setup["model"]["name"], self.setup["dataset"]["name"]
        return f"Evaluation({model!r} on {data!r} {self.split}, n={self.metrics['n']}, accuracy={self.accuracy:.3f})"

    def _repr_html_(self) -> str | None:
        from carvis.evaluation.display import evaluation_html

        return evaluation_html(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Evaluation):
            return NotImplemented
        same = self.metrics == other.metrics and self.setup == other.setup
        return same and self.predictions.equals(other.predictions)

    # Evaluations compare by content that may change.
    __hash__ = None  # type: ignore[assignment]

    @property
    def class_names(self) -> list[str]:
        """The model's classes in its order."""
        return self.setup["model"]["class_names"]

    @property
    def assumption_check(self) -> AssumptionCheck | None:
        """The check of what was assumed of the model, where one was made."""
        stored = self.setup.get("assumption_check")
        try:
            return AssumptionCheck.from_json(stored) if stored else None
        # Of another version of carvis: the notes say it, too.
        except CarvisError:
            return None

    @property
    def assumed(self) -> frozenset[str]:
        """The facts of the model that were neither given nor confirmed; none where that was not noted."""
        return frozenset(self.setup["model"].get("assumed", ()))

    @property
    def model_facts(self) -> dict:
        """What ``load_classifier`` must be given so that it opens the model as it was evaluated."""
        model = self.setup["model"]
        size = tuple(model.get("input_size") or ())
        # Evaluations made before the reading was noted read images in the usual way, whatever the card says.
        model = vars(USUAL) | model
        facts = {
            name: model.get(name)
            for name in ("class_names", "preprocessing", "resize", "alpha", "orientation", "output")
        }
        return facts | {"input_size": size if size and None not in size else None}

    @property
    def split(self) -> str:
        """The evaluated split."""
        return self.setup["split"]

    @property
    def accuracy(self) -> float:
        """The share of images whose predicted class is their label."""
        return self.metrics["accuracy"]

    def made_with(self, file: str | Path) -> bool | None:
        """Tell whether a model file is the one that gave these predictions; None where its hash was not noted.

        Raises:
            OSError: the file cannot be read.
        """
        noted = self.setup["model"].get("sha256")
        return None if noted is None else noted == sha256_of_file(file)

    @property
    def leak(self) -> Leak | None:
        """How many images are also in training, and the accuracy without them; None where it was not checked."""
        try:
            return Leak(**{name: int(self.metrics["leak"][name]) for name in ("copies", "exact", "clean", "correct")})
        except (KeyError, TypeError, ValueError):
            return None

    @cached_property
    def confusion(self) -> pd.DataFrame:
        """Counts of images: true class down, predicted class across, both in the model's order."""
        return confusion_matrix(self.predictions, self.class_names)

    @property
    def per_class(self) -> pd.DataFrame:
        """One row a class: precision, recall, f1, support, predicted, mean_confidence; NaN where undefined."""
        table = pd.DataFrame.from_dict(self.metrics["per_class"], orient="index").rename_axis("class")
        return table.astype(dict.fromkeys(("precision", "recall", "f1", "mean_confidence"), float))

    def most_confused(self, n: int | None = None) -> pd.DataFrame:
        """The pairs mistaken most often: label, predicted, count, share of the label's images."""
        return most_confused(self.confusion, n)

    def misclassified(self) -> pd.DataFrame:
        """The wrong predictions, most confident first.

        Columns id, path, label, predicted, confidence, margin (ahead of the second class), p_true (probability of the
        true class), sha256. `path` is absolute where the data set's folder is known (empty where it would lead out of
        that folder), else below the data set.
        """
        wrong = self.predictions[self.predictions["label"] != self.predictions["predicted"]]
        wrong = wrong.sort_values("confidence", ascending=False, kind="stable", ignore_index=True)
        probabilities = wrong[probability_columns(self.class_names)].to_numpy()
        true = pd.Index(self.class_names).get_indexer(pd.Index(wrong["label"]))
        table = wrong[["id", "path", "label", "predicted", "confidence"]].copy()
        table["margin"] = np.diff(np.sort(probabilities, axis=1)[:, -2:], axis=1)[:, 0] if len(wrong) else 0.0
        table["p_true"] = probabilities[np.arange(len(wrong)), true]
        table["sha256"] = wrong["sha256"]
        if self.root is not None:
            table["path"] = pd.Series(_below(self.root, wrong["path"]), dtype=table["path"].dtype)
        return table

    def save(self, folder: str | Path) -> Path:
        """Write `predictions.parquet`, `metrics.json` and `df2.csv` into `folder`; see `carvis.evaluation.storage`."""
        return save_evaluation(self, folder)


def _below(root: Path, paths: pd.Series) -> list[str | None]:
    """Absolute paths of images, None for one that leads out of `root`, links resolved.

    Images are resolved one by one only in folders that hold links, as that takes longest.
    """
    root = resolved(root)
    # Only a link may lead into another data set, and no ".." in the path itself.
    root_links, linked_too = Links(root), dataset_links(root)
    # Of each folder: its path, whether it lies inside, and whether something in it may lead out again.
    folders: dict[str, tuple[str, bool, bool]] = {}
    absolute: list[str | None] = []
    for path in paths.tolist():
        below, _, name = path.rpartition("/")
        links = root_links if ".." in path else linked_too
        if below not in folders:
            folder = os.path.join(root, *below.split("/")).rstrip(os.sep)
            is_inside = links.hold(folder)
            folders[below] = folder, is_inside, is_inside and _holds_links(folder)
        folder, safe, linked = folders[below]
        full = folder + os.sep + name
        if safe and (linked or name in ("", ".", "..") or "\\" in name or ":" in name):
            full = os.path.join(folder, name)
            safe = links.hold(full)
        absolute.append(full if safe else None)
    return absolute


def _holds_links(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entry.is_symlink() for entry in entries)
    except OSError:
        return False
