"""Tiny models whose embeddings are worked out on paper, and the images for them."""

from pathlib import Path

import keras
import numpy as np

from carvis.classifier import Classifier
from carvis.dataset import Dataset
from carvis.images import write_image

L = keras.layers
CLASSES = ["blue", "green", "red"]
COLOURS = {"blue": (0, 0, 255), "green": (0, 204, 0), "red": (255, 51, 0)}
# Four units look at red, green, blue, and red less green; three classes look at the units.
UNITS = np.array([[1, 0, 0, 2], [0, 1, 0, -2], [0, 0, 1, 0]], np.float32)
SCORES = np.array([[0, 0, 5], [0, 5, 0], [5, 0, 0], [0, 0, 1]], np.float32)
# Of the colours divided by 255: (0, 0, 1), (0, 0.8, 0) and (1, 0.2, 0), each times UNITS, then ReLU.
VECTORS = {"blue": (0, 0, 1, 0), "green": (0, 0.8, 0, 0), "red": (1, 0.2, 0, 1.6)}


def make_images(root: Path, n: int = 2, splits: tuple[str, ...] = ("test",)) -> Dataset:
    """Write plain images of the three colours, which end in ``i`` grey rows of 16 so that no two are alike."""
    for split in splits:
        for name, colour in COLOURS.items():
            for i in range(n):
                write_image(root / split / name / f"{i}.png", np.full((6 + i, 6, 3), colour, np.uint8))
    return Dataset(root)


def classifier(kind: str = "flat", *, dropout: bool = True, end: str = "activation", name: str = "tiny") -> Classifier:
    """Return the classifier of the colours, built ``flat``, ``nested`` or ``sequential``.

    Args:
        dropout: between the four units and the scores.
        end: ``activation`` or ``layer`` for the softmax, ``logits`` for none, ``temperature`` for a scaled one.
    """
    # With names of its own, the same model built twice has one fingerprint.
    image = keras.Input((4, 4, 3), name="image")
    base = [L.Conv2D(3, 1, use_bias=False, name="conv"), L.GlobalAveragePooling2D(name="pool")]
    head = [L.Dense(4, activation="relu", use_bias=False, name="units")]
    head += [L.Dropout(0.5, name="dropout")] if dropout else []
    head += [L.Dense(3, use_bias=False, activation="softmax" if end == "activation" else None, name="scores")]
    head += {"layer": [L.Softmax()], "temperature": [L.Rescaling(0.5), L.Softmax()]}.get(end, [])
    if kind == "flat":
        model = keras.Model(image, chained(image, base + head))
    elif kind == "sequential":
        model = keras.Sequential([image, *base, *head])
    else:
        inner = keras.Input((4, 4, 3), name="inner")
        backbone = keras.Model(inner, chained(inner, base), name="backbone")
        model = keras.Model(image, keras.Sequential(head, name="head")(backbone(image)))
    layers = {layer.name: layer for layer in base + head}
    layers["conv"].set_weights([np.eye(3, dtype=np.float32)[None, None]])
    layers["units"].set_weights([UNITS])
    layers["scores"].set_weights([SCORES])
    return Classifier(model, CLASSES, preprocessing="unit", resize="nearest", name=name)


def chained(tensor, layers):
    for layer in layers:
        tensor = layer(tensor)
    return tensor


def half(values) -> np.ndarray:
    """Round through float16."""
    return np.array(values, np.float16).astype(np.float32)
