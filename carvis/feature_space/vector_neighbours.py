"""The nearest images of each image as a table, from vectors that are there already: no model is needed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.feature_space.distances import NO_NEIGHBOUR, Vectors, nearest
from carvis.feature_space.result import Embeddings
from carvis.progress import Progress


def neighbour_table(
    images: Sequence[str] | NDArray[np.str_],
    vectors: Vectors,
    against: Embeddings,
    k: int = 10,
    *,
    own: NDArray[np.integer[Any]] | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return the images with the smallest cosine distance to each image.

    Args:
        images: a name for each of the M images, as sample ids.
        vectors: (M, d), their embeddings by the same model.
        against: the embeddings of the images that are searched.
        k: how many an image.
        own: (M,) the row of each image in ``against``, -1 where it is none of them: no image is its own neighbour. By
            default the row with the image's name as id.
        progress: called with (vectors done, vectors in all).

    Returns:
        Columns image, rank (1 is the nearest), id, label, distance (0 the same direction, 2 the opposite); by image,
        in their order. An image whose vector has NaN or infinite values has no rows.
    """
    own = rows_of(images, against) if own is None else own
    rows, distances = nearest(vectors, against.vectors, k, exclude=own, progress=progress)
    image, place = np.nonzero(rows != NO_NEIGHBOUR)
    found = rows[image, place]
    columns = {
        "image": np.asarray(images, object)[image],
        "rank": place + 1,
        "id": against.ids[found].astype(object),
        "label": against.labels[found].astype(object),
        "distance": distances[image, place],
    }
    return pd.DataFrame(columns)


def rows_of(ids: Sequence[str] | NDArray[np.str_], against: Embeddings) -> NDArray[np.int64]:
    """Return the row of each sample id in some embeddings, int64 (M,), -1 where it is not among them."""
    return np.asarray(pd.Index(against.ids.astype(object)).get_indexer(pd.Index(ids, dtype=object)), np.int64)
