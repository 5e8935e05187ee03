"""Crops of an image: where they lie, how they are cut, and which ones show a concept best."""

import math

import numpy as np
from numpy.typing import NDArray

from carvis.images import resize

Box = tuple[float, float, float, float]


def crop_boxes(share: float, overlap: float) -> list[Box]:
    """List square crops that cover an image evenly from edge to edge, row by row.

    Args:
        share: side of a crop as a share of the image's side.
        overlap: share of a crop's side that its neighbour overlaps at least.

    Returns:
        (left, top, right, bottom) as shares of the image's width and height.
    """
    gaps = math.ceil((1 - share) / (share * (1 - overlap)) - 1e-9)
    starts = [(1 - share) * place / gaps for place in range(gaps + 1)] if gaps else [0.0]
    return [(left, top, left + share, top + share) for top in starts for left in starts]


def cut(image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Cut a box (left, top, right, bottom), shares of width and height, out of an image (H, W, C): at least a pixel."""
    height, width = image.shape[:2]
    left, right = _pixels(box[0], box[2], width)
    top, bottom = _pixels(box[1], box[3], height)
    return image[top:bottom, left:right]


def _pixels(first: float, last: float, size: int) -> tuple[int, int]:
    start = min(max(round(first * size), 0), size - 1)
    return start, max(min(round(last * size), size), start + 1)


def crops_of(image: NDArray[np.uint8], boxes: list[Box], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Cut crops out of an image and bring each to a size (height, width): uint8 (n, height, width, C).

    Bilinear whatever the model's own resize method: nearest would turn an enlarged crop into blocks.
    """
    cuts = (cut(image, box) for box in boxes)
    return np.stack([resize(part, size).reshape(*size, -1) for part in cuts])


def best_crops(coefficients: NDArray[np.floating], images: NDArray[np.int_], most: int) -> list[NDArray[np.int_]]:
    """Return, for each concept, the crops that show it best: of each image the best one, the strongest first.

    Neighbouring crops of one image show the same thing: one of them is enough.

    Args:
        coefficients: float (m, k), of each crop.
        images: int (m,), the image that each crop is of.
        most: how many a concept.

    Returns:
        For each of the k concepts the places of up to ``most`` crops; those without the concept are not among them.
    """
    best = []
    for values in coefficients.T:
        order = np.argsort(-values, kind="stable")
        order = order[values[order] > 0]
        _, first = np.unique(images[order], return_index=True)
        best.append(order[np.sort(first)][:most])
    return best
