"""``aligned``: two layouts laid over each other, so that an image can be followed from one to the other."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carvis.feature_space.projection import Layout


def aligned(layout: Layout, reference: Layout, pairs: NDArray[np.integer[Any]]) -> Layout:
    """Turn, mirror, scale and move a layout so that common images lie as close as they can to those of another.

    Procrustes analysis (Schönemann 1966), scaled so that the common images spread as far in both: the scale of least
    squares would shrink a layout that is unlike the other. Distances within the layout keep their ratios.

    Args:
        layout: is moved.
        reference: stays.
        pairs: (P, 2) rows of the same image in ``layout`` and in ``reference``. A single one only moves the layout,
            none leaves it as it is.
    """
    from scipy.linalg import orthogonal_procrustes

    rows = np.asarray(pairs, np.int64).reshape(-1, 2)
    points = layout.points.astype(np.float64)
    first, second = points[rows[:, 0]], reference.points[rows[:, 1]].astype(np.float64)
    known = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    first, second = first[known], second[known]
    if not len(first):
        return layout
    centre, target = first.mean(axis=0), second.mean(axis=0)
    first, second = first - centre, second - target
    points -= centre
    # Where either lie on one point, neither an angle nor a size says anything.
    if first.any() and second.any():
        rotation, _ = orthogonal_procrustes(first, second)
        points = points @ rotation * np.sqrt((second**2).sum() / (first**2).sum())
    return replace(layout, points=(points + target).astype(np.float32))
