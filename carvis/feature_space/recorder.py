"""Taking the embeddings along while a classifier predicts, from the same pass."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carvis.errors import CarvisError, ModelError
from carvis.feature_space.cache import EmbeddingCache, embedding_key
from carvis.feature_space.embedding_layer import embedding_layer
from carvis.feature_space.model_pass import Pass, checked_vectors, embedding_pass

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.feature_space.embedding_layer import EmbeddingLayer
    from carvis.workspace import ArrayWriter, Workspace


class Recorder:
    """Predicts like the classifier, bit for bit, and keeps the embeddings of the same passes where it can.

    A model without embeddings, a full disk and a cache that cannot be written cost the embeddings, never a prediction.
    """

    def __init__(
        self,
        clf: Classifier,
        cache: EmbeddingCache | None = None,
        layer: EmbeddingLayer | None = None,
        writer: ArrayWriter | None = None,
    ):
        self._clf, self._cache, self._layer, self._writer = clf, cache, layer, writer
        self._run: Pass | None = embedding_pass(clf) if writer else None

    def predict(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities, float32 (N, classes), of a batch that ``Classifier.prepare`` made."""
        if self._run is None:
            return self._clf.predict_prepared(batch)
        outputs = self._run(batch)
        if self._writer:
            try:
                self._writer.append(checked_vectors(self._clf, outputs.vectors, len(batch)))
            except (ModelError, OSError):
                self._writer = None
        return self._clf.probabilities(outputs.output)

    def keep(self, content: str | None, ids: Sequence[str], labels: Sequence[str]) -> str | None:
        """Keep the embeddings of all images that were predicted.

        Args:
            content: of the images, as ``SplitContent`` gives it.
            ids, labels: of the images, in the order in which they were predicted.

        Returns:
            Their name in the cache; None where they could not be kept.
        """
        if not (self._writer and self._cache and self._layer and content):
            return None
        # An image that was removed meanwhile has a row and no id.
        if not ids or self._writer.rows != len(ids):
            return None
        key = embedding_key(self._clf.fingerprint, content)
        facts = (self._layer.path, self._layer.source, self._layer.width)
        try:
            self._cache.keep(self._writer, key, ids, labels, facts)
        except (CarvisError, OSError):
            return None
        return key


@contextlib.contextmanager
def recording(clf: Classifier, workspace: Workspace | None, n: int) -> Iterator[Recorder]:
    """Yield what predicts n images and records their embeddings, in no workspace only what predicts.

    Args:
        clf: the classifier.
        workspace: whose cache keeps them.
        n: the images.
    """
    layer = None
    if workspace:
        # Without embeddings it predicts all the same.
        with contextlib.suppress(ModelError):
            layer = embedding_layer(clf)
    if workspace is None or layer is None:
        yield Recorder(clf)
        return
    cache = EmbeddingCache(workspace)
    with cache.writing(n, layer.width) as writer:
        yield Recorder(clf, cache, layer, writer)
