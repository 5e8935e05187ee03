"""The confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import FuncFormatter

from carvis.evaluation import confusion_shares
from carvis.evaluation.confusion.choices import Cells
from carvis.figures.style import INK, fonts, new_figure
from carvis.language import _

_MOST_NUMBERS, _MOST_LABELS = 40, 120


def confusion_matrix(
    counts: pd.DataFrame,
    *,
    title: str = "",
    of: Cells = "count",
    order: Sequence[str] | None = None,
    diagonal: bool = True,
    log: bool = False,
    minus: pd.DataFrame | None = None,
) -> Figure:
    """Draw a confusion matrix, rows true and columns predicted; cells of nothing stay white.

    Args:
        counts: DataFrame (n_classes, n_classes) of whole numbers, index true, columns predicted.
        title: text above the matrix.
        of: what the cells show: ``count``, or shares of the ``row`` or ``column`` (in percent).
        order: the classes to draw, in this order; all in the matrix's own order by default. Shares stay those of the
            whole matrix.
        diagonal: False omits the right predictions.
        log: logarithmic colours.
        minus: counts of another model on the same images, of the same classes: the difference is drawn, orange where
            ``counts`` is larger and purple where ``minus`` is.
    """
    values = confusion_shares(counts, of, diagonal=diagonal)
    if minus is not None:
        values -= confusion_shares(minus, of, diagonal=diagonal)
    if order is not None:
        values = values.loc[list(order), list(order)]
    names, masked = values.index, np.ma.masked_where(~(np.abs(values.to_numpy()) > 0), values.to_numpy())
    n = len(names)
    side = min(24.0, max(4.4, (0.36 if n <= _MOST_NUMBERS else 0.13) * n + 2.4))
    figure = new_figure(side + 0.5, side)
    axes = figure.add_subplot()
    scale, colours = _colours(masked, log, minus is not None)
    image = axes.imshow(masked, cmap=colours, norm=scale)
    axes.set_xticks(np.arange(n + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(n + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#e3e7eb", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    axes.set_axisbelow(True)
    if n <= _MOST_NUMBERS:
        _numbers(axes, masked, of, image, minus is not None)
    stride = -(-n // _MOST_LABELS)
    look: dict[str, Any] = {"fontsize": 8 if n <= _MOST_NUMBERS else 6, "family": fonts(), "parse_math": False}
    axes.set_xticks(range(0, n, stride), names[::stride], rotation=90, **look)
    axes.set_yticks(range(0, n, stride), names[::stride], **look)
    axes.set_xlabel(_("predicted"))
    axes.set_ylabel(_("true"))
    axes.set_title(title, fontsize=11, color=INK, loc="left", family=fonts(), parse_math=False)
    units = {"count": _("images"), "row": _("share of the true class"), "column": _("share of the predicted class")}
    form = None if of == "count" else FuncFormatter(lambda value, _place: f"{100 * value:.3g} %")
    bar = figure.colorbar(image, ax=axes, fraction=0.03, pad=0.02, format=form, label=units[of])
    bar.ax.tick_params(labelsize=8)
    figure.tight_layout()
    return figure


def _colours(values: np.ma.MaskedArray, log: bool, signed: bool) -> tuple[Normalize, str]:
    sizes = np.abs(values.compressed())
    high = float(sizes.max()) if len(sizes) else 1.0
    if signed:
        threshold = float(sizes.min()) if len(sizes) else 1.0
        return (SymLogNorm(threshold, vmin=-high, vmax=high) if log else Normalize(-high, high)), "PuOr_r"
    if log:
        low = float(sizes.min()) if len(sizes) else 1.0
        return LogNorm(low if low < high else low / 10, high), "viridis_r"
    return Normalize(0, high), "viridis_r"


def _numbers(axes: Axes, values: np.ma.MaskedArray, of: Cells, image: AxesImage, signed: bool) -> None:
    for row, column in zip(*np.nonzero(~np.ma.getmaskarray(values))):
        value = float(values[row, column])
        text = cell_text(value, of, signed)
        red, green, blue, _alpha = image.to_rgba(np.array([value]))[0]
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        axes.text(
            column, row, text, ha="center", va="center", fontsize=8 if len(text) < 4 else 6.5,
            color="white" if dark else "black",
        )  # fmt: skip


def cell_text(value: float, of: Cells, signed: bool = False) -> str:
    """Return the number in a cell: a count, or whole percent without the sign; ``signed`` for a difference."""
    number = round(value if of == "count" else 100 * value)
    if number == 0:
        return "<1" if not signed else "±<1"
    text = f"{number:+d}" if signed else str(number)
    return text.replace("-", "−")
