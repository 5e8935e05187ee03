"""A model whose concepts are known: three channels, each the mean of a colour, and weights set by hand."""

from pathlib import Path

import keras
import numpy as np
import pytest

from carvis import Classifier, Dataset
from carvis.images import write_image

SIDE = 20
WEIGHTS = np.array([[4.0, -4.0], [0.0, 0.0], [2.0, -2.0]], np.float32)


def painted(red: tuple[int, int], blue: tuple[int, int]) -> np.ndarray:
    """A black image with a red rectangle (height, width) at the top left and a blue one at the bottom right."""
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    image[: red[0], : red[1], 0] = 255
    image[SIDE - blue[0] :, SIDE - blue[1] :, 2] = 255
    return image


def colour_model(linear: bool = False) -> keras.Model:
    image = keras.Input((SIDE, SIDE, 3))
    features = keras.layers.Conv2D(3, 1, activation=None if linear else "relu", use_bias=linear, name="features")
    pooled = keras.layers.GlobalAveragePooling2D()(features(image))
    dense = keras.layers.Dense(2, activation="softmax", name="scores")
    model = keras.Model(image, dense(pooled))
    kernel = np.eye(3, dtype=np.float32)[None, None]
    features.set_weights([kernel, np.full(3, -0.25, np.float32)] if linear else [kernel])
    dense.set_weights([WEIGHTS, np.array([0.0, 0.5], np.float32)])
    return model


def colour_classifier() -> Classifier:
    return Classifier(colour_model(), ["loud", "quiet"], preprocessing="unit", name="colours")


def write_shapes(root: Path) -> Dataset:
    """Write four images predicted as loud (red 10 x 10, blue 10 x 10), and one of black, which is quiet."""
    for place in range(4):
        write_image(root / "test" / ("loud" if place < 3 else "quiet") / f"{place}.png", painted((10, 10), (10, 10)))
    write_image(root / "test" / "quiet" / "black.png", painted((0, 0), (0, 0)))
    return Dataset(root)


@pytest.fixture(scope="module")
def colours() -> Classifier:
    return colour_classifier()


@pytest.fixture(scope="module")
def shapes(tmp_path_factory) -> Dataset:
    return write_shapes(tmp_path_factory.mktemp("shapes"))
