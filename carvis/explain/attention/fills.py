"""Fills for an occluded part of an image, and the same shape elsewhere as a control.

To add a fill, write one function (image uint8 (H, W, C), mask bool (H, W)) -> image and enter it in ``FILL_FUNCTIONS``
and in the type ``Fill``. Pixels outside the mask stay as they are.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from carvis.explain.attention.settings import Fill
from carvis.images import resize

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_TRIES = 24
_FINEST = 1024
_INPAINT_RADIUS = 3


def surroundings(image: Image, mask: Mask) -> Image:
    """Let the colours around the part run smoothly into it.

    Averages of what is left, at ever coarser sizes until nothing is missing, then back again (the "pull-push" of
    Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4.2). No edge of the part's shape stays behind, which a
    model could respond to.
    """
    if mask.all():
        return mean(image, mask)
    colours, weights = [], []
    weight = (~mask).astype(np.float32)
    colour = image.astype(np.float32).reshape(*mask.shape, -1)
    if max(mask.shape) > _FINEST:
        # What runs smoothly needs no more pixels than this, and photographs of millions would take seconds.
        size = tuple(max(1, round(side * _FINEST / max(mask.shape))) for side in mask.shape)
        colour, weight = _averaged(colour, weight, size)
    while True:
        colours.append(colour)
        weights.append(weight)
        if weight.min() > 0 or weight.shape == (1, 1):
            break
        colour, weight = _averaged(colour, weight, tuple(-(-side // 2) for side in weight.shape))
    filled = colours[-1]
    for colour, weight in zip(colours[-2::-1], weights[-2::-1]):
        share = weight[..., None]
        filled = share * colour + (1 - share) * resize(filled, weight.shape).reshape(colour.shape)
    values = np.clip(filled, 0, 255).round().astype(np.uint8)
    return np.where(mask[..., None], resize(values, mask.shape).reshape(image.shape), image)


def _averaged(colour: np.ndarray, weight: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Average colours (h, w, C) at a coarser size, each by its weight, and the weights of the averages, in [0, 1]."""
    below = resize(weight, size, "area")
    total = resize(colour * weight[..., None], size, "area").reshape(*size, -1)
    return total / np.maximum(below, 1e-12)[..., None], np.minimum(below * 4, 1)


def mean(image: Image, mask: Mask) -> Image:
    """Paint the part in the image's mean colour."""
    return _into(image, mask, image.mean(axis=(0, 1), keepdims=True, dtype=np.float64))


def grey(image: Image, mask: Mask) -> Image:
    """Paint the part in middle grey."""
    return _into(image, mask, np.full((1, 1, image.shape[2]), 128.0))


def inpaint(image: Image, mask: Mask) -> Image:
    """Continue the lines around the part into it (Telea, "An Image Inpainting Technique", 2004)."""
    if mask.all():
        return mean(image, mask)
    painted = cv2.inpaint(np.ascontiguousarray(image), mask.astype(np.uint8), _INPAINT_RADIUS, cv2.INPAINT_TELEA)
    return np.asarray(painted, np.uint8).reshape(image.shape)


def _into(image: Image, mask: Mask, colour: NDArray[np.floating]) -> Image:
    values = np.clip(np.broadcast_to(colour, image.shape), 0, 255).round().astype(np.uint8)
    return np.where(mask[..., None], values, image)


FILL_FUNCTIONS: dict[Fill, Callable[[Image, Mask], Image]] = {
    "surroundings": surroundings,
    "mean": mean,
    "grey": grey,
    "inpaint": inpaint,
}


class Elsewhere(NamedTuple):
    """A part's shape at another place: bool (H, W), and what share of the part it still occludes."""

    mask: Mask
    overlap: float


def elsewhere(mask: Mask, seed: int | tuple[int, ...] = 0) -> Elsewhere:
    """Move a part's shape to another place of the image, where it overlaps the part as little as possible.

    Of some places drawn at random the one with the least overlap is taken, the first of equals. A shape that cannot
    be moved within the image without overlapping half of itself, as a background, wraps around the edges.

    Args:
        mask: bool (H, W), not empty.
        seed: one number or several.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    reach = (-int(rows[0]), mask.shape[0] - int(rows[-1])), (-int(columns[0]), mask.shape[1] - int(columns[-1]))
    best = _least(mask, rng.integers(*reach[0], _TRIES), rng.integers(*reach[1], _TRIES))
    if best.overlap > 0.5:
        wrapped = _least(mask, rng.integers(0, mask.shape[0], _TRIES), rng.integers(0, mask.shape[1], _TRIES))
        best = min(best, wrapped, key=lambda moved: moved.overlap)
    return best


def _least(mask: Mask, down: NDArray[np.int64], across: NDArray[np.int64]) -> Elsewhere:
    total, best = np.count_nonzero(mask), Elsewhere(mask, 1.0)
    for move in zip(down, across, strict=True):
        moved = np.roll(mask, move, (0, 1))
        overlap = np.count_nonzero(moved & mask) / total
        if overlap < best.overlap:
            best = Elsewhere(moved, overlap)
        if overlap == 0:
            break
    return best
