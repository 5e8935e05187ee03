"""What models look at and what they need, part by part and class by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from carvis.figures.style import INK, QUIET, fonts, new_figure
from carvis.language import _

if TYPE_CHECKING:
    from carvis.explain.attention import Attention

# More numbers than these in one matrix would be too small to read.
_MOST_NUMBERS = 400


def attention_by_part(results: dict[str, Attention]) -> Figure:
    """Draw, for each part, the share of each model's attention beside the part's area, and what occluding it costs.

    Args:
        results: the attention of each model on the same images, by the name to show.
    """
    from matplotlib import colormaps

    first = next(iter(results.values()))
    parts, count = list(first.parts), len(results)
    occluded = all(result.occluded for result in results.values())
    colours = colormaps["cividis"](np.linspace(0.1, 0.85, max(count, 2)))
    height = 1.6 + len(parts) * (0.22 * count + 0.22)
    figure = new_figure(10.5 if occluded else 6.0, height)
    axes = figure.subplots(1, 2 if occluded else 1, sharey=True, squeeze=False)[0]
    thickness = 0.8 / count
    for place, (name, result) in enumerate(results.items()):
        rows = np.arange(len(parts)) + (place - (count - 1) / 2) * thickness
        table = result.by_part
        axes[0].barh(rows, table["share"], thickness * 0.9, color=colours[place], label=name)
        axes[0].vlines(table["area"], rows - thickness * 0.45, rows + thickness * 0.45, color="#c2410c", lw=2, zorder=3)
        if occluded:
            fall = table["fall"]
            reach = np.abs(np.array([fall - table["fall low"], table["fall high"] - fall]))
            bars = {"xerr": np.nan_to_num(reach), "error_kw": {"lw": 1, "ecolor": QUIET}}
            axes[1].barh(rows, fall, thickness * 0.9, color=colours[place], **bars)
            axes[1].plot(table["control"], rows, "D", color="white", mec=INK, ms=4, zorder=4)
    axes[0].set_yticks(range(len(parts)), parts, family=fonts(), parse_math=False)
    axes[0].invert_yaxis()
    axes[0].set_title(_("share of the evidence (line: share of the image)"), fontsize=9, color=INK, loc="left")
    if occluded:
        axes[1].set_title(_("fall in probability when occluded\n"
        "(diamond: same shape elsewhere)"),
                          fontsize=9, color=INK, loc="left")  # fmt: skip
        axes[1].axvline(0, color=QUIET, lw=0.8)
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=9)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower left", ncols=min(count, 4), fontsize=9, frameon=False,
                  prop={"family": fonts(), "size": 9})  # fmt: skip
    note = _("{method}, {n} images of {data}, {split}").format(
        method=first.setup["method"], n=len(first.table), data=first.setup["data"], split=first.setup["split"]
    )
    figure.text(0.99, 0.01, note, ha="right", fontsize=8, color=QUIET, family=fonts(), parse_math=False)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    return figure


def attention_by_class(result: Attention) -> Figure:
    """Draw classes down and parts across: a part's attention over its area, and what occluding it costs.

    Args:
        result: of one model.
    """
    table = result.by_class
    lift, fall = table["lift"].unstack("part"), table["fall"].unstack("part")
    panels = [(_("share of the evidence / area"), lift, "PuOr_r", 1.0)]
    if result.occluded:
        panels.append((_("fall in probability when occluded"), fall, "RdBu_r", 0.0))
    classes, parts = list(lift.index), list(result.parts)
    figure = new_figure(2.4 + len(panels) * (0.55 * len(parts) + 0.9), 1.9 + 0.27 * len(classes))
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for panel, (title, table, colormap, middle) in zip(axes, panels, strict=True):
        values = table[parts].to_numpy(float)
        # Lifts are ratios: twice as much and half as much are equally far from none.
        shades = np.log2(np.maximum(values, 1 / 16)) if middle else values
        reach = max(float(np.nanmax(np.abs(shades), initial=0)), 1e-6)
        panel.imshow(shades, cmap=colormap, vmin=-reach, vmax=reach, aspect="auto")
        if values.size <= _MOST_NUMBERS:
            for row, column in zip(*np.nonzero(np.isfinite(values))):
                colour = "white" if abs(shades[row, column]) > 0.6 * reach else "black"
                text = f"{values[row, column]:.1f}" if middle else f"{values[row, column]:.2f}"
                panel.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
        panel.set_title(title, fontsize=9, color=INK, loc="left")
        panel.set_xticks(
            range(len(parts)), parts, rotation=45, ha="right", fontsize=8, family=fonts(), parse_math=False
        )
    axes[0].set_yticks(range(len(classes)), classes, fontsize=8, family=fonts(), parse_math=False)
    figure.suptitle(
        str(result.setup["model"]), x=0.01, ha="left", fontsize=11, color=INK, family=fonts(), parse_math=False
    )
    figure.tight_layout()
    return figure
