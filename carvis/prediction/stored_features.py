"""The features of training and validation images that an evaluation stored. (Stands in for ``feature_space``.)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carvis.workspace import Workspace

if TYPE_CHECKING:
    from carvis.classifier import Classifier


@dataclass(frozen=True, eq=False)
class Features:
    """Images in a model's features: ids (N,), labels (N,) and vectors (N, d)."""

    ids: NDArray[np.str_]
    labels: NDArray[np.str_]
    vectors: NDArray[np.float32]


def stored_features(workspace: Workspace, clf: Classifier, dataset: str, split: str) -> Features | None:
    """Return the stored features of a split's images; None where there are none of this model."""
    return None


def nearest(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int_], NDArray[np.float32]]:
    """Return the places (M, k) and the cosine distances (M, k) of the vectors nearest to each query."""

    def unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)

    distances = 1 - unit(queries) @ unit(vectors).T
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(distances, order, axis=1)
