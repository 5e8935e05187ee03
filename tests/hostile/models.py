"""Model files that are large, unusual, slow or oddly named; each is a few kilobytes."""

import json
import zipfile
from pathlib import Path

import keras

L = keras.layers


def sequential(*layers: keras.Layer, shape: tuple = (16, 16, 3)) -> keras.Model:
    """A classifier of three classes with these layers in its middle."""
    end = [L.GlobalAveragePooling2D(name="gap"), L.Dense(3, activation="softmax", name="dense")]
    return keras.Sequential([keras.Input(shape, name="image"), *layers, *end])


def functional(*layers: keras.Layer, name: str = "net") -> keras.Model:
    """The same as a functional model."""
    made = inputs = keras.Input((16, 16, 3), name="image")
    for layer in (*layers, L.GlobalAveragePooling2D(name="gap"), L.Dense(3, activation="softmax", name="dense")):
        made = layer(made)
    return keras.Model(inputs, made, name=name)


def attending(side: int) -> keras.Model:
    """Attention between all pixels: memory with the fourth power of the side, and no output that shows it."""
    inputs = keras.Input((side, side, 3))
    tokens = L.Reshape((side * side, 3))(inputs)
    tokens = L.MultiHeadAttention(4, 4)(tokens, tokens)
    return keras.Model(inputs, L.Dense(3, activation="softmax")(L.GlobalAveragePooling1D()(tokens)))


def nested(depth: int) -> keras.Model:
    """A model that calls a model twice that calls a model twice ...: 2**depth calls in a few layers."""
    model = keras.Sequential([keras.Input((8, 8, 3)), L.Conv2D(3, 3, padding="same")])
    for level in range(depth):
        inputs = keras.Input((8, 8, 3))
        model = keras.Model(inputs, model(model(inputs)), name=f"level{level}")
    inputs = keras.Input((8, 8, 3))
    made = L.GlobalAveragePooling2D()(model(inputs))
    return keras.Model(inputs, L.Dense(3, activation="softmax")(made))


def saved(model: keras.Model, folder: Path, name: str = "model.keras") -> Path:
    """Save a model below a folder."""
    model.save(folder / name)
    return folder / name


def with_config(path: Path, change, extra: dict[str, bytes] | None = None) -> Path:
    """Copy a ``.keras`` file with members added and its architecture changed: ``change(config)`` edits it in place."""
    target = path.with_name("changed.keras")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as made:
        for member in source.namelist():
            content = source.read(member)
            if member == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            made.writestr(member, content)
        for member, content in (extra or {}).items():
            made.writestr(member, content)
    return target


def repeated(times: int):
    """Return a change that repeats a Sequential's Activation layer so many times."""

    def change(config: dict) -> None:
        layers = config["config"]["layers"]
        place = next(n for n, entry in enumerate(layers) if entry["class_name"] == "Activation")
        copies = [json.loads(json.dumps(layers[place])) for _ in range(times)]
        for number, entry in enumerate(copies):
            entry["config"]["name"] = f"copy_{number}"
        layers[place : place + 1] = copies

    return change
