"""Heatmaps, where a model looks when it decides, and filter patterns, what single channels answer to."""

from importlib import import_module

from carvis.explain.heatmap import STATUS_MESSAGES, Heatmap
from carvis.explain.methods import METHODS
from carvis.explain.scale import SCALES, scale_maps
from carvis.explain.target import Contrast

# What needs TensorFlow, or is needed rarely, is loaded on first use.
_HOME_OF = {
    "heatmap_sets": "explaining",
    "heatmaps": "explaining",
    "FilterPatterns": "filters",
    "crossed": "filters.patterns",
    "draw_filters": "filters",
    "filter_patterns": "filters",
    "Spectrum": "spectrum",
    "pattern_spectrum": "spectrum",
    "radial_spectrum": "spectrum",
    "white_noise": "spectrum",
    "activation_spectra": "activation_spectrum",
    "ExcitingPictures": "exciting",
    "activation_maps": "exciting",
    "exciting_pictures": "exciting",
    "matching_layers": "tuning",
    "tuning_table": "tuning",
}

__all__ = ["METHODS", "SCALES", "STATUS_MESSAGES", "Contrast", "Heatmap", "scale_maps", *_HOME_OF]


def __getattr__(name: str):
    if name in _HOME_OF:
        return getattr(import_module(f"carvis.explain.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module 'carvis.explain' has no attribute {name!r}")
