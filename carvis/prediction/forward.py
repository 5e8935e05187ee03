"""One pass through a model: its probabilities, the energy of its scores and the features they are made from."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from carvis.classifier.graph import Step
from carvis.classifier.method_patches import PATCHING, in_this_thread, patched
from carvis.classifier.model_call import call_model
from carvis.classifier.output import squashing_step
from carvis.feature_space.model_pass import embedding_pass
from carvis.feature_space.rounding import rounded
from carvis.prediction.novelty import NoveltyScore, energy

if TYPE_CHECKING:
    from carvis.classifier import Classifier

_passes: weakref.WeakKeyDictionary[Classifier, Callable[[NDArray[np.float32]], tuple[tf.Tensor, tf.Tensor]]] = (
    weakref.WeakKeyDictionary()
)


class Outputs(NamedTuple):
    """What a model gives for N images.

    Attributes:
        probabilities: float32 (N, classes).
        vectors: the embeddings, float32 (N, d), rounded as stored ones are; None where they were not wanted.
        energies: (N,); None where they were not wanted, or the model has none.
    """

    probabilities: NDArray[np.float32]
    vectors: NDArray[np.float32] | None = None
    energies: NDArray[np.float64] | None = None


def run(clf: Classifier, batch: NDArray[np.float32], wanted: NoveltyScore | Literal[""] = "") -> Outputs:
    """Run a model once on a batch that ``Classifier.prepare`` made, float32 (N, h, w, c).

    Args:
        wanted: the score for which features or energies are given, too.
    """
    if wanted == "training-distance":
        output, vectors = embedding_pass(clf)(batch)
        return Outputs(clf.probabilities(output), rounded(vectors))
    if wanted == "energy" and has_energy(clf):
        if clf not in _passes:
            _passes[clf] = _logits_pass(clf)
        raw, logits = _passes[clf](batch)
        return Outputs(clf.probabilities(np.asarray(raw)), None, energy(np.asarray(logits)))
    return Outputs(clf.predict_prepared(batch))


def has_energy(clf: Classifier) -> bool:
    """Tell whether a model has logits of exclusive classes, from which an energy follows."""
    if clf.model.outputs[0].shape[1] == 1:
        return False
    return clf.output == "logit" or (clf.output == "probability" and squashing_step(clf.model) is not None)


def _logits_pass(clf: Classifier) -> Callable[[NDArray[np.float32]], tuple[tf.Tensor, tf.Tensor]]:
    """Return a function of prepared images to the model's output and its logits, both float32 (N, classes)."""
    # Of the classifier itself nothing is held, so that it can be given up.
    model, squashing = clf.model, squashing_step(clf.model) if clf.output == "probability" else None

    def forward(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        kept: list[tf.Tensor] = []

        def keep(function: Callable[..., tf.Tensor], x: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
            kept.append(x)
            return function(x, *args, **kwargs)

        with PATCHING, contextlib.nullcontext() if squashing is None else _wrapped(squashing, keep):
            output = call_model(model, tf.convert_to_tensor(images))
        if squashing is None:
            return output, output
        return output, tf.reshape(tf.cast(kept[-1], tf.float32), tf.shape(output))

    return clf.traced(forward)


@contextlib.contextmanager
def _wrapped(squashing: Step, wrapper: Callable) -> Iterator[None]:
    """Run ``wrapper(function, x)`` in place of a softmax, be it a layer of its own or the activation of one."""
    activation = getattr(squashing, "activation", None)
    if activation is None or isinstance(activation, keras.Operation):
        with patched(activation or squashing, "call", wrapper):
            yield
        return
    with PATCHING:
        squashing.activation = in_this_thread(activation, wrapper)
        try:
            yield
        finally:
            squashing.activation = activation
