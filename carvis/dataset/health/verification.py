"""Deciding whether two images show the same photograph: aligned in place and brightness, then compared."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from carvis.dataset.health.backgrounds import inner, shows
from carvis.dataset.health.candidates import VIEWS, Candidates
from carvis.dataset.health.image_facts import SIDE, small_image
from carvis.errors import ImageError
from carvis.images import read_image
from carvis.progress import Progress, advance, no_progress

# Below, images are too plain to be told apart by what they show.
LEAST_CONTRAST = 6
FINE_SIDE = 64
_WORTH = 0.6
# numpy takes the mean over three colours far faster as a product.
_MEAN = np.full(3, 1 / 3, np.float32)
_BLOCK = 512
_TILES = 4


@dataclass(frozen=True)
class Compared:
    """How pairs compare once aligned, an array (N,) each.

    Attributes:
        correlation: pooled over the colours.
        difference: mean absolute, 0 to 255, with both brought to the same brightness and contrast.
        worst: the same in the sixteenth of the image where it is largest.
        cover: share of the smaller motif that is seen in both.
        contrast: standard deviation of what is compared, 0 to 255.
    """

    correlation: np.ndarray
    difference: np.ndarray
    worst: np.ndarray
    cover: np.ndarray
    contrast: np.ndarray


def verify(
    small: np.ndarray,
    masked: np.ndarray,
    paths: list[str],
    pairs: Candidates,
    progress: Progress = no_progress,
) -> tuple[np.ndarray, np.ndarray]:
    """Tell which candidates show the same photograph, and how far apart they are.

    Small images decide most; crops, which they would show blurred, are cut from the files themselves.

    Args:
        small: uint8 (N, 32, 32, 3).
        masked: bool (N,), which of them have their background blacked out.
        paths: the files of the images that stand first in a pair.

    Returns:
        bool (P,), and the mean absolute difference of the aligned images as a share of full scale, float (P,).
    """
    fine = lru_cache(maxsize=1024)(lambda row: _fine(paths[row]))
    verified, distance = np.zeros(len(pairs.first), bool), np.ones(len(pairs.first))
    # Pairs of one image stand together, so that its file is read once.
    order = np.argsort(pairs.first, kind="stable")
    blocks = [order[start : start + _BLOCK] for start in range(0, len(order), _BLOCK)]

    def decide(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first, second, mirrored = pairs.first[rows], pairs.second[rows], pairs.mirrored[rows]
        cut_out = masked[first] != masked[second]
        boxes = _boxes(pairs.view[rows], mirrored)
        compared, boxes = compare(
            _turned(small[first], mirrored), small[second], boxes, (masked[first], masked[second])
        )
        fits = are_duplicates(compared, cut_out)
        far = compared.difference.copy()
        closer = np.flatnonzero(~fits & ~cut_out & _promising(compared) & _cropped(boxes))
        images = [fine(int(row)) for row in first[closer]]
        closer = closer[[image is not None for image in images]]
        if len(closer):
            sharp = _turned(np.stack([image for image in images if image is not None]), mirrored[closer])
            flags = masked[first[closer]], masked[second[closer]]
            refined, _ = compare(sharp, small[second[closer]], boxes[closer], flags, steps=(0.0125, 0.006))
            fits[closer] = are_duplicates(refined, cut_out[closer])
            far[closer] = refined.difference
        return fits, far / 255

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for number, (rows, decisions) in enumerate(zip(blocks, pool.map(decide, blocks)), start=1):
            verified[rows], distance[rows] = decisions
            advance(progress, number, len(blocks))
    return verified, distance


def are_duplicates(compared: Compared, cut_out: np.ndarray) -> np.ndarray:
    """Decide from the figures of ``compare`` which pairs show the same photograph.

    A cut-out and a whole image are compared over fewer places, all of them of the motif; other pairs may
    share a dealer's backdrop, so that no part may differ much. The bounds were set by looking at pairs of
    photographs of cars near them.

    Args:
        cut_out: bool (N,), whether one of the two, and only one, has its background blacked out.
    """
    contrast = np.maximum(compared.contrast, 1)
    relative, uneven = compared.difference / contrast, compared.worst / contrast
    full = (compared.correlation >= 0.96) & (compared.worst <= 15) & (uneven <= 0.24) & (compared.cover >= 0.9)
    cut = (compared.correlation >= 0.90) & (relative <= 0.15) & (compared.worst <= 20) & (uneven <= 0.35)
    return np.where(cut_out, cut, full) & (compared.contrast >= LEAST_CONTRAST)


def _promising(compared: Compared) -> np.ndarray:
    """Which pairs may turn out to be duplicates once they are compared sharply; the bounds lose 3 crops in 1,000."""
    contrast = np.maximum(compared.contrast, 1)
    similar = (compared.difference <= 0.3 * contrast) & (compared.worst <= 0.5 * contrast)
    return similar & (compared.correlation >= 0.93)


def compare(
    a: np.ndarray,
    b: np.ndarray,
    boxes: np.ndarray,
    masked: tuple[np.ndarray, np.ndarray],
    steps: tuple[float, ...] = (0.025, 0.0125),
) -> tuple[Compared, np.ndarray]:
    """Compare images, a part of the first against the whole of the second.

    Args:
        a: uint8 (N, S, S, 3) with S at least 32.
        b: uint8 (N, 32, 32, 3).
        boxes: the parts (top, bottom, left, right) of ``a`` as shares of its size, (N, 4): where to begin.
        masked: bool (N,) each, which of ``a`` and of ``b`` have their background blacked out.
        steps: by how much the edges of a box are moved to fit better.

    Returns:
        The figures, and the boxes that fit best.
    """
    masked_a, masked_b = masked
    visible_a, visible_b = _visible(a, masked_a, masked_b), _visible(b, masked_b, masked_a)
    a, b = a.astype(np.float32), b.astype(np.float32)
    boxes = _aligned(a @ _MEAN, b @ _MEAN, boxes, masked_a == masked_b, steps)
    if a.shape[1] != SIDE or _cropped(boxes).any():
        down, across = _windows(boxes[:, :2], a.shape[1]), _windows(boxes[:, 2:], a.shape[1]).transpose(0, 2, 1)
        a = np.stack([down @ a[..., c] @ across for c in range(3)], axis=3)
        visible_a = down @ visible_a.astype(np.float32) @ across > 0.9
    return Compared(*_figures(*_alike_in_colour(a, b), visible_a, visible_b)), boxes


def _fine(path: str) -> np.ndarray | None:
    try:
        image = read_image(path)
    except ImageError:
        return None
    return small_image(image, FINE_SIDE)


def _turned(images: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    return np.where(mirrored[:, None, None, None], images[:, :, ::-1], images)


def _cropped(boxes: np.ndarray) -> np.ndarray:
    return (boxes != (0, 1, 0, 1)).any(axis=1)


def _visible(images: np.ndarray, masked: np.ndarray, other_masked: np.ndarray) -> np.ndarray:
    """Where images are compared: bool (N, S, S), everywhere but in those that have their background blacked out."""
    visible = np.ones(images.shape[:3], bool)
    visible[masked] = shows(images[masked])
    # Held against a whole image, a cut-out loses its edge, whose pixels are mixed with black.
    one_sided = masked & ~other_masked
    visible[one_sided] = inner(visible[one_sided])
    return visible


def _boxes(views: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """The parts (top, bottom, left, right) of ``one``, mirrored where it is, that the pairs compare, (N, 4)."""
    parts = np.array([(*down, *across) for down, across in VIEWS])[views]
    parts[mirrored, 2:] = 1 - parts[mirrored, :1:-1]
    return parts


def _aligned(
    a: np.ndarray, b: np.ndarray, boxes: np.ndarray, movable: np.ndarray, steps: tuple[float, ...]
) -> np.ndarray:
    """The parts of ``a`` that fit ``b`` best, found by moving opposite edges of each box a little, in turns."""
    best = _likeness(_cut(a, boxes), b)
    rows = np.flatnonzero(movable & (best > _WORTH) & (_cropped(boxes) | (best < 0.99)))
    boxes, fitted, best, size = boxes.copy(), boxes[rows], best[rows], a.shape[1]
    # Turned on its side, an image's columns are its rows: one way of moving edges serves both.
    upright = (a[rows], b[rows])
    sides = (upright, tuple(np.ascontiguousarray(x.transpose(0, 2, 1)) for x in upright))
    for step in (steps[0], *steps):
        for (image, other), edges, across in zip(sides, (slice(0, 2), slice(2, 4)), (slice(2, 4), slice(0, 2))):
            start = fitted[:, edges].copy()
            strip = image @ _windows(fitted[:, across], size).transpose(0, 2, 1)
            for shift in product((-step, 0, step), repeat=2):
                if any(shift):
                    trial = np.clip(start + shift, 0, 1)
                    likeness = _likeness(_windows(trial, size) @ strip, other)
                    better = likeness > best + 1e-4
                    fitted[better, edges] = trial[better]
                    best[better] = likeness[better]
    boxes[rows] = fitted
    return boxes


def _windows(parts: np.ndarray, size: int) -> np.ndarray:
    """Matrices (N, 32, size) that average the pixels of a part of a row of ``size`` pixels over 32 equal windows."""
    parts = parts.astype(np.float32) * size
    width = (parts[:, 1:] - parts[:, :1]) / SIDE
    edges = parts[:, :1] + np.arange(SIDE + 1, dtype=np.float32) * width
    # How much of each pixel lies before each edge.
    before = np.clip(edges[:, :, None] - np.arange(size, dtype=np.float32), 0, 1)
    return (before[:, 1:] - before[:, :-1]) / width[:, :, None]


def _cut(grey: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    size = grey.shape[1]
    return _windows(boxes[:, :2], size) @ grey @ _windows(boxes[:, 2:], size).transpose(0, 2, 1)


def _likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a = a - a.mean(axis=(1, 2), keepdims=True)
    b = b - b.mean(axis=(1, 2), keepdims=True)
    scale = np.sqrt((a**2).sum(axis=(1, 2)) * (b**2).sum(axis=(1, 2)))
    return (a * b).sum(axis=(1, 2)) / np.maximum(scale, 1e-6)


def _alike_in_colour(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both images of a pair without their colours where one of them has none."""
    colourless = np.minimum(*(_colourfulness(x) for x in (a, b))) < 1.5
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    without = colourless[:, None, None, None]
    return np.where(without, (a @ weights)[..., None], a), np.where(without, (b @ weights)[..., None], b)


def _colourfulness(images: np.ndarray) -> np.ndarray:
    """How far the largest colour of a pixel lies above the smallest, on average: (N,)."""
    red, green, blue = np.moveaxis(images, 3, 0)
    largest, smallest = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    return (largest - smallest).mean(axis=(1, 2))


def _figures(a: np.ndarray, b: np.ndarray, visible_a: np.ndarray, visible_b: np.ndarray) -> tuple[np.ndarray, ...]:
    both = (visible_a & visible_b)[..., None].astype(np.float32)
    n = np.maximum(both.sum(axis=(1, 2), keepdims=True), 1)
    cover = n[:, 0, 0, 0] / np.maximum(np.minimum(visible_a.sum(axis=(1, 2)), visible_b.sum(axis=(1, 2))), 1)
    a, b = ((x - (x * both).sum(axis=(1, 2), keepdims=True) / n) * both for x in (a, b))
    spread_a, spread_b = (np.sqrt((x**2).sum(axis=(1, 2), keepdims=True) / n) for x in (a, b))
    product = (spread_a * spread_b * n).sum(axis=(1, 2, 3))
    correlation = (a * b).sum(axis=(1, 2, 3)) / np.maximum(product, 1e-6)
    # Each colour is brought to the mean spread of both, so that the order of the two does not matter.
    scale = np.sqrt(spread_a * spread_b)
    rest = np.abs(a * scale / np.maximum(spread_a, 1e-3) - b * scale / np.maximum(spread_b, 1e-3)) @ _MEAN
    difference = rest.sum(axis=(1, 2)) / n[:, 0, 0, 0]
    tiles = (len(a), _TILES, SIDE // _TILES, _TILES, SIDE // _TILES)
    weight = both[..., 0].reshape(tiles).sum(axis=(2, 4))
    covered = weight >= 0.5 * (SIDE // _TILES) ** 2
    worst = np.where(covered, rest.reshape(tiles).sum(axis=(2, 4)) / np.maximum(weight, 1), 0).max(axis=(1, 2))
    return correlation, difference, worst, cover, scale.mean(axis=(1, 2, 3))
