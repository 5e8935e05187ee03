"""Matplotlib figures for files and reports: each function returns a Figure and shows nothing."""

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from carvis.explain import Heatmap, scale_maps
from carvis.images import overlay as lay_over
from carvis.workspace import atomic_write

_INK, _QUIET, _RIGHT, _WRONG = "#1f2933", "#667380", "#1b7f4b", "#b3261e"
# Class names may be Japanese: the first of these that is installed draws what the default font lacks.
_CJK_FONTS = ("Noto Sans CJK JP", "Noto Sans JP", "IPAexGothic", "IPAGothic", "Yu Gothic", "Hiragino Sans", "MS Gothic")
_SCALE_NOTES = {
    "map": "each map divided by its own maximum",
    "model": "maps of one model share a scale",
    "density": "densities (evidence divided by its mean) on one scale",
}


@lru_cache(maxsize=1)
def _fonts() -> list[str]:
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _CJK_FONTS if name in installed)]


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=120, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def heatmap_comparison(
    image: np.ndarray,
    maps: dict[str, Heatmap],
    true_label: str | None = None,
    *,
    alpha: float = 0.5,
    colormap: str = "viridis",
    scale: str = "map",
) -> Figure:
    """Draw a picture and, for each model, its overlay above its bare map as a matrix.

    Args:
        image: uint8 (H, W, 3) or (H, W, 1).
        maps: the heatmap of each model by the name to show.
        true_label: the picture's class, where it is known; answers are then marked right or wrong.
        alpha: weight of the colour in the overlay.
        colormap: a matplotlib name, or ``tutorial``.
        scale: which maps share a scale, as ``carvis.explain.scale_maps``.
    """
    columns = len(maps) + 1
    figure = _figure(0.4 + 3.0 * columns, 7.0)
    grid = figure.add_gridspec(
        2, columns, left=0.02, right=0.98, top=0.86, bottom=0.09, wspace=0.08, hspace=0.2, height_ratios=[1, 1]
    )
    drawn = scale_maps(list(maps.values()), scale)
    _picture(figure.add_subplot(grid[0, 0]), image, "picture", true_label)
    _facts(figure.add_subplot(grid[1, 0]), maps, alpha, colormap, scale)
    for column, ((name, heatmap), values) in enumerate(zip(maps.items(), drawn, strict=True), 1):
        top = figure.add_subplot(grid[0, column])
        top.imshow(lay_over(image, values, alpha, colormap))
        _head(top, name, heatmap, true_label)
        _matrix(figure.add_subplot(grid[1, column]), heatmap, values, colormap)
    return figure


def _bare(axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _picture(axes, image: np.ndarray, title: str, label: str | None) -> None:
    axes.imshow(image if image.shape[2] == 3 else image[..., 0], cmap="gray", vmin=0, vmax=255)
    _bare(axes)
    _title(axes, title, label or "", _INK)


def _title(axes, first: str, second: str, colour: str) -> None:
    first = first if len(first) <= 30 else f"{first[:29]}…"
    axes.text(0, 1.12, first, transform=axes.transAxes, fontsize=11, color=_QUIET, family=_fonts(), parse_math=False)
    axes.text(
        0,
        1.03,
        second,
        transform=axes.transAxes,
        fontsize=12,
        color=colour,
        weight="bold",
        family=_fonts(),
        parse_math=False,
    )


def _head(axes, name: str, heatmap: Heatmap, true_label: str | None) -> None:
    _bare(axes)
    mark, colour = {None: ("", _INK), True: (" ✓", _RIGHT), False: (" ✗", _WRONG)}[heatmap.is_right(true_label)]
    _title(axes, name, f"{heatmap.predicted_name} {heatmap.confidence:.0%}{mark}", colour)


def _matrix(axes, heatmap: Heatmap, values: np.ndarray, colormap: str) -> None:
    axes.imshow(values, cmap="jet" if colormap == "tutorial" else colormap, vmin=0, vmax=1, interpolation="nearest")
    _bare(axes)
    height, width = heatmap.raw.shape
    note = f"{heatmap.layer} · {height}x{width}"
    if heatmap.target != heatmap.predicted:
        note += f" · for {heatmap.target_name}"
    axes.text(0, 1.03, note, transform=axes.transAxes, fontsize=9, color=_QUIET, family=_fonts(), parse_math=False)
    if heatmap.status != "ok":
        words = f"no evidence: {heatmap.status}"
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color="white", fontsize=11)


def _facts(axes, maps: dict[str, Heatmap], alpha: float, colormap: str, scale: str) -> None:
    _bare(axes)
    first = next(iter(maps.values()))
    name = "JET + picture (tutorial look)" if colormap == "tutorial" else f"{colormap}, overlay {alpha:.0%}"
    axes.imshow(
        np.linspace(0, 1, 256)[None, :],
        cmap="jet" if colormap == "tutorial" else colormap,
        extent=(0.0, 1.0, 0.9, 0.97),
        aspect="auto",
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_box_aspect(1)
    lines = [
        (0.83, "no evidence", "left"),
        (0.70, f"{first.method} on the {first.score_kind}", "left"),
        (0.62, _SCALE_NOTES[scale], "left"),
        (0.54, name, "left"),
    ]
    for y, words, side in lines:
        axes.text(
            0.0, y, words, fontsize=9, color=_QUIET, ha=side, va="center", wrap=True, family=_fonts(), parse_math=False
        )
    axes.text(1.0, 0.83, "most", fontsize=9, color=_QUIET, ha="right", va="center")
    kinds = {heatmap.preprocessing for heatmap in maps.values()}
    inputs = [f"{name[:24]}: {heatmap.preprocessing}" for name, heatmap in maps.items()] if len(kinds) > 1 else kinds
    axes.text(0.0, 0.42, "preprocessing", fontsize=9, color=_QUIET, va="center")
    axes.text(0.0, 0.37, "\n".join(inputs), fontsize=9, color=_QUIET, va="top", family=_fonts(), parse_math=False)


def confusion_matrix(counts, *, title: str = "") -> Figure:
    """Draw a confusion matrix with its counts, rows true and columns predicted.

    Args:
        counts: DataFrame (n_classes, n_classes) of whole numbers, index true, columns predicted.
        title: words above the matrix.
    """
    n = len(counts)
    side = max(4.0, 0.36 * n + 2.2)
    figure = _figure(side, side)
    axes = figure.add_subplot()
    values = counts.to_numpy()
    axes.imshow(values, cmap="viridis")
    if n <= 40:
        middle = values.max() / 2
        for row, column in zip(*np.nonzero(values)):
            colour = "black" if values[row, column] > middle else "white"
            axes.text(column, row, str(values[row, column]), ha="center", va="center", fontsize=8, color=colour)
    size = 8 if n <= 40 else 5
    axes.set_xticks(range(n), counts.columns, rotation=90, fontsize=size, family=_fonts(), parse_math=False)
    axes.set_yticks(range(n), counts.index, fontsize=size, family=_fonts(), parse_math=False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(title, fontsize=11, color=_INK, loc="left", family=_fonts(), parse_math=False)
    figure.tight_layout()
    return figure


def figure_bytes(figure: Figure, format: str = "png") -> bytes:
    """Return a figure as the bytes of a ``png``, ``jpg``, ``svg`` or ``pdf`` file."""
    buffer = io.BytesIO()
    # Dates in the file would make the same figure different bytes.
    metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(format)
    figure.savefig(buffer, format=format, metadata=metadata)
    return buffer.getvalue()


def write_figure(path: str | Path, figure: Figure) -> Path:
    """Write a figure in the format that the file's name ends in."""
    return atomic_write(path, figure_bytes(figure, Path(path).suffix.lstrip(".").lower() or "png"))
