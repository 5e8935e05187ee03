"""Which images of a data set are duplicates of each other, and which groups they form."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.dataset.health import backgrounds, candidates
from carvis.dataset.health.candidates import Candidates
from carvis.dataset.health.image_facts import Described
from carvis.dataset.health.verification import verify
from carvis.progress import Progress, no_progress, partial_progress
from carvis.workspace import SPLITS, Cache, CacheFormat, content_hash, load_or_make, open_arrays

COLUMNS = ("path", "split", "label", "twin_path", "twin_split", "twin_label", "distance")
# A mirrored image differs by nothing and is still no exact duplicate.
LEAST_DISTANCE = 1e-4
_VERSION = 4
_BLOCK = 4096
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Duplicates:
    """The duplicates among N files.

    Attributes:
        content: number of what each file shows, equal for files with the same bytes or pixels, int (N,); -1 where it
            cannot be read.
        pairs: contents that show the same photograph, int (P, 2).
        distance: of each pair, float (P,): mean absolute difference once aligned, as a share of full scale.
        group: number of each file's group of duplicates, int (N,): files in a group are linked by pairs, directly or
            through others; -1 where it cannot be read.
    """

    content: np.ndarray
    pairs: np.ndarray
    distance: np.ndarray
    group: np.ndarray


def find_duplicates(described: Described, cache: Cache | None = None, progress: Progress = no_progress) -> Duplicates:
    """Find exact duplicates by their hashes, and near-duplicates by what they show.

    Re-encoded, resized, mirrored, slightly recoloured images, crops of four fifths of the width and height and
    more, and images whose background was blacked out are found as near-duplicates. Bars and frames of one colour do not
    count.

    Args:
        cache: keeps the pairs of a set of images, so that the same set is searched once.
        progress: called with (per cent done, 100); a true return stops the work.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    pixels = described.table["pixels"].to_numpy(object)
    readable = np.flatnonzero(pixels != "")
    content = np.full(len(pixels), -1)
    numbers, names = pd.factorize(pixels[readable])
    content[readable] = numbers
    first = readable[np.unique(numbers, return_index=True)[1]]
    pairs, distance = _near(described, first, names, cache, progress)
    links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(first), len(first)))
    group = np.full(len(pixels), -1)
    if len(first):
        group[readable] = connected_components(links, directed=False)[1][numbers]
    return Duplicates(content, pairs, distance, group)


def _near(
    described: Described, first: NDArray[np.integer], names: Iterable[str], cache: Cache | None, progress: Progress
) -> tuple[NDArray[np.integer], NDArray[np.floating]]:
    if len(first) < 2:
        return np.zeros((0, 2), int), np.zeros(0)
    key = content_hash("near-copies", _VERSION, list(names))
    return load_or_make(cache, key, _pairs_format(len(first)), lambda: _search(described, first, progress))


def _pairs_format(n: int) -> CacheFormat[tuple[NDArray[np.integer], NDArray[np.floating]]]:
    """Return how the pairs among n contents and their distances are cached."""

    def encode(result: tuple[NDArray[np.integer], NDArray[np.floating]]) -> bytes:
        buffer = io.BytesIO()
        np.savez(buffer, pairs=result[0], distance=result[1])
        return buffer.getvalue()

    def decode(path: Path) -> tuple[NDArray[np.integer], NDArray[np.floating]] | None:
        with open_arrays(path) as arrays:
            pairs = arrays.read("pairs", "i", (None, 2))
            distance = arrays.read("distance", "f", (len(pairs),))
        valid = not len(pairs) or (pairs.min() >= 0 and pairs.max() < n and np.isfinite(distance).all())
        return (pairs, distance) if valid else None

    return CacheFormat(".npz", encode, decode)


def _search(
    described: Described, first: NDArray[np.integer], progress: Progress
) -> tuple[NDArray[np.integer], NDArray[np.floating]]:
    """Return the pairs of contents that show the same photograph, and their distances."""
    small = described.small[first]
    masked = backgrounds.blacked_out(small)
    # A cut-out keeps the frame's place: it is also held against images with their frames, which follow the others.
    framed = np.array([i for i, row in enumerate(first) if row in described.whole and not masked[i]], int)
    owner = np.concatenate([np.arange(len(first)), framed])
    if len(framed):
        small = np.concatenate([small, np.stack([described.whole[row] for row in first[framed]])])
        masked = np.concatenate([masked, np.zeros(len(framed), bool)])
    luminance = np.empty(small.shape[:3], np.float32)
    # All at once would take twelve bytes a pixel.
    for start in range(0, len(small), _BLOCK):
        luminance[start : start + _BLOCK] = small[start : start + _BLOCK] @ _LUMINANCE
    blocks = [
        candidates.candidates(luminance[: len(first)], partial_progress(progress, 0, 60)),
        backgrounds.candidates(small, luminance, masked, partial_progress(progress, 60, 70)),
    ]
    columns = ("first", "second", "view", "mirrored", "likeness")
    pairs_to_verify = _best(
        Candidates(*(np.concatenate([getattr(block, name) for block in blocks]) for name in columns))
    )
    paths = described.table["path"].to_numpy(object)[first]
    verified, far = verify(small, masked, paths, pairs_to_verify, partial_progress(progress, 70, 100))
    ends = np.sort(owner[np.stack([pairs_to_verify.first[verified], pairs_to_verify.second[verified]], axis=1)], axis=1)
    table = pd.DataFrame({"a": ends[:, 0], "b": ends[:, 1], "distance": far[verified]})
    nearest = table.groupby(["a", "b"])["distance"].min().reset_index()
    pairs = nearest[["a", "b"]].to_numpy(int).reshape(-1, 2)
    return pairs, np.maximum(nearest["distance"].to_numpy(float).round(4), LEAST_DISTANCE)


def _best(pairs: Candidates) -> Candidates:
    """The likeliest view of each pair in each direction."""
    order = np.lexsort((-pairs.likeness, pairs.second, pairs.first))
    first, second = pairs.first[order], pairs.second[order]
    fresh = np.ones(len(order), bool)
    fresh[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    best = order[fresh]
    return Candidates(
        pairs.first[best], pairs.second[best], pairs.view[best], pairs.mirrored[best], pairs.likeness[best]
    )


def duplicate_table(table: pd.DataFrame, duplicates: Duplicates) -> pd.DataFrame:
    """List for each image its nearest duplicate of each class in its own split and in those before it.

    A duplicate stands before the image in the order train, valid, test, then by id, so that every pair is listed once.

    Args:
        table: columns id, path, split, label, a row a file, in the order of ``duplicates``.

    Returns:
        COLUMNS; distance is 0 for the same bytes or pixels. Duplicates of test images in train come first.
    """
    files = table[["id", "path", "split", "label"]].copy()
    files["content"], files["rank"] = duplicates.content, files["split"].map(SPLITS.index).astype(int)
    files = files[files["content"] >= 0].sort_values(["rank", "id"], ignore_index=True)
    files["order"] = np.arange(len(files))
    own = np.unique(files["content"].to_numpy())
    edges = pd.DataFrame(
        {
            "content": np.concatenate([own, duplicates.pairs[:, 0], duplicates.pairs[:, 1]]),
            "twin_content": np.concatenate([own, duplicates.pairs[:, 1], duplicates.pairs[:, 0]]),
            "distance": np.concatenate([np.zeros(len(own)), duplicates.distance, duplicates.distance]),
        }
    )
    first = files.drop_duplicates(["content", "split", "label"]).drop(columns="id").add_prefix("twin_")
    pairs = files.merge(edges, on="content").merge(first, on="twin_content")
    pairs = pairs[pairs["twin_order"] < pairs["order"]]
    pairs = pairs.sort_values(["distance", "twin_order"], kind="stable")
    pairs = pairs.drop_duplicates(["order", "twin_split", "twin_label"])
    pairs = pairs.assign(across=pairs["rank"] - pairs["twin_rank"])
    pairs = pairs.sort_values(["across", "rank", "distance", "order"], ascending=[False, False, True, True])
    return pairs[list(COLUMNS)].reset_index(drop=True)
