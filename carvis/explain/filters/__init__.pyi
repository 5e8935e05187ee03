from .objective import ForwardPass, channel_mean, total_variation
from .optimiser import adam, normalised_ascent
from .parametrisation import Parametrisation, fourier, pixels
from .patterns import FilterPatterns
from .render import draw_filters, filter_patterns
from .settings import DEFAULT_STEPS, STARTS, FilterSettings
from .several_layers import draw_layers, first_of_each_block
from .transforms import jitter

__all__ = [
    "DEFAULT_STEPS",
    "STARTS",
    "FilterPatterns",
    "FilterSettings",
    "ForwardPass",
    "Parametrisation",
    "adam",
    "channel_mean",
    "draw_filters",
    "draw_layers",
    "filter_patterns",
    "first_of_each_block",
    "fourier",
    "jitter",
    "normalised_ascent",
    "pixels",
    "total_variation",
]
