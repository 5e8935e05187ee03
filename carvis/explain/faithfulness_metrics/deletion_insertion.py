"""Deletion and insertion: how a score changes while an image is erased, or restored, in the order of a map."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from carvis.images import resize

STEPS = 16
Fill = Literal["blur", "mean", "black"]
FILLS: tuple[Fill, ...] = get_args(Fill)
# A tenth of the side: a car becomes a smear, while colour and light stay those of a photograph.
_BLUR = 0.1
_CHUNK = 32

Scores = Callable[[np.ndarray], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Curves:
    """How a score changes along a map.

    Attributes:
        deletion: float32 (steps + 1,), the score while the image is erased, most evidence first.
        insertion: float32 (steps + 1,), the score while the erased image is restored, most evidence first.
    """

    deletion: NDArray[np.float32]
    insertion: NDArray[np.float32]

    @property
    def deletion_area(self) -> float:
        """Area under the deletion curve, by trapezia over a width of 1: small for a good map."""
        return _area(self.deletion)

    @property
    def insertion_area(self) -> float:
        """Area under the insertion curve, by trapezia over a width of 1: large for a good map."""
        return _area(self.insertion)

    @property
    def gain(self) -> float:
        """Insertion area less deletion area: one number for both."""
        return self.insertion_area - self.deletion_area


def trace(scores: Scores, image: np.ndarray, erased: np.ndarray, heat: np.ndarray, steps: int, seed: int = 0) -> Curves:
    """Erase an image, and restore it, in equal steps from the most evidence to the least.

    Petsiuk, Das and Saenko, "RISE" (BMVC 2018), section 3.3 and algorithm 1 of its supplement.

    Args:
        scores: images (M, H, W, C) -> the score of each, (M,).
        image: float32 (H, W, C), the image as the model takes it.
        erased: float32 (H, W, C), what replaces erased pixels.
        heat: float (h, w), signed evidence, resized bilinearly to the image.
        steps: number of equal parts that the pixels are erased in.
        seed: of the order among pixels with the same evidence.
    """
    order = _order(resize(heat.astype(np.float32), image.shape[:2]), seed)
    counts = np.linspace(0, order.size, steps + 1).round().astype(int)

    def mixed(base: np.ndarray, other: np.ndarray, count: int) -> np.ndarray:
        pixels = base.copy().reshape(-1, base.shape[2])
        pixels[order[:count]] = other.reshape(-1, base.shape[2])[order[:count]]
        return pixels.reshape(base.shape)

    # Each curve begins where the other one ends: the whole and the empty image are scored once.
    inner = counts[1:-1]
    images = [image, erased, *(mixed(image, erased, count) for count in inner)]
    images += [mixed(erased, image, count) for count in inner]
    values = in_chunks(scores, images)
    intact, empty, deleted, inserted = values[:1], values[1:2], values[2 : 2 + len(inner)], values[2 + len(inner) :]
    return Curves(np.concatenate([intact, deleted, empty]), np.concatenate([empty, inserted, intact]))


def in_chunks(scores: Scores, images: list[np.ndarray]) -> NDArray[np.float32]:
    """Return the scores of many images, a chunk at a time."""
    parts = [scores(np.stack(images[i : i + _CHUNK])) for i in range(0, len(images), _CHUNK)]
    return np.concatenate(parts).astype(np.float32)


def erase(image: np.ndarray, fill: Fill, black: np.ndarray) -> np.ndarray:
    """Return what an image is erased to: float32 (H, W, C).

    Args:
        image: float32 (H, W, C), as the model takes it.
        fill: ``blur`` (a Gaussian as wide as a tenth of the image), ``mean`` (the image's mean colour), ``black``.
        black: float32 (H, W, C), a black image as the model takes it.
    """
    if fill == "black":
        return black
    if fill == "mean":
        return np.broadcast_to(image.mean(axis=(0, 1)), image.shape).astype(np.float32)
    sigma = _BLUR * max(image.shape[:2])
    blurred = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return blurred.reshape(image.shape)


def random_map(shape: tuple[int, int], seed: int) -> NDArray[np.float32]:
    """A map that knows nothing: uniform noise, float32 (h, w)."""
    return np.random.default_rng(seed).random(shape, np.float32)


def centred_blob(shape: tuple[int, int]) -> NDArray[np.float32]:
    """A map that knows only that the object is in the middle: a Gaussian as wide as a quarter of the image."""
    rows, columns = ((np.arange(side) + 0.5) / side - 0.5 for side in shape)
    return np.exp(-(rows[:, None] ** 2 + columns[None] ** 2) / (2 * 0.25**2)).astype(np.float32)


def _order(heat: np.ndarray, seed: int) -> np.ndarray:
    # Equal values in the order of the rows would erase the sky before the car.
    ties = np.random.default_rng(seed).random(heat.size)
    return np.lexsort((ties, -heat.ravel()))


def _area(curve: np.ndarray) -> float:
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))
