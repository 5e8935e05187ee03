"""How page Where models look writes numbers."""

from ui.widgets.text import percent


def number(value: float) -> str:
    """Write a difference of probabilities."""
    return "–" if value != value else f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def share(value: float) -> str:
    """Write a share; a small one keeps a digit, which tells an emblem from nothing."""
    return f"{value:.1%}".replace("%", "\u00a0%") if 0 < value < 0.0995 else percent(value)
