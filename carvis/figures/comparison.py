"""Two models' heatmaps of one image and their difference, and whose evidence each model needs."""

from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carvis.explain import Heatmap, scale_maps
from carvis.explain.agreement.similarity import compare_maps, density_difference
from carvis.figures.style import INK, QUIET, bare, fonts, new_figure, title
from carvis.images import overlay, overlay_difference
from carvis.language import N_, _

_MEASURES = (
    ("rank_correlation", N_("rank correlation")),
    ("top_overlap", N_("top 20 % overlap")),
    ("distance", N_("distance")),
)
_SWAP_NOTE = N_(
    "Evidence swap. Rows: whose heatmap\n"
    "sets the order in which the image is\n"
    "deleted. Columns: how much\n"
    "confidence each model loses."
)


def map_differences(image: np.ndarray, maps: dict[str, Heatmap], swap: pd.DataFrame | None = None) -> Figure:
    """Draw, for each pair of models, both densities on one scale and their difference, and the evidence swap.

    Args:
        image: uint8 (H, W, 3) or (H, W, 1).
        maps: the heatmap of each of two models or more, by the name to show.
        swap: as ``carvis.explain.evidence_swap`` returns it; omitted where None.
    """
    pairs = list(combinations(maps, 2))
    measured = compare_maps(maps)
    scaled = dict(zip(maps, scale_maps(list(maps.values()), "density"), strict=True))
    rows = len(pairs) + (swap is not None)
    figure = new_figure(10, 3.6 * rows)
    grid = figure.add_gridspec(rows, 3, left=0.02, right=0.98, top=1 - 0.55 / (3.6 * rows), bottom=0.03, hspace=0.3)
    top = max(float(np.abs(density_difference(maps[first], maps[second])).max()) for first, second in pairs)
    for row, ((first, second), facts) in enumerate(zip(pairs, measured.to_dict("records"), strict=True)):
        for column, name in enumerate((first, second)):
            axes = figure.add_subplot(grid[row, column])
            axes.imshow(overlay(image, scaled[name], 0.55))
            bare(axes)
            title(axes, name, f"{maps[name].predicted_name} {maps[name].confidence:.0%}", INK)
        axes = figure.add_subplot(grid[row, 2])
        axes.imshow(overlay_difference(image, density_difference(maps[first], maps[second]), top))
        bare(axes)
        title(
            axes, _("red: more for {model}").format(model=first), _("blue: more for {model}").format(model=second), INK
        )
        text = " · ".join(f"{_(text)} {facts[key]:.2f}" for key, text in _MEASURES if np.isfinite(facts[key]))
        _note(axes, -0.03, text or _("no evidence to compare"), fontsize=7)
    if swap is not None:
        axes = figure.add_subplot(grid[-1, 0])
        bare(axes)
        _note(axes, 1.0, _(_SWAP_NOTE), fontsize=10)
        _swap(figure.add_subplot(grid[-1, 1:]), swap)
    return figure


def _note(axes: Axes, y: float, text: str, fontsize: int) -> None:
    axes.text(0, y, text, transform=axes.transAxes, va="top", fontsize=fontsize, color=QUIET, family=fonts())


def _swap(axes: Axes, swap: pd.DataFrame) -> None:
    values = swap.to_numpy(float)
    axes.imshow(values, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(values.shape):
        text = "–" if np.isnan(values[row, column]) else f"{values[row, column]:.0%}"
        colour = "black" if values[row, column] > 0.5 else "white"
        axes.text(column, row, text, ha="center", va="center", color=colour)
    axes.set_xticks(range(len(swap.columns)), swap.columns, family=fonts(), parse_math=False)
    axes.set_yticks(range(len(swap)), swap.index, family=fonts(), parse_math=False)
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    for spine in axes.spines.values():
        spine.set_visible(False)
