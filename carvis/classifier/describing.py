"""What can be said of a model file at a glance: without TensorFlow, without its weights, without running anything."""

import math
from collections.abc import Iterator
from pathlib import Path

import h5py

from carvis.classifier.card import card_path
from carvis.classifier.inspection import ModelFile, damaged, read_model_file
from carvis.errors import ModelError

_MODELS = ("Model", "Functional", "Sequential")
_LEFT_OUT = ("optimizer", "metrics", "compile_metrics", "_metrics", "loss_tracker", "seed_generator")


def describe_model_file(path: str | Path) -> dict:
    """Return what a list of models shows of one file; nothing in it raises.

    Returns:
        ``format`` (``keras``, ``hdf5`` or None), ``bytes``, ``keras_version``, ``input_size`` [height, width] (None
        where open), ``channels``, ``outputs``, ``layers``, ``parameters`` (None for what cannot be told),
        ``has_card`` and ``refused``, None or the sentence why the file will not be opened.
    """
    path = Path(path)
    facts = dict.fromkeys(
        ("format", "bytes", "keras_version", "input_size", "channels", "outputs", "layers", "parameters", "refused")
    )
    facts["has_card"] = card_path(path).is_file()
    try:
        facts["bytes"] = path.stat().st_size
        file = read_model_file(path)
        facts |= {"format": file.kind, "keras_version": file.keras_version}
        facts |= _architecture(file.config)
        facts["parameters"] = parameters(file)
    except ModelError as error:
        facts["refused"] = str(error)
    # Its JSON may be of no shape that was ever seen.
    except Exception as error:
        facts["refused"] = str(damaged(path, error))
    return facts


def _architecture(config: dict) -> dict:
    shape = _input_shape(config)
    picture = shape is not None and len(shape) == 4
    return {
        "input_size": list(shape[1:3]) if picture else None,
        "channels": shape[3] if picture else None,
        "outputs": _outputs(config),
        "layers": sum(1 for _ in _layers(config)),
    }


def _entries(config: dict) -> list[dict]:
    inner = config["config"]
    return inner if isinstance(inner, list) else inner["layers"]


def _layers(config: dict) -> Iterator[dict]:
    """Yield the layers of a model, those of nested models in place of the model, without the inputs."""
    for entry in _entries(config):
        if entry["class_name"] in _MODELS:
            yield from _layers(entry)
        elif entry["class_name"] != "InputLayer":
            yield entry


def _input_shape(config: dict) -> list | None:
    for entry in _entries(config):
        if entry["class_name"] in _MODELS:
            return _input_shape(entry)
        shape = entry["config"].get("batch_shape") or entry["config"].get("batch_input_shape")
        if shape:
            return shape.get("items") if isinstance(shape, dict) else shape
    return None


def _outputs(config: dict) -> int | None:
    """Return how many numbers a model gives: the units of its last layer that has any."""
    for entry in reversed(_entries(config)):
        if entry["class_name"] in _MODELS:
            return _outputs(entry)
        inner = entry["config"]
        if "units" in inner or "output_dim" in inner:
            return inner.get("units") or inner.get("output_dim")
        if "filters" in inner:
            return inner["filters"]
    return None


def parameters(file: ModelFile) -> int:
    """Count the weights that a model file holds, from their shapes alone.

    Left out are the optimizer's, the metrics', and the states of random layers.
    """
    with file.weights() as store:
        return _elements(store)


def _elements(group: h5py.Group) -> int:
    total = 0
    for name, item in group.items():
        if name.startswith(_LEFT_OUT) or name in ("count:0", "StateVar:0"):
            continue
        total += _elements(item) if isinstance(item, h5py.Group) else math.prod(item.shape)
    return total
