"""Valid TensorFlow scope names in place of layer names that TensorFlow rejects."""

import re
from collections.abc import Iterator
from typing import Any

import keras

from carvis.language import Message

# A scope in the middle of others; the outermost must not begin with one of these.
_SCOPE = re.compile(r"[A-Za-z0-9_.\\>-]+")
_NO_START = "_\\>-"
_FOREIGN = re.compile(r"[^A-Za-z0-9_.>-]+")
_MODELS = ("Functional", "Model", "Sequential")
# Signs that mean something in a layer's path, or in a list of them.
_IN_PATHS = "/#:,"
_LONGEST_SHOWN = 100
_NAMED = 4

Renamed = dict[tuple[str, ...], str]


def scope_name(name: str, kind: str, *, outermost: bool = False) -> str:
    """Return a name that TensorFlow takes: the same where it can be, else its letters, or the class's name.

    Args:
        name: of a layer or model, as its file has it.
        kind: its class.
        outermost: whether it is the model that holds all others.
    """
    # Inputs open no scope, and neither does an empty name: they stay as they are, fingerprints depend on names.
    if kind == "InputLayer" or not name:
        return name.replace("/", "_")
    if _SCOPE.fullmatch(name) and not (outermost and name[0] in _NO_START):
        return name
    cleaned = _FOREIGN.sub("_", name).strip("_")
    # Little of the name is left: numbers alone say nothing.
    if not re.search("[A-Za-z]", cleaned):
        cleaned = "_".join(filter(None, (re.sub(r"\W", "", kind.rpartition(">")[2]).lower() or "layer", cleaned)))
    return cleaned.lstrip(_NO_START) if outermost else cleaned


def with_scope_names(config: dict) -> tuple[dict, Renamed]:
    """Rename what TensorFlow cannot use in an architecture of Keras 3.

    Args:
        config: ``{"class_name": ..., "config": ...}``; it is not changed.

    Returns:
        The architecture, and for the path of each new name (models outside first) the name that the file has.
    """
    renamed: Renamed = {}
    return _entry(config, (), renamed, None, outermost=True), renamed


def _entry(
    entry: dict[str, Any], prefix: tuple[str, ...], renamed: Renamed, new: str | None, outermost: bool = False
) -> dict[str, Any]:
    """Return a layer's or model's entry under a new name; None leaves that to this function."""
    settings = entry["config"]
    if not isinstance(settings, dict):
        return entry
    name = settings.get("name")
    if isinstance(name, str):
        new = new or scope_name(name, entry["class_name"], outermost=outermost)
        settings = settings | {"name": new}
        if new != name:
            renamed[() if outermost else (*prefix, new)] = name
    path = () if outermost else (*prefix, new or "")
    if entry["class_name"] in _MODELS and isinstance(settings.get("layers"), list):
        settings = _model(settings, path, renamed)
    else:
        settings = {key: _inside(value, path, renamed) for key, value in settings.items()}
    return entry | {"config": settings} | ({"name": new} if "name" in entry and new else {})


def _inside(value: Any, path: tuple[str, ...], renamed: Renamed) -> Any:
    """Rename the layers that a layer wraps."""
    if isinstance(value, list):
        return [_inside(item, path, renamed) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("class_name"), str) and isinstance(value.get("config"), dict):
        return _entry(value, path, renamed, None)
    return value


def _model(settings: dict[str, Any], path: tuple[str, ...], renamed: Renamed) -> dict[str, Any]:
    entries = settings["layers"]
    names = [_name(entry) for entry in entries]
    used = {name for entry, name in zip(entries, names) if name and scope_name(name, entry["class_name"]) == name}
    new_names: dict[str, str] = {}
    for entry, name in zip(entries, names):
        if name is not None and name not in new_names:
            new_names[name] = _free(scope_name(name, entry["class_name"]), name, used)
    layers = []
    for entry, name in zip(entries, names):
        entry = _entry(entry, path, renamed, new_names.get(name or ""))
        if entry.get("inbound_nodes"):
            entry = entry | {"inbound_nodes": _references(entry["inbound_nodes"], new_names)}
        layers.append(entry)
    ends = {key: _references(settings[key], new_names) for key in ("input_layers", "output_layers") if key in settings}
    return settings | {"layers": layers} | ends


def _name(entry: dict) -> str | None:
    inner = entry["config"].get("name") if isinstance(entry["config"], dict) else None
    name = entry.get("name", inner)
    return name if isinstance(name, str) else None


def _free(new: str, name: str, used: set[str]) -> str:
    if new == name:
        return new
    candidate, number = new, 1
    while candidate in used:
        candidate, number = f"{new}_{number}", number + 1
    used.add(candidate)
    return candidate


def _references(value: Any, new_names: dict[str, str]) -> Any:
    """Follow the new names in the references of a graph, as Keras 3 or as Keras 2 writes them."""
    if isinstance(value, dict):
        history: Any = value.get("keras_history")
        if _names(history, new_names):
            value = value | {"keras_history": [new_names[history[0]], *history[1:]]}
        return {key: item if key == "keras_history" else _references(item, new_names) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        references = [_references(item, new_names) for item in value]
        if _names(references, new_names):
            references[0] = new_names[references[0]]
        return references
    return value


def _names(value: Any, new_names: dict[str, str]) -> bool:
    """Tell (layer, call, output, ...) from other lists."""
    reference = isinstance(value, list) and len(value) >= 3 and all(type(number) is int for number in value[1:3])
    return reference and isinstance(value[0], str) and value[0] in new_names


def remember(step: keras.Operation, file_name: str) -> None:
    """Note on a layer or model the name that its file has."""
    if file_name != step.name:
        step._carvis_file_name = file_name


def file_name(step: keras.Operation) -> str:
    """Return the name that a layer has in its file."""
    return getattr(step, "_carvis_file_name", step.name)


def shown_name(step: keras.Operation) -> str:
    """Return the name under which a layer is listed: that of its file where a path can hold it, else its own."""
    name = file_name(step)
    fits = 0 < len(name) <= _LONGEST_SHOWN and name.isprintable() and name == name.strip()
    return name if fits and not any(sign in name for sign in _IN_PATHS) else step.name


def mark_renamed(model: keras.Model, renamed: Renamed, path: tuple[str, ...] = ()) -> None:
    """Note the file's names in a model that was built from ``with_scope_names``."""
    if not path and () in renamed:
        remember(model, renamed[()])
    for step in model.layers if renamed else ():
        own = (*path, step.name)
        if own in renamed:
            remember(step, renamed[own])
        if isinstance(step, keras.Model):
            mark_renamed(step, renamed, own)


def rename_layers(model: keras.Model, *, outermost: bool = True) -> None:
    """Rename what TensorFlow cannot use in a model that Keras itself has opened."""
    if outermost:
        _rename(model, scope_name(model.name, type(model).__name__, outermost=True))
    used = {layer.name for layer in model.layers}
    for layer in model.layers:
        _rename(layer, _free(scope_name(layer.name, type(layer).__name__), layer.name, used))
        if isinstance(layer, keras.Model):
            rename_layers(layer, outermost=False)


def _rename(step: keras.Operation, new: str) -> None:
    old, step.name = step.name, new
    remember(step, old)


def renamed_sentence(model: keras.Model) -> Message | None:
    """Say which names of a model's file became others; None where all were kept."""
    pairs = list(dict.fromkeys((old, new) for old, new in _renamed(model) if old.replace("/", "_") != new))
    if not pairs:
        return None
    named = ", ".join(f"{_quoted(old)} → {new}" for old, new in pairs[:_NAMED])
    return Message.of_number(
        "TensorFlow cannot use one of the names in this file, so Keras gives it another: {named}.",
        "TensorFlow cannot use {n} of the names in this file, so Keras gives them others: {named}{more}.",
        len(pairs),
        named=named,
        more=" …" if len(pairs) > _NAMED else "",
    )


def _renamed(model: keras.Model) -> Iterator[tuple[str, str]]:
    yield file_name(model), model.name
    for step in model.layers:
        if isinstance(step, keras.Model):
            yield from _renamed(step)
        else:
            yield file_name(step), step.name


def _quoted(name: str) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in name)
    return f"“{text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + '…'}”"
