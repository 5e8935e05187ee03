"""Heatmaps, where a model looks when it decides, and filter patterns, what single channels answer to."""

from importlib import import_module

from carvis.explain.heatmap import STATUS_MESSAGES, Heatmap
from carvis.explain.methods import METHODS
from carvis.explain.scale import SCALES, scale_maps
from carvis.explain.target import Contrast

# What needs TensorFlow, or is needed rarely, is loaded on first use.
_HOME_OF = {
    "ExcitingPictures": "exciting",
    "FilterPatterns": "filters",
    "Spectrum": "spectrum",
    "activation_maps": "exciting",
    "activations": "activating",
    "activation_spectra": "activation_spectrum",
    "attention_on_parts": "attention",
    "box_parts": "parts",
    "compare_maps": "comparing",
    "crossed": "filters.patterns",
    "density_difference": "comparing",
    "disagreements": "disagreement",
    "draw_filters": "filters",
    "evidence_swap": "swapping",
    "exciting_pictures": "exciting",
    "faithfulness": "trials",
    "filter_patterns": "filters",
    "find_parts": "parts",
    "heatmap_sets": "explaining",
    "heatmaps": "explaining",
    "matching_layers": "tuning",
    "pattern_spectrum": "spectrum",
    "radial_spectrum": "spectrum",
    "read_parts": "parts",
    "tuning_table": "tuning",
    "white_noise": "spectrum",
}

__all__ = [
    "METHODS",
    "SCALES",
    "STATUS_MESSAGES",
    "Contrast",
    "Heatmap",
    "scale_maps",
    *_HOME_OF,
]


def __getattr__(name: str):
    if name in _HOME_OF:
        return getattr(import_module(f"carvis.explain.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module 'carvis.explain' has no attribute {name!r}")
