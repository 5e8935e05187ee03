"""Heatmaps: where a model looks when it decides."""

from carvis.explain.heatmap import STATUS_MESSAGES, Heatmap
from carvis.explain.scale import SCALES, scale_maps

__all__ = ["METHODS", "SCALES", "STATUS_MESSAGES", "Heatmap", "heatmaps", "scale_maps"]


def __getattr__(name: str):
    if name == "METHODS":
        from carvis.explain.cam import METHODS

        return METHODS
    if name == "heatmaps":
        from carvis.explain.explaining import heatmaps

        return heatmaps
    raise AttributeError(f"module 'carvis.explain' has no attribute {name!r}")
