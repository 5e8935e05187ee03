"""Cosine distances between vectors: the nearest of each query, exactly.

Products in float32 find the candidates; their distances are then computed again in float64. Vectors are read in blocks,
so that a memory map never lies in memory as a whole, and so many queries together that even where all vectors are
alike the candidates take some ten megabytes. ``tests/benchmarks/neighbours.py`` has the figures that
speak against an index.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carvis.progress import Progress, advance

# Of vectors, and of products with them, at a time.
_BLOCK_BYTES = 64_000_000
# What rounding can move a product of two unit vectors by: 2,000 values in float32 err by less than 2e-6.
_SLACK = 1e-5
# Vectors within the slack of the last neighbour that are compared exactly; of more, the largest products.
_MOST_TIED = 1_000
# Candidates of all queries that are searched together: a collapsed model, whose vectors are all alike, fills them.
_MOST_CANDIDATES = 1_000_000
# Rounding in float64. Different directions in float16, as embeddings have them, are further apart.
_ZERO = 1e-12
NO_NEIGHBOUR = -1

Vectors = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class _Candidates:
    """Pairs of query and vector, by query, the largest product first."""

    query: NDArray[np.int64]
    vector: NDArray[np.int64]
    product: NDArray[np.float32]


def nearest(
    queries: Vectors,
    vectors: Vectors,
    k: int,
    *,
    exclude: NDArray[np.integer[Any]] | None = None,
    progress: Progress | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the ``k`` vectors with the smallest cosine distance to each query.

    The cosine distance is 1 - cos of the angle: 0 for the same direction, 1 for a right angle, 2 for the opposite. A
    zero vector is at distance 0 from another zero vector and at 1 from all others.

    Args:
        queries: (M, d).
        vectors: (N, d), may be a memory map. One with NaN or infinite values is no neighbour.
        k: how many, at least 1.
        exclude: (M,) the row of ``vectors`` that is not to be a neighbour of each query, -1 for none.
        progress: called with (vectors done, N).

    Returns:
        int64 (M, k) rows of ``vectors``, the nearest first, of equal distances the first row first; float32 (M, k)
        their distances. Where there are fewer neighbours, or the query has NaN or infinite values, the rest is -1 and
        NaN.

    Raises:
        ValueError: the shapes do not fit, or k is less than 1.
        StoppedError: the caller asked to stop.
    """
    if queries.ndim != 2 or vectors.ndim != 2 or queries.shape[1] != vectors.shape[1]:
        raise ValueError(f"queries {queries.shape} and vectors {vectors.shape} must be (M, d) and (N, d)")
    if k < 1:
        raise ValueError(f"k is {k}, but at least one neighbour is needed")
    excluded = np.full(len(queries), -1) if exclude is None else np.asarray(exclude)
    if excluded.shape != (len(queries),):
        raise ValueError(f"exclude {excluded.shape} must hold one row for each of {len(queries)} queries")
    rows = np.full((len(queries), k), NO_NEIGHBOUR, np.int64)
    distances = np.full((len(queries), k), np.nan, np.float32)
    together = max(_MOST_CANDIDATES // (k + _MOST_TIED), 1)
    parts = [slice(first, first + together) for first in range(0, len(queries), together)]
    for number, part in enumerate(parts):

        def report(done: float, total: float, number: int = number) -> bool | None:
            return progress((number * total + done) / len(parts), total) if progress else None

        candidates = _candidates(queries[part], vectors, k, excluded[part], report)
        rows[part], distances[part] = _exact(queries[part], vectors, candidates, k)
    return rows, distances


def distance_to_nearest(
    queries: Vectors, vectors: Vectors | None = None, k: int = 1, *, progress: Progress | None = None
) -> NDArray[np.float32]:
    """Return each query's cosine distance to the ``k``-th nearest vector: large for what is unlike all of them.

    With unit vectors the ranks are those of Sun et al., "Out-of-Distribution Detection with Deep Nearest Neighbors"
    (2022).

    Args:
        queries: (M, d).
        vectors: (N, d); None for the queries themselves, each compared with all others.
        k: which of the nearest; where there are fewer, the last.
        progress: called with (vectors done, N).

    Returns:
        float32 (M,); NaN where a query has NaN or infinite values, or there is nothing to compare it with.
    """
    own = np.arange(len(queries)) if vectors is None else None
    _, distances = nearest(queries, queries if vectors is None else vectors, k, exclude=own, progress=progress)
    last = np.maximum(np.isfinite(distances).sum(axis=1) - 1, 0)
    return distances[np.arange(len(distances)), last]


def unit_vectors(vectors: Vectors) -> NDArray[np.float32]:
    """Return vectors (N, d) scaled to length 1: those of length 0, NaN or infinite values become 0."""
    lengths = _lengths(vectors)
    usable = np.isfinite(lengths) & (lengths > 0)
    return np.where(usable[:, None], vectors, 0).astype(np.float32) / np.where(usable, lengths, 1)[:, None].astype("f4")


def _lengths(vectors: Vectors) -> NDArray[np.float64]:
    """Return the lengths of vectors; NaN or infinity where one has such values."""
    with np.errstate(all="ignore"):
        squares = np.einsum("ij,ij->i", vectors, vectors).astype(np.float64)
        # Beyond 1e19 or below 1e-19 float32 has no squares.
        again = np.flatnonzero(~np.isfinite(squares) | (squares < 1e-30))
        squares[again] = np.einsum("ij,ij->i", vectors[again], vectors[again], dtype=np.float64)
        return np.sqrt(squares)


def _candidates(
    queries: Vectors, vectors: Vectors, k: int, excluded: NDArray[np.integer[Any]], progress: Progress
) -> _Candidates:
    """Find the vectors whose product with a query is within rounding of its ``k`` largest."""
    lengths = _lengths(queries)
    zero, finite = lengths == 0, np.isfinite(lengths)
    units = unit_vectors(queries)
    step = max(_BLOCK_BYTES // (4 * max(vectors.shape[1], 1)), 1)
    queries_at_once = max(_BLOCK_BYTES // (4 * min(step, max(len(vectors), 1))), 1)
    best = _Candidates(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    least = np.full(len(queries), -np.inf, np.float32)
    advance(progress, 0, len(vectors))
    for start in range(0, len(vectors), step):
        block = np.asarray(vectors[start : start + step], np.float32)
        sizes = _lengths(block)
        usable = np.isfinite(sizes)
        found = [best]
        for first in range(0, len(queries), queries_at_once):
            part = slice(first, first + queries_at_once)
            with np.errstate(all="ignore"):
                products = units[part] @ block.T
                products /= np.where(sizes > 0, sizes, 1).astype(np.float32)
            products[zero[part]] = sizes == 0
            products[:, ~usable] = -np.inf
            products[~finite[part]] = -np.inf
            here = np.flatnonzero((excluded[part] >= start) & (excluded[part] < start + len(block)))
            products[here, excluded[part][here] - start] = -np.inf
            lower = least[part]
            if len(block) > k and not np.isfinite(lower).all():
                lower = np.maximum(lower, np.partition(products, -k, axis=1)[:, -k])
            near = (products >= (lower - _SLACK)[:, None]) & (products > -np.inf)
            _bound(near, products, k + _MOST_TIED)
            query, row = np.nonzero(near)
            found.append(_Candidates(query + first, row + start, products[query, row]))
        best, least = _best(found, len(queries), k)
        advance(progress, min(start + step, len(vectors)), len(vectors))
    return best


def _bound(near: NDArray[np.bool_], products: NDArray[np.float32], most: int) -> None:
    """Leave, of each query, at most so many marked: those with the largest products, of equal ones the first."""
    for query in np.flatnonzero(np.count_nonzero(near, axis=1) > most):
        marked = np.flatnonzero(near[query])
        of_query = products[query, marked]
        least = np.partition(of_query, -most)[-most]
        above, equal = marked[of_query > least], marked[of_query == least]
        near[query] = False
        near[query, above] = near[query, equal[: most - len(above)]] = True


def _best(found: list[_Candidates], n: int, k: int) -> tuple[_Candidates, NDArray[np.float32]]:
    """Keep of each query the ``k`` largest products and those within rounding of them; also return the k-th."""
    query, vector, product = (
        np.concatenate([getattr(part, name) for part in found]) for name in ("query", "vector", "product")
    )
    order = np.lexsort((vector, -product, query))
    query, vector, product = query[order], vector[order], product[order]
    rank = _rank_within(query)
    least = np.full(n, -np.inf, np.float32)
    last = rank == k - 1
    least[query[last]] = product[last]
    keep = (product >= least[query] - _SLACK) & (rank < k + _MOST_TIED)
    return _Candidates(query[keep], vector[keep], product[keep]), least


def _rank_within(query: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the entries before each one of its own query, in arrays sorted by query."""
    return np.arange(len(query)) - np.searchsorted(query, query)


def _exact(
    queries: Vectors, vectors: Vectors, candidates: _Candidates, k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Order candidates by their distances in float64, and cut them to ``k`` a query."""
    rows = np.full((len(queries), k), NO_NEIGHBOUR, np.int64)
    distances = np.full((len(queries), k), np.nan, np.float32)
    exact = np.empty(len(candidates.query), np.float32)
    step = max(_BLOCK_BYTES // (32 * max(vectors.shape[1], 1)), 1)
    for start in range(0, len(exact), step):
        part = slice(start, start + step)
        exact[part] = _distances(queries[candidates.query[part]], vectors[candidates.vector[part]])
    order = np.lexsort((candidates.vector, exact, candidates.query))
    query = candidates.query[order]
    rank = _rank_within(query)
    keep = rank < k
    rows[query[keep], rank[keep]] = candidates.vector[order][keep]
    distances[query[keep], rank[keep]] = exact[order][keep]
    return rows, distances


def _distances(first: Vectors, second: Vectors) -> NDArray[np.float64]:
    """Return the cosine distances of pairs of finite vectors, (n, d) each.

    1 - cos is half the squared distance of the unit vectors, which loses no digits where they lie close.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    one, other = _lengths(a), _lengths(b)
    a /= np.where(one > 0, one, 1)[:, None]
    b /= np.where(other > 0, other, 1)[:, None]
    a -= b
    distances = np.einsum("ij,ij->i", a, a) / 2
    distances[(one == 0) != (other == 0)] = 1
    return np.where(distances < _ZERO, 0, distances)
