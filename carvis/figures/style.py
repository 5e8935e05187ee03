"""What all figures share: colours, fonts that hold Japanese, an empty figure, bare axes with two lines above."""

from functools import lru_cache

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, QUIET, RIGHT, WRONG = "#1f2933", "#667380", "#1b7f4b", "#b3261e"
# Class names may be Japanese: the first of these that is installed draws what the default font lacks.
_CJK_FONTS = ("Noto Sans CJK JP", "Noto Sans JP", "IPAexGothic", "IPAGothic", "Yu Gothic", "Hiragino Sans", "MS Gothic")


@lru_cache(maxsize=1)
def fonts() -> list[str]:
    """Return the fonts to draw names in, by preference."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _CJK_FONTS if name in installed)]


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a width and height in inches."""
    figure = Figure(figsize=(width, height), dpi=120, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def bare(axes) -> None:
    """Take ticks and frame off axes."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def title(axes, first: str, second: str, colour: str) -> None:
    """Write a quiet line and below it a bold one above axes."""
    first = first if len(first) <= 30 else f"{first[:29]}…"
    axes.text(0, 1.12, first, transform=axes.transAxes, fontsize=11, color=QUIET, family=fonts(), parse_math=False)
    axes.text(
        0,
        1.03,
        second,
        transform=axes.transAxes,
        fontsize=12,
        color=colour,
        weight="bold",
        family=fonts(),
        parse_math=False,
    )
