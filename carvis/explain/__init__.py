"""Heatmaps, where a model looks when it decides, and filter patterns, what single channels answer to."""

from carvis.explain.heatmap import STATUS_MESSAGES, Heatmap
from carvis.explain.methods import METHODS
from carvis.explain.scale import SCALES, scale_maps
from carvis.explain.target import Contrast

__all__ = [
    "METHODS",
    "SCALES",
    "STATUS_MESSAGES",
    "Contrast",
    "Heatmap",
    "attention_on_parts",
    "box_parts",
    "draw_filters",
    "filter_patterns",
    "find_parts",
    "heatmap_sets",
    "heatmaps",
    "read_parts",
    "scale_maps",
]


def __getattr__(name: str):
    if name in ("heatmaps", "heatmap_sets"):
        from carvis.explain import explaining

        return getattr(explaining, name)
    if name in ("draw_filters", "filter_patterns"):
        from carvis.explain import filters

        return getattr(filters, name)
    if name == "attention_on_parts":
        from carvis.explain import attention

        return attention.attention_on_parts
    if name in ("box_parts", "find_parts", "read_parts"):
        from carvis.explain import parts

        return getattr(parts, name)
    raise AttributeError(f"module 'carvis.explain' has no attribute {name!r}")
