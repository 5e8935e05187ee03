"""One pass through a model that gives its output and the embeddings."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from carvis.errors import ModelError
from carvis.feature_space.embedding_layer import embedding_layer
from carvis.feature_space.rounding import rounded
from carvis.language import Message

if TYPE_CHECKING:
    import tensorflow as tf

    from carvis.classifier import Classifier
    from carvis.feature_space.embedding_layer import EmbeddingLayer


class Outputs(NamedTuple):
    """What one pass gives for N images.

    Attributes:
        output: the model's output, float32 (N, k).
        vectors: float32 (N, d), not rounded.
    """

    output: NDArray[np.float32]
    vectors: NDArray[np.float32]


Pass: TypeAlias = Callable[[NDArray[np.float32]], Outputs]
# Tracing takes a second and serves every image after.
_passes: weakref.WeakKeyDictionary[Classifier, Pass] = weakref.WeakKeyDictionary()


def embedding_pass(clf: Classifier) -> Pass:
    """Return a function of batches that ``Classifier.prepare`` made, traced once for each model.

    The output is that of ``Classifier.predict_prepared``, bit for bit.

    Raises:
        ModelError: the model has no embeddings.
    """
    if clf not in _passes:
        _passes[clf] = _make_pass(clf, embedding_layer(clf))
    return _passes[clf]


def _make_pass(clf: Classifier, layer: EmbeddingLayer) -> Pass:
    import tensorflow as tf

    from carvis.classifier.call_hooks import hooked_calls
    from carvis.classifier.method_patches import PATCHING
    from carvis.classifier.model_call import call_model

    # Of the classifier itself nothing is held, so that it can be given up.
    model = clf.model

    def run(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        found: dict[int, tf.Tensor] = {}

        def keep(place: int, given: Any, output: Any) -> None:
            found[place] = given if layer.source == "score-input" else layer.calls[place].as_map(output)

        with PATCHING, hooked_calls(layer.calls, keep):
            output = call_model(model, tf.convert_to_tensor(images))
        values = [tf.cast(found[place], tf.float32) for place in range(len(layer.calls))]
        # A path with several calls has maps: a vector goes into one call.
        if layer.source == "score-input":
            return output, values[0]
        means = [tf.reduce_mean(value, axis=(1, 2)) for value in values]
        return output, means[0] if len(means) == 1 else tf.add_n(means) / len(means)

    traced = clf.traced(run)

    def as_arrays(images: NDArray[np.float32]) -> Outputs:
        output, vectors = (np.asarray(tensor) for tensor in traced(images))
        return Outputs(output, vectors)

    return as_arrays


def checked_vectors(clf: Classifier, vectors: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Return the embeddings of n images, rounded.

    Raises:
        ModelError: there is not one for each image, or one holds NaN or infinity.
    """
    if len(vectors) != n:
        raise ModelError(
            Message(
                "{model} has no embeddings: it processes {k} versions of each image in one batch.",
                model=clf.name,
                k=len(vectors) // max(n, 1),
            )
        )
    if not np.isfinite(vectors).all():
        raise ModelError(
            Message(
                "{model} gives embeddings that are NaN or infinite: check its weights and preprocessing, or train it"
                " again.",
                model=clf.name,
            )
        )
    return rounded(vectors)
