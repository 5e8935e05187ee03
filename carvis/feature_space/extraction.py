"""``embeddings``: what a model's scores are made from, for every image of a split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from carvis.dataset import Dataset
from carvis.feature_space.result import Embeddings
from carvis.progress import Progress
from carvis.workspace import Workspace

if TYPE_CHECKING:
    from carvis.classifier import Classifier


def embeddings(
    clf: Classifier,
    data: Dataset | str | Path,
    split: str = "test",
    *,
    workspace: Workspace | str | Path | None = None,
    batch_size: int = 32,
    progress: Progress | None = None,
) -> Embeddings:
    """Return a vector for every image of a split: the input of the last layer that makes the scores.

    Args:
        clf: the classifier.
        data: a data set or its folder.
        split: train, valid or test.
        workspace: where they are kept and looked for; None keeps nothing.
        batch_size: images in one pass.
        progress: called with (images done, images in all) after each batch.
    """
    raise NotImplementedError
