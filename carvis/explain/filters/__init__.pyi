from .patterns import FilterPatterns
from .render import draw_filters, filter_patterns

__all__ = [
    "FilterPatterns",
    "draw_filters",
    "filter_patterns",
]
