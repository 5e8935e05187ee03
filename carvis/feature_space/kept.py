"""Embeddings on disk: those that an evaluation wrote along, or that the demo ships; no TensorFlow is needed."""

from pathlib import Path
from typing import Any, Protocol

from carvis.feature_space.result import Embeddings
from carvis.workspace import Workspace


class Evaluated(Protocol):
    """What of an evaluation says where its embeddings lie."""

    @property
    def setup(self) -> dict[str, Any]:
        """How it was made."""


def stored_embeddings(
    workspace: Workspace | str | Path, evaluated: Evaluated | tuple[str, str, str]
) -> Embeddings | None:
    """Return the embeddings that were kept with an evaluation, without the model.

    Args:
        workspace: the workspace that holds the evaluation.
        evaluated: an evaluation, or the names of data set, split and model.

    Returns:
        None where there are none, or where the model's file has changed since.
    """
    raise NotImplementedError
