"""Which heatmaps share a scale: each has its own, those of one model, or all as densities."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from carvis.language import Message

if TYPE_CHECKING:
    from carvis.explain.heatmap import Heatmap

Scale = Literal["map", "model", "density"]
SCALES: tuple[Scale, ...] = get_args(Scale)

SCALE_SENTENCES: dict[str, Message] = {
    "map": Message("Each heatmap is divided by its own maximum: compare positions, not strengths."),
    "model": Message("The heatmaps of one model share a scale: compare strengths within a model only."),
    "density": Message(
        "Each heatmap is divided by its mean, and all share a scale: compare how focused the models are."
    ),
}


def scale_maps(heatmaps: "Sequence[Heatmap]", scale: Scale = "map") -> list[NDArray[np.float32]]:
    """Bring the evidence of several heatmaps to [0, 1] for drawing.

    Args:
        heatmaps: of any models and layers.
        scale: ``map`` divides each by its own maximum; ``model`` divides the heatmaps of one model by their common
            maximum; ``density`` divides each by its mean and then all by the common maximum, since raw values of
            different models are not comparable.

    Returns:
        float32 arrays (h, w) in [0, 1], one per heatmap.
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


def _divide(values: NDArray[np.float32], top: float) -> NDArray[np.float32]:
    return values / top if top > 0 else np.zeros_like(values)
