"""Shares as page Where models look writes them."""

from ui.widgets.text import percent


def share(value: float) -> str:
    """Write a share; below 10 % with a digit, as the share of a small part needs one."""
    return f"{value:.1%}".replace("%", "\u00a0%") if 0 < value < 0.0995 else percent(value)
