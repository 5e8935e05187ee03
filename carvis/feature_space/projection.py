"""``layout``: vectors in the plane, near where they are near, with how far that can be trusted."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from carvis.feature_space.distances import Vectors, unit_vectors
from carvis.feature_space.tsne import METHODS, Method, plane_points
from carvis.language import Message, together
from carvis.progress import Progress, advance, no_progress
from carvis.workspace import Cache, CacheFormat, Unusable, Workspace, content_hash, load_or_make, open_arrays

# Of the hash in the cache: a higher one where the same vectors would be laid out otherwise.
_VERSION = 2
_CACHE_BYTES = 200_000_000
# scikit-learn's trustworthiness holds all distances twice.
_JUDGED = 3_000
_NEIGHBOURS = 10
_GOOD, _FAIR, _POOR = 0.95, 0.9, 0.8


@dataclass(frozen=True, eq=False)
class Layout:
    """Points in the plane for vectors of a feature space.

    Attributes:
        points: float32 (N, 2); NaN for a vector with NaN or infinite values.
        trustworthiness: the share of neighbours in the plane that are neighbours in the feature space, others counted
            by how far off they are: 1 at best, about 0.5 for points at random (Venna & Kaski 2001). NaN for fewer than
            3 vectors.
        method: how they were laid out.
        judged: how many points ``trustworthiness`` was computed from, N or a sample.
    """

    points: NDArray[np.float32]
    trustworthiness: float
    method: Method
    judged: int

    @property
    def words(self) -> Message:
        """How far the layout can be trusted, in sentences."""
        sentences = [trust_words(self.trustworthiness)]
        if 0 < self.judged < len(self.points):
            sentences.append(
                Message(
                    "This was measured on {n} of the {total} images, drawn at random.",
                    n=f"{self.judged:,}",
                    total=f"{len(self.points):,}",
                )
            )
        if self.method != "PCA":
            sentences.append(
                Message("Distances between groups that lie far apart, and the sizes of groups, mean nothing.")
            )
        return together(sentences)


def trust_words(value: float) -> Message:
    """Return what a trustworthiness means for somebody who looks at the map, in one sentence."""
    shown = f"{value:.2f}"
    if not np.isfinite(value):
        return Message("Too few images to tell whether the map can be trusted.")
    if value >= _GOOD:
        return Message(
            "Images that lie close together on this map are also similar for the model (trustworthiness {value} of 1).",
            value=shown,
        )
    if value >= _FAIR:
        return Message(
            "Most images that lie close together on this map are also similar for the model (trustworthiness {value} "
            "of 1).",
            value=shown,
        )
    if value >= _POOR:
        return Message(
            "Some images that lie close together on this map are not similar for the model (trustworthiness {value} of "
            "1): compare an image's nearest neighbours before you rely on a group.",
            value=shown,
        )
    return Message(
        "Do not read groups into this map: many images that lie close together on it are not similar for the model "
        "(trustworthiness {value} of 1).",
        value=shown,
    )


def layout(
    vectors: Vectors,
    *,
    seed: int = 0,
    workspace: Workspace | str | Path | None = None,
    progress: Progress | None = None,
) -> Layout:
    """Lay out vectors in the plane by t-SNE, started from their principal components.

    Their directions are compared, not their lengths, as by ``nearest``. The same vectors and seed give the same bytes.

    Args:
        vectors: (N, d).
        seed: of t-SNE and of the sample that the trustworthiness is measured on.
        workspace: where the result is cached; None caches nothing.
        progress: called with (steps done, steps in all).

    Raises:
        StoppedError: the caller asked to stop.
    """
    if vectors.ndim != 2:
        raise ValueError(f"vectors {vectors.shape} must be (N, d)")
    values = np.ascontiguousarray(vectors, np.float32)
    cache = None if workspace is None else Cache(_workspace(workspace).cache_dir / "layouts", _CACHE_BYTES)
    key = content_hash("layout", _VERSION, values, seed) if cache else ""
    return load_or_make(cache, key, _format(len(values)), lambda: _made(values, seed, progress or no_progress))


def _workspace(workspace: Workspace | str | Path) -> Workspace:
    return workspace if isinstance(workspace, Workspace) else Workspace(workspace)


def _made(vectors: NDArray[np.float32], seed: int, progress: Progress) -> Layout:
    finite = np.isfinite(vectors).all(axis=1)
    units = unit_vectors(vectors[finite])
    advance(progress, 0, 100)
    found, method = plane_points(units, seed, progress)
    points = np.full((len(vectors), 2), np.nan, np.float32)
    points[finite] = found
    trust, judged = trustworthiness(units, found, seed=seed)
    advance(progress, 100, 100)
    return Layout(points, trust, method, judged)


def trustworthiness(vectors: Vectors, points: NDArray[np.float32], *, seed: int = 0) -> tuple[float, int]:
    """Return how far points in the plane keep the neighbours of vectors, as ``Layout.trustworthiness`` says.

    Args:
        vectors: (N, d), finite.
        points: (N, 2).
        seed: of the sample that many points are judged by.

    Returns:
        The trustworthiness, NaN for fewer than 3 points, and the number of points it was computed from.
    """
    from sklearn import manifold

    units = unit_vectors(vectors)
    if len(units) > _JUDGED:
        rows = np.sort(np.random.default_rng(seed).choice(len(units), _JUDGED, replace=False))
        units, points = units[rows], points[rows]
    # scikit-learn needs fewer than half of the points as neighbours.
    neighbours = min(_NEIGHBOURS, (len(units) - 1) // 2)
    if neighbours < 1:
        return float("nan"), len(units)
    return float(manifold.trustworthiness(units, points, n_neighbors=neighbours)), len(units)


def _encode(made: Layout) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, points=made.points, trustworthiness=made.trustworthiness, method=made.method, judged=made.judged)
    return buffer.getvalue()


def _format(n: int) -> CacheFormat[Layout]:
    """A layout of n vectors: one of others would give images points that are not theirs."""

    def decode(path: Path) -> Layout:
        with open_arrays(path, max_bytes=_CACHE_BYTES) as file:
            points, method = file.read("points", "f", (n, 2)), file.text("method")
            trust, judged = file.read("trustworthiness", "f", ()), file.read("judged", "i", ())
            if method not in METHODS or points.dtype != np.float32 or not 0 <= judged <= n:
                raise Unusable(Message("it is damaged, or no file of arrays"))
        return Layout(points, float(trust), method, int(judged))

    return CacheFormat(".npz", _encode, decode)
