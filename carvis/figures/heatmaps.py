"""A picture beside its heatmaps by several models."""

import textwrap
import unicodedata

import numpy as np
from matplotlib.figure import Figure

from carvis.explain import Heatmap, scale_maps
from carvis.explain.scale import SCALE_SENTENCES
from carvis.explain.score import SCORE_NAMES
from carvis.figures.style import INK, QUIET, RIGHT, WRONG, bare, fonts, new_figure, title
from carvis.images import overlay as lay_over
from carvis.language import N_, _, localised

_VERDICTS = {
    "better": (N_("✓ better than a random map and the middle"), RIGHT),
    "not-better": (N_("✗ no better than a random map or the middle"), WRONG),
    "no-evidence": (N_("no evidence to test"), QUIET),
}


def heatmap_comparison(
    image: np.ndarray,
    maps: dict[str, Heatmap],
    true_label: str | None = None,
    *,
    alpha: float = 0.5,
    colormap: str = "viridis",
    scale: str = "map",
    verdicts: dict[str, str] | None = None,
) -> Figure:
    """Draw a picture and, for each model, its overlay above its bare map as a matrix.

    Args:
        image: uint8 (H, W, 3) or (H, W, 1).
        maps: the heatmap of each model by the name to show.
        true_label: the picture's class, where it is known; answers are then marked right or wrong.
        alpha: weight of the colour in the overlay.
        colormap: a matplotlib name, or ``tutorial``.
        scale: which maps share a scale, as ``carvis.explain.scale_maps``.
        verdicts: ``Faithfulness.verdict`` of the maps that were tested, by the same names.
    """
    columns = len(maps) + 1
    notes = {name: _wrapped(heatmap.notes) for name, heatmap in maps.items()}
    # Room below the maps for what has to be known of them.
    below = 0.14 * max((len(lines) for lines in notes.values()), default=0)
    height = 7.0 + below
    figure = new_figure(0.4 + 3.0 * columns, height)
    edges = {"left": 0.02, "right": 0.98, "top": 1 - 0.98 / height, "bottom": (0.63 + below) / height}
    grid = figure.add_gridspec(2, columns, **edges, wspace=0.08, hspace=0.2, height_ratios=[1, 1])
    drawn = scale_maps(list(maps.values()), scale)
    _picture(figure.add_subplot(grid[0, 0]), image, _("picture"), true_label)
    _facts(figure.add_subplot(grid[1, 0]), maps, alpha, colormap, scale)
    for column, ((name, heatmap), values) in enumerate(zip(maps.items(), drawn, strict=True), 1):
        top = figure.add_subplot(grid[0, column])
        top.imshow(lay_over(image, values, alpha, colormap))
        _head(top, name, heatmap, true_label)
        bottom = figure.add_subplot(grid[1, column])
        _matrix(bottom, heatmap, values, colormap)
        if notes[name]:
            place = {"transform": bottom.transAxes, "va": "top", "fontsize": 7.5, "color": QUIET}
            bottom.text(0, -0.12, "\n".join(notes[name]), **place, family=fonts(), parse_math=False)
        if verdict := (verdicts or {}).get(name):
            words, colour = _VERDICTS[verdict]
            bottom.text(0, -0.08, _(words), transform=bottom.transAxes, fontsize=10, color=colour)
    return figure


def _wrapped(notes: tuple[str, ...]) -> list[str]:
    """Break notes into lines as wide as a column; Chinese characters and kana are twice as wide."""
    lines = []
    for note in map(localised, notes):
        wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in note) > len(note) / 3
        lines += textwrap.wrap(note, 26 if wide else 46)
    return lines


def _picture(axes, image: np.ndarray, name: str, label: str | None) -> None:
    axes.imshow(image if image.shape[2] == 3 else image[..., 0], cmap="gray", vmin=0, vmax=255)
    bare(axes)
    title(axes, name, label or "", INK)


def _head(axes, name: str, heatmap: Heatmap, true_label: str | None) -> None:
    bare(axes)
    mark, colour = {None: ("", INK), True: (" ✓", RIGHT), False: (" ✗", WRONG)}[heatmap.is_right(true_label)]
    title(axes, name, f"{heatmap.predicted_name} {heatmap.confidence:.0%}{mark}", colour)


def _matrix(axes, heatmap: Heatmap, values: np.ndarray, colormap: str) -> None:
    axes.imshow(values, cmap="jet" if colormap == "tutorial" else colormap, vmin=0, vmax=1, interpolation="nearest")
    bare(axes)
    height, width = heatmap.raw.shape
    note = f"{heatmap.layer} · {height}x{width}"
    if heatmap.target != heatmap.predicted:
        note += _(" · for {target}").format(target=heatmap.target_name)
    axes.text(0, 1.03, note, transform=axes.transAxes, fontsize=9, color=QUIET, family=fonts(), parse_math=False)
    if heatmap.status != "ok":
        words = _("no evidence: {status}").format(status=heatmap.status)
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color="white", fontsize=11)


def _facts(axes, maps: dict[str, Heatmap], alpha: float, colormap: str, scale: str) -> None:
    bare(axes)
    first = next(iter(maps.values()))
    name = _("JET + picture (tutorial look)") if colormap == "tutorial" else _("{colormap}, overlay {alpha:.0%}")
    name = name.format(colormap=colormap, alpha=alpha)
    axes.imshow(
        np.linspace(0, 1, 256)[None, :],
        cmap="jet" if colormap == "tutorial" else colormap,
        extent=(0.0, 1.0, 0.9, 0.97),
        aspect="auto",
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_box_aspect(1)
    scores = dict.fromkeys(heatmap.score_kind for heatmap in maps.values())
    explained = _(" or ").join(localised(SCORE_NAMES[score]) for score in scores)
    lines = [
        (0.83, _("no evidence"), "left"),
        (0.70, _("{method} on the {score}").format(method=first.method, score=explained), "left"),
        (0.62, localised(SCALE_SENTENCES[scale]), "left"),
        (0.54, name, "left"),
    ]
    for y, words, side in lines:
        axes.text(
            0.0, y, words, fontsize=9, color=QUIET, ha=side, va="center", wrap=True, family=fonts(), parse_math=False
        )
    axes.text(1.0, 0.83, _("most"), fontsize=9, color=QUIET, ha="right", va="center")
    kinds = {heatmap.input_words for heatmap in maps.values()}
    inputs = [f"{name[:24]}: {heatmap.input_words}" for name, heatmap in maps.items()] if len(kinds) > 1 else kinds
    axes.text(0.0, 0.42, _("preprocessing"), fontsize=9, color=QUIET, va="center")
    axes.text(0.0, 0.37, "\n".join(inputs), fontsize=9, color=QUIET, va="top", family=fonts(), parse_math=False)
