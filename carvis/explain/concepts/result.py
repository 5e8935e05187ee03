"""``Concepts``: what one model looks for in the images of a class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.errors import ModelError
from carvis.explain.attention.result import mean_interval
from carvis.explain.concepts.crops import Box, cut
from carvis.explain.concepts.regions import QUANTILE, region_thresholds
from carvis.images import read_image
from carvis.language import Message, from_data

if TYPE_CHECKING:
    from carvis.classifier import Classifier

Grid = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Concepts:
    """The concepts of a class, the most important one first.

    Attributes:
        bank: float32 (k, C), each concept's direction in the layer's channels, of length 1; (k, 2 C) where the layer
            has negative values, whose positive and negative parts are then channels of their own.
        crops: the crops that show each concept best: columns concept, rank, id (of the image), value (the concept's
            coefficient), and left, top, right, bottom as shares of the upright image.
        images: the images: columns id, label, predicted, right, score (that the importance is of), probability (of the
            predicted class).
        indices: float64 (s, k), total-order Sobol index of each concept in each of s images.
        falls: float64 (N, k), by how much the score falls when the concept is removed from an image's activations.
        changed, right: bool (N, k), whether the prediction changes then, and whether it is right.
        image_maps: of each image, float32 (h, w, k), how strong each concept is at each position of the upright image.
        reconstruction_error: of the crops' activations, the relative Frobenius norm |A - U W| / |A|.
        position_error: the same of the activations at all positions of the images, which the maps are made from.
        stability: float64 (k,), mean cosine of each concept with its pair in factorisations from random starts.
        names: the person's name for each concept; empty where it has none.
        setup: model, data set, split, class, layer and everything else that made it.
    """

    bank: NDArray[np.float32]
    crops: pd.DataFrame
    images: pd.DataFrame
    indices: NDArray[np.float64]
    falls: NDArray[np.float64]
    changed: NDArray[np.bool_]
    right: NDArray[np.bool_]
    image_maps: tuple[Grid, ...] = field(repr=False)
    reconstruction_error: float = 0.0
    position_error: float = 0.0
    stability: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    names: tuple[str, ...] = ()
    setup: dict[str, Any] = field(default_factory=dict, repr=False)
    clf: Classifier | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.bank)

    @property
    def subject(self) -> str:
        """The class, or the pair of classes joined by `` / ``; empty for all classes."""
        return str(self.setup["subject"])

    @property
    def layer(self) -> str:
        """The layer whose activations were factorised."""
        return str(self.setup["layer"])

    @property
    def key(self) -> str:
        """A hash of everything that made the concepts: names that a person gives are kept under it."""
        return str(self.setup["key"])

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known of them, a sentence each."""
        return tuple(map(from_data, self.setup.get("notes", ())))

    @cached_property
    def importance(self) -> NDArray[np.float64]:
        """Total-order Sobol index of each concept, the mean over images: float64 (k,)."""
        return self.indices.mean(axis=0)

    @cached_property
    def thresholds(self) -> NDArray[np.float64]:
        """How strong each concept must be for a position to belong to its region, float64 (k,): see ``regions``."""
        return region_thresholds(self.image_maps, QUANTILE)

    def label(self, concept: int) -> str:
        """Return the name of a concept, its number from 1 on where it has none."""
        return (self.names[concept] if concept < len(self.names) else "") or f"concept {concept + 1}"

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a concept: name, importance with its 95 % confidence interval, and what removing it costs.

        Columns: name, importance, importance low, importance high, fall (of the score), fall low, fall high, changed
        (share of predictions that change), accuracy (without it), stability, images (share of them with the concept's
        region).
        """
        rows = []
        for concept in range(len(self)):
            low, high = mean_interval(self.indices[:, concept])
            fall_low, fall_high = mean_interval(self.falls[:, concept])
            shown = [float(grid[..., concept].max()) >= self.thresholds[concept] > 0 for grid in self.image_maps]
            rows.append(
                {
                    "name": self.label(concept),
                    "importance": float(self.importance[concept]),
                    "importance low": low,
                    "importance high": high,
                    "fall": float(self.falls[:, concept].mean()),
                    "fall low": fall_low,
                    "fall high": fall_high,
                    "changed": float(self.changed[:, concept].mean()),
                    "accuracy": float(self.right[:, concept].mean()),
                    "stability": float(self.stability[concept]),
                    "images": float(np.mean(shown)),
                }
            )
        return pd.DataFrame(rows).rename_axis("concept")

    @cached_property
    def by_class(self) -> pd.DataFrame:
        """One row a label and concept: index (label, concept), columns n, uncovered (accuracy), accuracy, fall."""
        rows = {}
        for label, places in self.images.groupby("label").indices.items():
            before = float(self.images["right"].to_numpy()[places].mean())
            for concept in range(len(self)):
                rows[str(label), concept] = {
                    "n": len(places),
                    "uncovered": before,
                    "accuracy": float(self.right[places, concept].mean()),
                    "fall": float(self.falls[places, concept].mean()),
                }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["label", "concept"])

    @cached_property
    def agreement(self) -> float:
        """Spearman's rank correlation of importance with how far the score moves when a concept is removed.

        NaN for fewer than three concepts, or where all of one are equal.
        """
        return rank_correlation(self.importance, np.abs(self.falls.mean(axis=0)))

    def named(self, names: Mapping[int, str]) -> Concepts:
        """Return the same concepts with names by their number from 0 on; concepts of one name are one part.

        Raises:
            ModelError: there is no such concept.
        """
        given = list(self.names) or [""] * len(self)
        for concept, name in names.items():
            if not 0 <= concept < len(self):
                raise ModelError(
                    Message("There is no concept {n}: they are 0 to {last}.", n=concept, last=len(self) - 1)
                )
            given[concept] = " ".join(name.split())
        return replace(self, names=tuple(given))

    def maps(self, images: np.ndarray | Sequence[str | Path]) -> list[Grid]:
        """Return how strong each concept is at each position of other images: float32 (h, w, k) each, upright.

        Args:
            images: uint8 (N, H, W, 3), or paths.

        Raises:
            ModelError: the concepts were read from a file without their model: give it as ``clf`` to ``load_concepts``.
            ImageError: an image cannot be read.
        """
        if self.clf is None:
            raise ModelError(Message("These concepts were opened without their model, which makes maps: open it, too."))
        from carvis.explain.concepts.forward import concept_maps

        return concept_maps(self.clf, images, self.layer, self.bank, bool(self.setup["signed"]))

    def crop_images(
        self, concept: int, paths: Mapping[str, str | Path], most: int = 5
    ) -> Iterable[tuple[str, NDArray[np.uint8]]]:
        """Yield the ids and pixels, uint8 (h, w, 3), of the crops that show a concept best, the best one first.

        Args:
            paths: the file of each image by its id; those that are not there are skipped.
        """
        rows = self.crops[self.crops["concept"] == concept].sort_values("rank")
        for row in rows.head(most).to_dict("records"):
            if row["id"] in paths:
                box: Box = (row["left"], row["top"], row["right"], row["bottom"])
                yield str(row["id"]), cut(read_image(paths[row["id"]]), box)


def rank_correlation(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Return Spearman's rank correlation; NaN for fewer than three pairs of numbers, or where one side is constant."""
    from scipy.stats import spearmanr

    usable = np.isfinite(first) & np.isfinite(second)
    first, second = first[usable], second[usable]
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(spearmanr(first, second).statistic)
