"""A hash of everything that decides a model's predictions, the same after saving, loading and on any machine."""

import json
from typing import Any

import keras
import numpy as np

from carvis.classifier.graph import calls_of, operations_of
from carvis.workspace import content_hash

# What only training or building needs, or what differs between two savings of one model.
_LEFT_OUT = ("name", "trainable", "seed", "layers", "build_config", "batch_shape", "sparse", "ragged", "optional")
_LEFT_OUT_ENDINGS = ("_initializer", "_regularizer", "_constraint")


def fingerprint(model: keras.Model, facts: dict) -> str:
    """Return the SHA-256, in hexadecimal, of a model's architecture, its weights and further JSON-able facts."""
    weights = (np.ascontiguousarray(weight) for weight in model.get_weights())
    return content_hash(json.dumps([_architecture(model), facts], sort_keys=True, default=_plain), *weights)


def _architecture(model: keras.Model) -> list:
    steps = operations_of(model)
    places = {id(step): i for i, step in enumerate(steps)}
    described = []
    for step in steps:
        inner = _architecture(step) if isinstance(step, keras.Model) else _settings(step)
        calls = [] if isinstance(model, keras.Sequential) else _calls(step, model, places)
        name = step.name if isinstance(step, keras.Layer) else ""
        described.append([type(step).__name__, name, inner, calls])
    return described


def _settings(step: keras.Operation) -> dict:
    try:
        config = step.get_config()
    # A trusted class of the user's own need not have one.
    except NotImplementedError:
        return {}
    return {
        key: value
        for key, value in config.items()
        if value is not None and key not in _LEFT_OUT and not key.endswith(_LEFT_OUT_ENDINGS)
    }


def _calls(step: keras.Operation, model: keras.Model, places: dict) -> list:
    def refer(value: Any) -> Any:
        if isinstance(value, keras.KerasTensor):
            history = value._keras_history
            return ["from", places.get(id(history.operation)), history.tensor_index]
        if isinstance(value, (list, tuple)):
            return [refer(item) for item in value]
        if isinstance(value, dict):
            return {key: refer(item) for key, item in value.items() if key != "training"}
        return value

    return [[refer(node.arguments.args), refer(node.arguments.kwargs)] for node in calls_of(model, step)]


def _plain(value: Any) -> Any:
    """Describe a value that is not JSON, without anything that differs from run to run."""
    if hasattr(value, "numpy"):
        value = value.numpy()
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, slice):
        return [value.start, value.stop, value.step]
    return getattr(value, "__name__", type(value).__name__)
