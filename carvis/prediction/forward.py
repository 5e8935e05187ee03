"""One pass through a model: its probabilities, the energy of its scores and the features they are made from."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from carvis.classifier.graph import Step
from carvis.classifier.method_patches import PATCHING, in_this_thread, patched
from carvis.classifier.model_call import call_model, traced
from carvis.classifier.output import squashing_step
from carvis.prediction.novelty import energy

if TYPE_CHECKING:
    from carvis.classifier import Classifier

_passes: weakref.WeakKeyDictionary[Classifier, Callable[[Any], tuple[tf.Tensor, tf.Tensor]]] = (
    weakref.WeakKeyDictionary()
)


class Outputs(NamedTuple):
    """What a model gives for N images.

    Attributes:
        probabilities: float32 (N, classes).
        energies: (N,), or None where the model has no logits of exclusive classes.
        vectors: float32 (N, d), or None where nobody asked for them.
    """

    probabilities: NDArray[np.float32]
    energies: NDArray[np.float64] | None
    vectors: NDArray[np.float32] | None


def run(clf: Classifier, batch: NDArray[np.float32]) -> Outputs:
    """Run a model on a batch that ``Classifier.prepare`` made, float32 (N, h, w, c)."""
    if not has_energy(clf):
        return Outputs(clf.predict_prepared(batch), None, None)
    if clf not in _passes:
        _passes[clf] = _logits_pass(clf)
    raw, before = _passes[clf](batch)
    return Outputs(clf.probabilities(np.asarray(raw)), energy(np.asarray(before)), None)


def has_energy(clf: Classifier) -> bool:
    """Tell whether a model has logits of exclusive classes, from which an energy follows."""
    if clf.model.outputs[0].shape[1] == 1:
        return False
    return clf.output == "logit" or (clf.output == "probability" and squashing_step(clf.model) is not None)


def _logits_pass(clf: Classifier) -> Callable[[Any], tuple[tf.Tensor, tf.Tensor]]:
    """Return a function of prepared images to the model's output and its logits, both float32 (N, classes)."""
    squashing = squashing_step(clf.model) if clf.output == "probability" else None

    def forward(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        kept: list[tf.Tensor] = []

        def keep(function: Callable[..., tf.Tensor], x: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
            kept.append(x)
            return function(x, *args, **kwargs)

        with PATCHING, _wrapped(squashing, keep) if squashing is not None else contextlib.nullcontext():
            output = call_model(clf.model, tf.convert_to_tensor(images))
        before = tf.reshape(tf.cast(kept[-1], tf.float32), tf.shape(output)) if kept else output
        return output, before

    if clf.native_size:
        return forward
    return traced(clf.model, forward, [tf.TensorSpec([None, *clf.input_size, clf.channels], tf.float32)])


@contextlib.contextmanager
def _wrapped(squashing: Step, wrapper: Callable) -> Iterator[None]:
    """Run ``wrapper(function, x)`` in place of a softmax, be it a layer of its own or the activation of one."""
    activation = getattr(squashing, "activation", None)
    if activation is None or isinstance(activation, Step):
        with patched(activation or squashing, "call", wrapper):
            yield
        return
    with PATCHING:
        squashing.activation = in_this_thread(activation, wrapper)
        try:
            yield
        finally:
            squashing.activation = activation
