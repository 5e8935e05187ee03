"""Heatmaps of several layers of one model as one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from carvis.images import resize

SHALLOW_GAIN = 2.0


def fuse(maps: Sequence[np.ndarray]) -> NDArray[np.float32]:
    """Take, at each position, the most evidence that any layer gives.

    Jiang et al., "LayerCAM" (IEEE TIP 2021), equations 8 and 9: each map is divided by its maximum after ReLU, that
    of every layer but the deepest is lifted by tanh(2 x), and the element-wise maximum is taken.

    Args:
        maps: float (h, w) each, signed, from the shallowest layer to the deepest.

    Returns:
        float32 at the finest of their resolutions, in [0, 1].
    """
    size = max((raw.shape for raw in maps), key=lambda shape: shape[0] * shape[1])
    fused = np.zeros(size, np.float32)
    for depth, raw in enumerate(maps):
        evidence = np.maximum(raw, 0).astype(np.float32)
        top = float(evidence.max())
        if top > 0:
            evidence = evidence / top
            if depth < len(maps) - 1:
                evidence = np.tanh(SHALLOW_GAIN * evidence)
            fused = np.maximum(fused, resize(evidence, size, "bilinear"))
    return fused
