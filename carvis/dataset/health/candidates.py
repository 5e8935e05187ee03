"""Which images may be duplicates of each other: a fast search by the low frequencies of small images.

Each image is indexed by a few low frequencies of its luminance, weighted so that they carry alike much, as one
vector of length 1; it is sought by the vectors of its views: the whole and crops of it, each also mirrored. A crop is
a linear map of the rows and columns, so that a view costs two small matrix products. What this search finds is
verified by ``verifying``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from carvis.progress import Progress, advance, no_progress

FREQUENCIES = 11
LIKENESS = 0.78
# Parts of the width and of the height that a crop may show: whatever crop of up to a fifth of either is near
# enough to one of them, and is then found exactly in verifying.
WHOLE = (0.0, 1.0)
PARTS = (WHOLE, *((k / 20, (k + 18) / 20) for k in range(3)), *((k / 20, (k + 16) / 20) for k in range(5)))
VIEWS = tuple(product(PARTS, PARTS))
# Up to so many images all pairs are compared; above, only those in the nearest cells.
ALL_PAIRS = 3_000
_PROBES = 8
_BLOCK = 2048


@dataclass(frozen=True)
class Candidates:
    """Pairs to verify: ``first`` through ``view`` (an index of VIEWS), mirrored or not, looks like ``second``."""

    first: np.ndarray
    second: np.ndarray
    view: np.ndarray
    mirrored: np.ndarray
    likeness: np.ndarray


def sampling(interval: tuple[float, float], size: int, of: int) -> np.ndarray:
    """The matrix (size, of) that samples ``of`` pixels within an interval at ``size`` places, bilinearly."""
    low, high = interval
    places = (low + (np.arange(size) + 0.5) / size * (high - low)) * of - 0.5
    places = np.clip(places, 0, of - 1)
    left = np.minimum(np.floor(places).astype(int), of - 2)
    share = places - left
    matrix = np.zeros((size, of), np.float32)
    matrix[np.arange(size), left] = 1 - share
    matrix[np.arange(size), left + 1] += share
    return matrix


def _cosines(size: int) -> np.ndarray:
    """The first rows of the discrete cosine transform (type II), orthonormal: (FREQUENCIES, size)."""
    k, n = np.arange(FREQUENCIES)[:, None], np.arange(size)[None]
    matrix = np.cos(np.pi * (n + 0.5) * k / size) * np.sqrt(2 / size)
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


_U, _V = np.meshgrid(np.arange(FREQUENCIES), np.arange(FREQUENCIES), indexing="ij")
# Amplitudes of photographs fall about as one over the frequency (Field 1987).
_WEIGHT = np.sqrt(_U**2 + _V**2).ravel()[1:].astype(np.float32)
_MIRROR = np.where(_V % 2, -1, 1).ravel()[1:].astype(np.float32)


def signatures(luminance: np.ndarray, view: tuple = (WHOLE, WHOLE)) -> np.ndarray:
    """Vectors of length 1 of what a view (part of the height, part of the width) shows.

    Args:
        luminance: float32 (N, S, S).

    Returns:
        float32 (N, FREQUENCIES ** 2 - 1); zero for an image without any contrast.
    """
    size = luminance.shape[1]
    down, across = (_cosines(size) @ sampling(part, size, size) for part in view)
    waves = np.einsum("kh,nhw->nkw", down, luminance, optimize=True) @ across.T
    vectors = waves.reshape(len(waves), -1)[:, 1:] * _WEIGHT
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 1e-3, length, np.inf)


def candidates(luminance: np.ndarray, progress: Progress = no_progress, all_pairs: int = ALL_PAIRS) -> Candidates:
    """Find the pairs of images of which one looks like a view of the other.

    Args:
        luminance: float32 (N, S, S).
        progress: called with (steps done, steps in all); a true return stops the work.
    """
    index = signatures(luminance)
    cells = _Cells(index, 1 if len(index) <= all_pairs else int(2 * np.sqrt(len(index))))
    pairs = []
    for number, view in enumerate(VIEWS):
        vectors = index if number == 0 else signatures(luminance, view)
        for mirrored in (False, True):
            for first, second, likeness in cells.near(vectors * _MIRROR if mirrored else vectors):
                # Whole images are compared from both ends.
                distinct = first < second if number == 0 else first != second
                n = int(distinct.sum())
                # There may be millions of pairs: narrow types.
                ends = first[distinct].astype(np.int32), second[distinct].astype(np.int32)
                pairs.append((*ends, np.full(n, number, np.uint8), np.full(n, mirrored), likeness[distinct]))
            advance(progress, 2 * number + mirrored + 1, 2 * len(VIEWS))
    return (
        Candidates(*(np.concatenate(column) for column in zip(*pairs, strict=True)))
        if pairs
        else Candidates(*(np.zeros(0, kind) for kind in (int, int, int, bool, np.float32)))
    )


class _Cells:
    """Vectors sorted into cells around chosen ones; a vector is sought in the cells nearest to it."""

    def __init__(self, vectors: np.ndarray, number: int):
        self.vectors = vectors
        self.centres = None
        if number > 1:
            rng = np.random.default_rng(0)
            centres = vectors[rng.choice(len(vectors), number, replace=False)]
            for _ in range(4):
                home = _nearest(vectors[:: max(1, len(vectors) // 50_000)], centres, 1)[:, 0]
                sums = np.zeros_like(centres)
                np.add.at(sums, home, vectors[:: max(1, len(vectors) // 50_000)])
                length = np.linalg.norm(sums, axis=1, keepdims=True)
                centres = np.where(length > 1e-6, sums / np.maximum(length, 1e-6), centres)
            self.centres = centres
            home = _nearest(vectors, centres, 1)[:, 0]
            order = np.argsort(home, kind="stable")
            self.members = np.split(order, np.searchsorted(home[order], np.arange(1, number)))

    def near(self, queries: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield (query, vector, likeness) of pairs whose likeness reaches LIKENESS."""
        if self.centres is None:
            for start in range(0, len(queries), _BLOCK):
                part = np.arange(start, min(start + _BLOCK, len(queries)))
                yield _above(queries[part], self.vectors, part, np.arange(len(self.vectors)))
            return
        nearest = _nearest(queries, self.centres, _PROBES)
        cell, query = nearest.ravel(), np.repeat(np.arange(len(queries)), nearest.shape[1])
        order = np.argsort(cell, kind="stable")
        rows_of_cell = np.split(query[order], np.searchsorted(cell[order], np.arange(1, len(self.centres))))
        for members, rows in zip(self.members, rows_of_cell, strict=True):
            if len(members) and len(rows):
                yield _above(queries[rows], self.vectors[members], rows, members)


def _above(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], rows: NDArray[np.intp], members: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    likeness = queries @ vectors.T
    i, j = np.nonzero(likeness >= LIKENESS)
    return rows[i], members[j], likeness[i, j]


def _nearest(vectors: np.ndarray, centres: np.ndarray, k: int) -> np.ndarray:
    """The numbers of the k centres nearest to each vector, (N, k)."""
    nearest = np.empty((len(vectors), k), int)
    for start in range(0, len(vectors), _BLOCK):
        likeness = vectors[start : start + _BLOCK] @ centres.T
        rows = np.arange(len(likeness))
        # A few passes over all are much faster than sorting out the first few.
        for place in range(k):
            best = likeness.argmax(axis=1)
            nearest[start : start + _BLOCK, place] = best
            likeness[rows, best] = -np.inf
    return nearest
