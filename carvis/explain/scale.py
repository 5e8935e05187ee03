"""Which maps share a scale: per map, within one model, or as densities across models."""

from collections.abc import Sequence

import numpy as np

from carvis.explain.heatmap import Heatmap

SCALES = ("map", "model", "density")


def scale_maps(heatmaps: Sequence[Heatmap], scale: str = "map") -> list[np.ndarray]:
    """Bring the evidence of several maps to [0, 1] for drawing.

    Args:
        heatmaps: maps of any models and layers.
        scale: ``map`` divides each by its own maximum; ``model`` divides the maps of one model by their common
            maximum; ``density`` divides each by its mean and then all by the common maximum, since raw values of
            different models are not comparable.

    Returns:
        float32 arrays (h, w) in [0, 1], one a map.
    """
    if scale == "map":
        return [heatmap.normalised for heatmap in heatmaps]
    if scale == "model":
        tops: dict[str, float] = {}
        for heatmap in heatmaps:
            tops[heatmap.fingerprint] = max(tops.get(heatmap.fingerprint, 0.0), float(heatmap.positive.max()))
        return [_divide(heatmap.positive, tops[heatmap.fingerprint]) for heatmap in heatmaps]
    if scale == "density":
        top = max((float(heatmap.density.max()) for heatmap in heatmaps), default=0.0)
        return [_divide(heatmap.density, top) for heatmap in heatmaps]
    raise ValueError(f"unknown scale {scale!r}: one of {', '.join(SCALES)}")


def _divide(values: np.ndarray, top: float) -> np.ndarray:
    return values / top if top > 0 else np.zeros_like(values)
