"""Models side by side: their accuracies with intervals, their reliability diagrams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

import numpy as np
from matplotlib.figure import Figure

from carvis.evaluation.comparison.temperature import Effect
from carvis.figures.style import INK, QUIET, fonts, new_figure
from carvis.language import _

if TYPE_CHECKING:
    from carvis.evaluation.comparison import Comparison, Effect

_LINE, _BAR = "#31688e", "#9fb8cc"


def model_scoreboard(comparison: Comparison) -> Figure:
    """Draw each model's accuracy with its interval, and beside it the other figures of the scoreboard."""
    board = comparison.scoreboard
    figure = new_figure(10.5, 1.5 + 0.5 * len(board))
    axes = figure.add_axes((0.2, 0.55 / figure.get_figheight(), 0.33, 1 - 1.15 / figure.get_figheight()))
    rows = np.arange(len(board))
    reach = np.abs(board[["low", "high"]].to_numpy().T - board["accuracy"].to_numpy())
    axes.errorbar(
        board["accuracy"], rows, xerr=reach, fmt="o", color=_LINE, ecolor=QUIET, capsize=3, label=_("accuracy")
    )
    measured = board["clean_accuracy"].notna()
    if measured.any():
        axes.plot(board.loc[measured, "clean_accuracy"], rows[measured], "D", color="white", mec=INK, ms=5, zorder=4)
    axes.set_yticks(rows, [_short(name) for name in board.index], family=fonts(), parse_math=False)
    axes.set_ylim(len(board) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9)
    title = _("accuracy, 95 % CI (diamond: without near-duplicates)") if measured.any() else _("accuracy, 95 % CI")
    axes.set_title(title, fontsize=9, color=INK, loc="left", pad=7)
    columns = {
        "accuracy": "{:.1%}", "top3": "{:.1%}", "macro_f1": "{:.3f}", "log_loss": "{:.3f}", "ece": "{:.3f}",
        "parameters": "{:,.0f}",
    }  # fmt: skip
    headings = {
        "accuracy": _("accuracy"), "top3": _("top-3"), "macro_f1": _("macro F1"), "log_loss": _("log loss"),
        "ece": "ECE", "parameters": _("parameters"),
    }  # fmt: skip
    for place, (column, form) in enumerate(columns.items()):
        x = 1.2 + 0.235 * place
        axes.text(x, 1.03, headings.get(column, column), transform=axes.transAxes, ha="right", va="bottom", fontsize=9,
                  color=QUIET)  # fmt: skip
        for row, value in zip(rows, board[column]):
            text = "–" if value != value else form.format(value)
            axes.text(x, float(row), text, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=9,
                      color=INK)  # fmt: skip
    _note(figure, comparison)
    return figure


def reliability_diagrams(comparison: Comparison, effects: Mapping[str, Effect] | None = None) -> Figure:
    """Draw accuracy against confidence for each model, and how many images each confidence has.

    Args:
        effects: of a temperature, by model, as ``Temperature.effect`` returns it.
    """
    names = comparison.names
    across = min(3, len(names))
    down = -(-len(names) // across)
    figure = new_figure(3.5 * across + 0.4, 3.7 * down + 0.4)
    grid = figure.subplots(down, across, squeeze=False)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    for axes, name in zip(grid.flat, names):
        table = comparison.reliability(name).dropna()
        middle, width = (table["from"] + table["to"]) / 2, table["to"] - table["from"]
        axes.bar(middle, table["count"] / table["count"].sum(), width, color=_BAR, alpha=0.6)
        axes.plot([0, 1], [0, 1], color=QUIET, lw=0.8, ls="--")
        reach = np.abs(table[["low", "high"]].to_numpy().T - table["accuracy"].to_numpy())
        axes.errorbar(table["confidence"], table["accuracy"], yerr=reach, fmt="o-", color=_LINE, ecolor=QUIET, ms=4,
                      capsize=2)  # fmt: skip
        axes.set_title(_short(name, 34), fontsize=10, color=INK, loc="left", family=fonts(), parse_math=False, pad=18)
        note = _("calibration error {ece:.3f}").format(ece=comparison.scoreboard.loc[name, "ece"])
        if effects and name in effects:
            note += _(", with temperature {temperature:.2f}: {ece_after:.3f}").format(**effects[name])
        axes.text(0, 1.02, note, transform=axes.transAxes, fontsize=8, color=QUIET)
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel=_("confidence"), ylabel=_("accuracy (bars: share of images)"))
        axes.xaxis.label.set_size(8)
        axes.yaxis.label.set_size(8)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout(rect=(0, 0.2 / figure.get_figheight(), 1, 1))
    _note(figure, comparison)
    return figure


def _short(name: str, most: int = 22) -> str:
    """A name cut to the width of ``most`` Latin letters; Japanese ones are as wide as two."""
    width = 0
    for place, letter in enumerate(name):
        width += 1 + (east_asian_width(letter) in "WF")
        if width > most:
            return f"{name[: max(place - 1, 1)]}…"
    return name


def _note(figure: Figure, comparison: Comparison) -> None:
    first = next(iter(comparison.joined.evaluations.values()))
    note = _("{n:,} images of {data}, {split}").format(
        n=comparison.n, data=first.setup["dataset"]["name"], split=first.split
    )
    note += _(", without near-duplicates of training images") if comparison.without_leakage else ""
    figure.text(0.99, 0.01, note, ha="right", va="bottom", fontsize=8, color=QUIET, family=fonts(), parse_math=False)
