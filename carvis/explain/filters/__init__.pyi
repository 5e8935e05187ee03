from .objective import ForwardPass, channel_mean, total_variation
from .optimiser import adam, normalised_ascent
from .parametrisation import Parametrisation, fourier, pixels
from .patterns import FilterPatterns
from .render import draw_filters, filter_patterns
from .settings import DEFAULT_STEPS, STARTS, FilterSettings
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
    "filter_patterns",
    "fourier",
    "jitter",
    "normalised_ascent",
    "pixels",
    "total_variation",
]
