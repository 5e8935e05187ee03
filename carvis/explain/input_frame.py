"""The frame in which a model takes an image: an image and its heatmap brought into it and back."""

from pathlib import Path

import numpy as np

from carvis.classifier import Classifier
from carvis.images import turn_of, turned_as_stored, turned_upright

Image = np.ndarray | str | Path | bytes


def as_seen(clf: Classifier, image: Image, turn: int = 1) -> np.ndarray:
    """Return an image as a model takes it: uint8 (H, W, c).

    Args:
        image: a file or its bytes, which is read as the model reads it; or an array, turned upright by ``turn``.
        turn: the EXIF orientation by which an array was turned upright, ``Heatmap.turn``.
    """
    return turned_as_stored(image, turn) if isinstance(image, np.ndarray) else clf.read_image(image)


def turn_for(clf: Classifier, image: Image) -> int:
    """Return the EXIF orientation by which a model's maps of an image are to be turned to lie on it upright."""
    return 1 if isinstance(image, np.ndarray) else turn_of(image, clf.reading)


def upright_maps(maps: list[np.ndarray], turn: int) -> list[np.ndarray]:
    """Turn maps (h, w) or (h, w, c) of one image upright."""
    return maps if turn == 1 else [np.ascontiguousarray(turned_upright(values, turn)) for values in maps]
