"""The call of a model, in the type and structure that its input declares."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from carvis.classifier.method_patches import PATCHING, patched
from carvis.classifier.runtime_errors import model_failures, name_of, with_model_failures

_fed_as_float = threading.local()
_WHOLE = ("uint8", "uint16", "uint32", "uint64", "int16", "int32", "int64")


def input_dtype(model: keras.Model) -> str:
    """Return the type of numbers that a model's input declares, ``float32`` as a rule."""
    return keras.backend.standardize_dtype(model.inputs[0].dtype)


def takes_whole_numbers(model: keras.Model) -> bool:
    """Tell whether a model's input is of integers, which hold unscaled pixel values 0 to 255."""
    return input_dtype(model) in _WHOLE


def copes_with_batches(model: keras.Model, shape: tuple[int, int, int]) -> bool:
    """Tell whether a model takes any number of images at once, though its input may name one.

    Args:
        shape: (h, w, c) of an image.
    """
    if model.inputs[0].shape[0] is None:
        return True
    try:
        output = call_model(model, tf.zeros((model.inputs[0].shape[0] + 1, *shape)))
    # A model may fail in any way.
    except Exception:
        return False
    return output.shape[0] == model.inputs[0].shape[0] + 1


def call_model(model: keras.Model, images: tf.Tensor) -> tf.Tensor:
    """Return a model's one output (N, k), float32, for prepared images (N, h, w, c), float32.

    Raises:
        ModelError: it cannot be computed.
    """
    with model_failures(name_of(model)):
        return tf.cast(keras.tree.flatten(model(_fed(model, images), training=False))[0], tf.float32)


def traced(model: keras.Model, function: Callable, signature: Sequence[tf.TensorSpec]) -> Callable:
    """Return a function of a model's tensors, traced once, whose failures are ``ModelError``s.

    Args:
        signature: of its arguments.
    """
    graph = tf.function(function, input_signature=list(signature))

    def run(*tensors: Any) -> Any:
        # By itself a call counts as a trace of one function for all models, of which TensorFlow soon warns.
        if not graph.experimental_get_tracing_count():
            graph.get_concrete_function()
        return graph(*tensors)

    return with_model_failures(run, name_of(model))


def _fed(model: keras.Model, images: tf.Tensor) -> Any:
    dtype = tf.as_dtype(input_dtype(model))
    if dtype.is_integer and id(model) not in _floats_for():
        images = tf.cast(tf.clip_by_value(tf.round(images), 0, 255), dtype)
    elif not dtype.is_integer:
        images = tf.cast(images, dtype)
    structure = getattr(model, "_inputs_struct", None)
    if isinstance(structure, dict):
        return dict.fromkeys(structure, images)
    return [images] if isinstance(structure, list) else images


def _floats_for() -> set[int]:
    """The models that this thread feeds floats."""
    return getattr(_fed_as_float, "models", set())


def _graph(model: keras.Model) -> keras.Model:
    return model._functional if isinstance(model, keras.Sequential) else model


@contextlib.contextmanager
def fed_as_float(model: keras.Model) -> Iterator[None]:
    """Let floats into a model whose input is of whole numbers while the block lasts, so that a gradient can leave it.

    Whole numbers have no gradient; what casts them to floats inside passes floats on unchanged.
    """
    if not takes_whole_numbers(model):
        yield
        return
    with contextlib.ExitStack() as patches:
        patches.enter_context(PATCHING)
        # A model that is called several times is one graph.
        for graph in {id(graph): graph for graph in _graphs(model) if takes_whole_numbers(graph)}.values():
            patches.enter_context(patched(graph, "_convert_inputs_to_tensors", lambda own, inputs: inputs))
        fed, _fed_as_float.models = _floats_for(), {*_floats_for(), id(model)}
        try:
            yield
        finally:
            _fed_as_float.models = fed


def computes_alike_on_floats(model: keras.Model, images: np.ndarray) -> bool:
    """Tell whether a model of whole numbers gives the same output for the same values as floats.

    Args:
        images: uint8 (N, h, w, c).
    """
    values = tf.constant(images, tf.float32)
    try:
        with fed_as_float(model):
            fed = call_model(model, values)
    # Operations on integers may reject floats with any error.
    except Exception:
        return False
    return np.allclose(fed, call_model(model, values), rtol=1e-3, atol=1e-4)


def _graphs(model: keras.Model) -> Iterator[keras.Model]:
    yield _graph(model)
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _graphs(layer)
