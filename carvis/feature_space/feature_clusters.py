"""``clusters``: groups of images that are similar for a model, for lists and slices where a map cannot be seen."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.feature_space.distances import Vectors, unit_vectors
from carvis.feature_space.result import Embeddings
from carvis.feature_space.tsne import principal_components
from carvis.language import Message

NO_CLUSTER = -1
# How many clusters are tried; the silhouette of a sample decides.
_NUMBERS = (2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 40)
_FEWEST_EACH = 5
_SAMPLE = 3_000


def clusters(vectors: Vectors, *, seed: int = 0) -> NDArray[np.int64]:
    """Group vectors by k-means of their directions, in as many clusters as separate best.

    The number of clusters is the one with the largest silhouette (Rousseeuw 1987) among up to 40; of many vectors the
    centres are those of a sample. Density-based clusters (HDBSCAN) left 11 to 93 % of real photographs in none, often
    over 60 %, in 36 settings that were tried: a map's list has to hold every image.

    Args:
        vectors: (N, d).
        seed: of the sample and of the first centres.

    Returns:
        int64 (N,): 0 for the largest cluster, of equal ones for that with the first vector, and so on; -1 for vectors
        with NaN or infinite values.
    """
    finite = np.isfinite(vectors).all(axis=1)
    found = np.full(len(vectors), NO_CLUSTER, np.int64)
    found[finite] = _by_size(_grouped(unit_vectors(vectors[finite]), seed))
    return found


def cluster_table(
    members: NDArray[np.integer[Any]], embeddings: Embeddings, *, representatives: int = 3
) -> pd.DataFrame:
    """Describe clusters by what is in them.

    Args:
        members: (N,) as ``clusters`` gives them for ``embeddings.vectors``.
        embeddings: of the images.
        representatives: how many typical images of each cluster are named.

    Returns:
        Columns cluster, n, label (the commonest, of equally common ones the first by name), share (of the images with
        that label), ids (of the most typical images: the first is the medoid, with the smallest mean cosine distance
        to the cluster) and words (a sentence). Images in no cluster are left out.
    """
    rows = []
    for cluster in np.unique(members[members != NO_CLUSTER]):
        inside = np.flatnonzero(members == cluster)
        names, counts = np.unique(embeddings.labels[inside], return_counts=True)
        commonest = int(counts.argmax())
        n, label, share = len(inside), str(names[commonest]), float(counts[commonest] / len(inside))
        units = unit_vectors(embeddings.vectors[inside])
        # The mean distance to all members is 1 - the product with their mean.
        typical = np.argsort(-(units @ units.mean(axis=0)), kind="stable")[:representatives]
        ids = embeddings.ids[inside[typical]].tolist()
        words = cluster_words(n, label, share)
        rows.append({"cluster": int(cluster), "n": n, "label": label, "share": share, "ids": ids, "words": words})
    return pd.DataFrame(rows, columns=["cluster", "n", "label", "share", "ids", "words"])


def cluster_words(n: int, label: str, share: float) -> Message:
    """Say what is in a cluster.

    Args:
        n: the number of images.
        label: the commonest.
        share: of the images with that label.
    """
    if share == 1:
        return Message.of_number("{n} image, {label}", "{n} images, all {label}", n, label=label)
    return Message("{n} images, {share} % {label}", n=n, share=round(100 * share), label=label)


def _grouped(units: NDArray[np.float32], seed: int) -> NDArray[np.int64]:
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from threadpoolctl import threadpool_limits

    points = principal_components(units, seed)
    distinct = len(np.unique(points, axis=0))
    most = min(len(units) // _FEWEST_EACH, distinct - 1)
    if most < min(_NUMBERS):
        return np.zeros(len(units), np.int64)
    sample = points
    if len(points) > _SAMPLE:
        sample = points[np.sort(np.random.default_rng(seed).choice(len(points), _SAMPLE, replace=False))]
    # The sum of several threads' parts depends on their number.
    with threadpool_limits(1, user_api="openmp"):
        tried = [KMeans(k, n_init=3, random_state=seed).fit(sample) for k in _NUMBERS if k <= most]
        # The first of equal ones: the fewest clusters.
        best = max(tried, key=lambda means: silhouette_score(sample, means.labels_))
        return np.asarray(best.predict(points), np.int64)


def _by_size(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number clusters by their size, of equal ones by their first member."""
    values, first, counts = np.unique(labels, return_index=True, return_counts=True)
    numbers = np.empty(int(values.max(initial=0)) + 1, np.int64)
    numbers[values[np.lexsort((first, -counts))]] = np.arange(len(values))
    return numbers[labels]
