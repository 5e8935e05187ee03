"""Facts in the configs of Keras 1 and 2: references between layers, names, shapes and types of inputs."""

from collections.abc import Sequence
from typing import Any

from carvis.classifier.legacy.layers import layer_name


def is_reference(value: Any) -> bool:
    """Tell (layer, call, output, ...), or a constant in its place, from other lists."""
    return (
        isinstance(value, (list, tuple))
        and len(value) >= 3
        and isinstance(value[0], str)
        and (
            value[0] == "_CONSTANT_VALUE"
            or all(isinstance(number, int) and not isinstance(number, bool) for number in value[1:3])
        )
    )


def references_in(value: Any) -> list[tuple[str, int, int]]:
    """List every (layer, call, output) in a nested structure, in order."""
    references = []
    if is_reference(value):
        references.append(tuple(value[:3]))
        value = value[3] if len(value) > 3 else {}
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            references.extend(references_in(item) if isinstance(item, (list, tuple, dict)) else [])
    return [reference for reference in references if reference[0] != "_CONSTANT_VALUE"]


def names_of(entries: list[dict], group_names: Sequence[str]) -> list[str | None]:
    """Name a Sequential's layers: models nested in a bare list have no name, and take the groups that are left over."""
    names = [
        entry.get("name") or (entry["config"].get("name") if isinstance(entry["config"], dict) else None)
        for entry in entries
    ]
    free = [name for name in group_names if name not in names]
    if len(free) == names.count(None):
        remaining = iter(free)
        names = [name or next(remaining) for name in names]
    return names


def unique(names: list[str | None]) -> list[str | None]:
    """Number names that became equal when slashes and foreign letters went."""
    last_number: dict[str | None, int] = {}
    unique: list[str | None] = []
    for name in names:
        new, number = name, last_number.get(name, 0)
        while new is not None and new in last_number:
            number += 1
            new = f"{name}_{number}"
        last_number[name] = number
        last_number.setdefault(new, 0)
        unique.append(new)
    return unique


def shape_of(config: dict) -> list | None:
    """Return the shape that a layer's config gives for its input, batch first, or None."""
    shape = config.get("batch_input_shape") or config.get("batch_shape")
    return shape.get("items") if isinstance(shape, dict) else shape


def input_dtype(config: dict) -> str:
    """Return the type of an input layer's values."""
    dtype = config.get("dtype")
    return dtype if isinstance(dtype, str) and "mixed" not in dtype else "float32"


def sequential_input(config: dict) -> list | None:
    """Find the input shape (batch first) that a Sequential's config tells, or None."""
    layers = config["layers"]
    own = {"batch_shape": config.get("build_input_shape")}
    first = layers[0]["config"] if layers else {}
    if isinstance(first, list) or "layers" in first:
        inner = {"layers": first} if isinstance(first, list) else first
        if layers[0]["class_name"] == "Sequential":
            return sequential_input(inner) or shape_of(own)
        name = references_in(inner["input_layers"])[0][0]
        first = next(entry["config"] for entry in inner["layers"] if entry["config"].get("name") == name)
    return shape_of(first) or shape_of(own)


def input_name(config: dict) -> str | None:
    """Return the name of a Sequential's input layer, where it has one."""
    first = config["layers"][0]
    return layer_name(first["config"].get("name")) if first["class_name"] == "InputLayer" else None
