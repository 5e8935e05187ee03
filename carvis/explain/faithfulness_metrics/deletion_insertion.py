"""Deletion and insertion: how a score follows while a picture is erased, or restored, in the order of a map."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from carvis.images import resize

STEPS = 16
FILLS = ("blur", "mean", "black")
# A tenth of the side: a car becomes a smear, while colour and light stay those of a photograph.
_BLUR = 0.1
_CHUNK = 32

Scores = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Curves:
    """How a score follows a map.

    Attributes:
        deletion: float32 (steps + 1,), the score while the picture is erased, most evidence first.
        insertion: float32 (steps + 1,), the score while the erased picture is restored, most evidence first.
    """

    deletion: np.ndarray
    insertion: np.ndarray

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
    """Erase a picture, and restore it, in equal steps from the most evidence to the least.

    Petsiuk, Das and Saenko, "RISE" (BMVC 2018), section 3.3 and algorithm 1 of its supplement.

    Args:
        scores: pictures (M, H, W, C) -> the score of each, (M,).
        image: float32 (H, W, C), the picture as the model takes it.
        erased: float32 (H, W, C), what takes the place of erased pixels.
        heat: float (h, w), signed evidence, resized bilinearly to the picture.
        steps: number of equal parts that the pixels are erased in.
        seed: of the order among pixels with the same evidence.
    """
    places = _order(resize(heat.astype(np.float32), image.shape[:2]), seed)
    counts = np.linspace(0, places.size, steps + 1).round().astype(int)

    def mixed(base: np.ndarray, other: np.ndarray, count: int) -> np.ndarray:
        made = base.copy().reshape(-1, base.shape[2])
        made[places[:count]] = other.reshape(-1, base.shape[2])[places[:count]]
        return made.reshape(base.shape)

    # Both curves begin where the other one ends: the whole and the empty picture are asked about once.
    inner = counts[1:-1]
    asks = [image, erased, *(mixed(image, erased, count) for count in inner)]
    asks += [mixed(erased, image, count) for count in inner]
    found = in_chunks(scores, asks)
    whole, empty, deleted, inserted = found[:1], found[1:2], found[2 : 2 + len(inner)], found[2 + len(inner) :]
    return Curves(np.concatenate([whole, deleted, empty]), np.concatenate([empty, inserted, whole]))


def in_chunks(scores: Scores, images: list[np.ndarray]) -> np.ndarray:
    """Ask for the scores of many pictures, a chunk at a time."""
    parts = [scores(np.stack(images[i : i + _CHUNK])) for i in range(0, len(images), _CHUNK)]
    return np.concatenate(parts).astype(np.float32)


def erase(image: np.ndarray, fill: str, black: np.ndarray) -> np.ndarray:
    """Return what a picture is erased to: float32 (H, W, C).

    Args:
        image: float32 (H, W, C), as the model takes it.
        fill: ``blur`` (a Gaussian as wide as a tenth of the picture), ``mean`` (the picture's mean colour), ``black``.
        black: float32 (H, W, C), a black picture as the model takes it.
    """
    if fill == "black":
        return black
    if fill == "mean":
        return np.broadcast_to(image.mean(axis=(0, 1)), image.shape).astype(np.float32)
    sigma = _BLUR * max(image.shape[:2])
    blurred = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return blurred.reshape(image.shape)


def random_map(shape: tuple[int, int], seed: int) -> np.ndarray:
    """A map that knows nothing: uniform noise, float32 (h, w)."""
    return np.random.default_rng(seed).random(shape, np.float32)


def centred_blob(shape: tuple[int, int]) -> np.ndarray:
    """A map that knows only that the object is in the middle: a Gaussian as wide as a quarter of the picture."""
    rows, columns = ((np.arange(side) + 0.5) / side - 0.5 for side in shape)
    return np.exp(-(rows[:, None] ** 2 + columns[None] ** 2) / (2 * 0.25**2)).astype(np.float32)


def _order(heat: np.ndarray, seed: int) -> np.ndarray:
    # Equal values in the order of the rows would erase the sky before the car.
    ties = np.random.default_rng(seed).random(heat.size)
    return np.lexsort((ties, -heat.ravel()))


def _area(curve: np.ndarray) -> float:
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))
