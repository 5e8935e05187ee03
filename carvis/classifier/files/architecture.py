"""The architecture that a model file holds: JSON of a size and depth that a model can have."""

import json
from pathlib import Path
from typing import Any

from carvis.classifier.files.size_limit import REMEDY
from carvis.errors import ModelError
from carvis.language import Message

# EfficientNetV2L, with a thousand layers, has 1 MB in 60,000 parts; ten models inside each other are 60 levels deep.
MOST_BYTES = 16 << 20
_MOST_PARTS, _MOST_LEVELS = 300_000, 200


def json_object(text: str | bytes, path: Path) -> dict:
    """Return a JSON object that a model file holds: with the bounds of a model, which are not those of our own files.

    Raises:
        ModelError: it is larger or deeper than any model's.
        ValueError: it is no JSON, or no object.
    """
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    # Each part takes twenty times its room once it is read, and time in each step that follows.
    parts = data.count(b"{") + data.count(b"[")
    for amount, most, excess in (
        (len(data), MOST_BYTES, Message("{n} bytes", n=f"{len(data):,}")),
        (parts, _MOST_PARTS, Message("{n} parts", n=f"{parts:,}")),
    ):
        if amount > most:
            raise _too_large(path, excess)
    try:
        value = json.loads(data)
        deep = _is_deep(value)
    except RecursionError:
        deep = True
    if deep:
        raise _too_large(path, Message("more than {n} levels", n=_MOST_LEVELS))
    if not isinstance(value, dict):
        raise ValueError("its architecture is no JSON object")
    return value


def read_architecture(text: str | bytes, path: Path) -> dict:
    """Read an architecture, ``{"class_name": ..., "config": ...}``.

    Raises:
        ModelError: it is none of Keras 1, 2 or 3, or larger than any model's.
        ValueError: it is no JSON, or no object.
    """
    config = json_object(text, path)
    if not _is_layer(config):
        raise ModelError(
            Message(
                "{path} contains an architecture that is not from Keras 1, 2 or 3: save the model again"
                " with one of them.",
                path=path,
            )
        )
    return config


def _too_large(path: Path, excess: Message) -> ModelError:
    return ModelError(
        Message(
            "{path} contains an architecture of {found}, larger than any model's: {remedy}.",
            path=path,
            found=excess,
            remedy=REMEDY,
        )
    )


def _is_deep(value: object) -> bool:
    level: list[Any] = [value]
    for _ in range(_MOST_LEVELS):
        inner = [item.values() if isinstance(item, dict) else item for item in level]
        level = [item for items in inner for item in items if isinstance(item, (dict, list))]
        if not level:
            return False
    return True


def _is_layer(entry: object) -> bool:
    """Tell whether a config, and all layers in it, name a class and its settings."""
    if not isinstance(entry, dict) or not isinstance(entry.get("class_name"), str):
        return False
    settings = entry.get("config")
    if isinstance(settings, list):
        return all(_is_layer(inner) for inner in settings)
    if not isinstance(settings, dict):
        return False
    model = entry["class_name"] in ("Sequential", "Functional", "Model")
    layers = settings.get("layers") if model else []
    needed = ("input_layers", "output_layers") if model and entry["class_name"] != "Sequential" else ()
    return isinstance(layers, list) and all(key in settings for key in needed) and all(map(_is_layer, layers))
