"""The outputs of layers from one forward pass, for many images in batches."""

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import keras
import numpy as np
import tensorflow as tf

from carvis.classifier import Classifier
from carvis.classifier.call_hooks import as_map, hooked_calls
from carvis.classifier.flat_graph import Call
from carvis.classifier.method_patches import PATCHING
from carvis.classifier.model_call import call_model, traced
from carvis.dataset import Unreadable
from carvis.errors import ModelError
from carvis.language import Message

_Outputs = TypeVar("_Outputs", tf.Tensor, np.ndarray)
Pass = Callable[[Any], Sequence[tf.Tensor]]

_passes: "weakref.WeakKeyDictionary[Classifier, dict[tuple[str, ...], Pass]]" = weakref.WeakKeyDictionary()


def make_pass(
    model: keras.Model,
    layers: Sequence[Call | keras.Layer],
    size: tuple[int | None, int | None] | None = None,
) -> Pass:
    """Return a function of prepared images, float32 (N, H, W, C), to the outputs (N, h, w, c) of layers.

    It is traced for images of a size (height, width), the model's own where None, unless that is open.
    """
    shape = [*(size or model.inputs[0].shape[1:3]), model.inputs[0].shape[3]]

    def run(images: tf.Tensor) -> list[tf.Tensor]:
        outputs: dict[int, tf.Tensor] = {}

        def keep(place: int, given: tf.Tensor, output: tf.Tensor) -> None:
            outputs[place] = as_map(layers[place], output)

        with PATCHING, hooked_calls(layers, keep):
            call_model(model, tf.convert_to_tensor(images))
        return [tf.cast(outputs[place], tf.float32) for place in range(len(layers))]

    return run if None in shape else traced(model, run, [tf.TensorSpec([None, *shape])])


def traced_pass(clf: Classifier, layers: Sequence[str]) -> Pass:
    """Return ``make_pass`` for layers by their paths, traced once for each model: it costs a second.

    Raises:
        ModelError: no such layer, or one without a map.
    """
    passes = _passes.setdefault(clf, {})
    if tuple(layers) not in passes:
        run = make_pass(clf.model, [clf.map_layer(layer) for layer in layers], clf.input_size)
        passes[tuple(layers)] = lambda images: check_one_output_per_image(clf, layers, run(images), len(images))
    return passes[tuple(layers)]


def check_one_output_per_image(
    clf: Classifier, layers: Sequence[str], outputs: Sequence[_Outputs], n: int
) -> Sequence[_Outputs]:
    """Return the outputs of layers for n images where each has one output an image.

    Raises:
        ModelError: the model puts several versions of each image into one batch, and a layer sees all of them.
    """
    for path, output in zip(layers, outputs, strict=True):
        if n and len(output) != n:
            raise ModelError(
                Message(
                    "{layer} of {name} processes {k} versions of each image in one batch, so its outputs "
                    "cannot be assigned to images: choose a method that needs no layer (occlusion, "
                    "smoothgrad or integrated-gradients).",
                    layer=path,
                    name=clf.name,
                    k=len(output) // n,
                )
            )
    return outputs


def layer_outputs(
    clf: Classifier, paths: Iterable[str], layers: Sequence[str], *, batch_size: int = 16, unreadable: Unreadable
) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """Yield batches of images: their places in ``paths`` int64 (n,), and each layer's output float32 (n, h, w, c).

    Args:
        layers: paths of layers with a map as output.
        unreadable: images that cannot be read are recorded there and skipped.

    Raises:
        ModelError: no such layer, or one without a map.
    """
    run = traced_pass(clf, layers)
    for places, images in clf.prepared_batches(paths, batch_size=batch_size, unreadable=unreadable):
        yield places, [output.numpy() for output in run(images)]
