"""The facts of a model file, without TensorFlow, without its weights and without running anything."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from carvis.classifier.card import card_path
from carvis.classifier.files.damage import damaged
from carvis.classifier.files.inspection import ModelFile, read_model_file
from carvis.errors import ModelError

_MODELS = ("Model", "Functional", "Sequential")


def describe_model_file(path: str | Path) -> dict:
    """Return what a list of models shows of one file; nothing in it raises.

    Returns:
        ``format`` (``keras``, ``hdf5`` or None), ``bytes``, ``keras_version``, ``input_size`` [height, width] (None
        where open), ``channels``, ``outputs``, ``layers``, ``parameters`` (None where unknown),
        ``has_card`` and ``refused``, None or the sentence why the file will not be opened.
    """
    path = Path(path)
    facts = dict.fromkeys(
        ("format", "bytes", "keras_version", "input_size", "channels", "outputs", "layers", "parameters", "refused")
    )
    facts["has_card"] = False
    try:
        facts["has_card"] = card_path(path).is_file()
        with contextlib.suppress(OSError):
            facts["bytes"] = path.stat().st_size
        file = read_model_file(path)
        facts |= {"format": file.kind, "keras_version": file.keras_version, "parameters": file.parameters}
        facts |= _architecture(file.config)
    except ModelError as error:
        facts["refused"] = str(error)
    # Its JSON may be of any shape.
    except Exception as error:
        facts["refused"] = str(damaged(path, error))
    return facts


def _architecture(config: dict) -> dict:
    shape = _input_shape(config)
    image = shape if shape is not None and len(shape) == 4 else None
    return {
        "input_size": [_whole(side) for side in image[1:3]] if image else None,
        "channels": _whole(image[3]) if image else None,
        "outputs": _whole(_outputs(config)),
        "layers": sum(1 for _ in _layers(config)),
    }


def _whole(value: object) -> int | None:
    """Return a number of the file that may be shown; anything else may be of any type and length."""
    return value if type(value) is int and 0 <= value < 1 << 48 else None


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
    """Return how many weights a model file holds, by their shapes alone."""
    return file.parameters
