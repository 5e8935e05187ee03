"""What all figures share: colours, fonts with Japanese letters, an empty figure, bare axes with two lines above."""

import contextlib
import logging
import re
import unicodedata
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

from matplotlib import font_manager, rcParams
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from carvis.language import Message, localised

INK, QUIET, RIGHT, WRONG = "#1f2933", "#667380", "#1b7f4b", "#b3261e"
# Class names may be Japanese: the first of these that is installed draws what the default font lacks.
_CJK_FONTS = (
    "Noto Sans CJK JP", "Noto Sans JP", "IPAexGothic", "IPAGothic", "Yu Gothic", "Hiragino Sans", "MS Gothic", "Meiryo",
)  # fmt: skip
# The names of their files, on Linux, Windows and macOS.
_CJK_FILES = re.compile(
    r"noto ?sans ?(cjk|jp)|ipa(ex)?g|yugoth|hiragino ?sans|ヒラギノ角ゴ|msgothic|meiryo", re.IGNORECASE
)
_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]")
_DEFAULT = "DejaVu Sans"


@lru_cache(maxsize=1)
def fonts() -> list[str]:
    """Return the fonts to draw names in, by preference."""
    if not _installed_fonts():
        _look_for_files()
    return [_DEFAULT, *_installed_fonts()]


def _installed_fonts() -> list[str]:
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return [name for name in _CJK_FONTS if name in installed]


def _look_for_files() -> None:
    """Add fonts that were installed after matplotlib cached its list of fonts."""
    for path in map(Path, font_manager.findSystemFonts()):
        # macOS spells names decomposed.
        if _CJK_FILES.search(unicodedata.normalize("NFC", path.name)):
            # A damaged file is not a font.
            with contextlib.suppress(OSError, RuntimeError):
                font_manager.fontManager.addfont(path)


class _Figure(Figure):
    """A figure whose texts are drawn in fonts that have their letters, and that says once where no font does."""

    def draw(self, renderer: RendererBase) -> None:
        self._choose_fonts()
        super().draw(renderer)

    def tight_layout(self, **options: Any) -> None:
        # It measures the texts, in the font that they have by then.
        self._choose_fonts()
        super().tight_layout(**options)

    def _choose_fonts(self) -> None:
        for text in self.findobj(Text):
            if _JAPANESE.search(text.get_text()):
                if text.get_fontfamily() == rcParams["font.family"]:
                    text.set_fontfamily(fonts())
                if len(fonts()) == 1:
                    _warn_no_font()


@lru_cache(maxsize=1)
def _warn_no_font() -> None:
    # One sentence instead of matplotlib's, which is one for every letter.
    warnings.filterwarnings("ignore", message="Glyph .* missing from")
    warning = Message(
        "No font with Japanese letters is installed, so figures show boxes: install fonts-noto-cjk or IPAexfont."
    )
    logging.getLogger("carvis").warning(localised(warning))


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a width and height in inches."""
    figure = _Figure(figsize=(width, height), dpi=120, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def bare(axes: Axes) -> None:
    """Take ticks and frame off axes."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def title(axes: Axes, first: str, second: str, colour: str) -> None:
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
