"""An image beside its heatmaps by several models."""

import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carvis.explain import Heatmap, scale_maps
from carvis.explain.faithfulness_metrics.verdict import VERDICT_NAMES, Verdict
from carvis.explain.scale import SCALE_SENTENCES, Scale
from carvis.explain.score import SCORE_NAMES
from carvis.figures.style import INK, QUIET, RIGHT, WRONG, bare, fonts, new_figure, title
from carvis.images import overlay as lay_over
from carvis.language import _, localised

_VERDICTS: dict[Verdict, tuple[str, str]] = {
    "better": ("✓ ", RIGHT),
    "not-better": ("✗ ", WRONG),
    "no-evidence": ("", QUIET),
}


def heatmap_comparison(
    image: np.ndarray,
    maps: dict[str, Heatmap],
    true_label: str | None = None,
    *,
    alpha: float = 0.5,
    colormap: str = "viridis",
    scale: Scale = "map",
    verdicts: dict[str, Verdict] | None = None,
) -> Figure:
    """Draw an image and, for each model, its overlay above its bare map as a matrix.

    Args:
        image: uint8 (H, W, 3) or (H, W, 1).
        maps: the heatmap of each model by the name to show.
        true_label: the image's class, where it is known; predictions are then marked right or wrong.
        alpha: weight of the colour in the overlay.
        colormap: a matplotlib name, or ``tutorial``.
        scale: which maps share a scale, as ``carvis.explain.scale_maps``.
        verdicts: ``Faithfulness.verdict`` of the heatmaps that were tested, by the same names.
    """
    columns = len(maps) + 1
    notes = {name: _wrapped(_notes(heatmap)) for name, heatmap in maps.items()}
    # Room below the heatmaps for what has to be known of them.
    below = 0.14 * max((len(lines) for lines in notes.values()), default=0)
    height = 7.0 + below
    figure = new_figure(0.4 + 3.0 * columns, height)
    grid = figure.add_gridspec(
        2,
        columns,
        left=0.02,
        right=0.98,
        top=1 - 0.98 / height,
        bottom=(0.63 + below) / height,
        wspace=0.08,
        hspace=0.2,
        height_ratios=[1, 1],
    )
    scaled = scale_maps(list(maps.values()), scale)
    _image(figure.add_subplot(grid[0, 0]), image, _("image"), true_label)
    _facts(figure.add_subplot(grid[1, 0]), maps, alpha, colormap, scale)
    for column, ((name, heatmap), values) in enumerate(zip(maps.items(), scaled, strict=True), 1):
        top = figure.add_subplot(grid[0, column])
        top.imshow(lay_over(image, values, alpha, colormap))
        _head(top, name, heatmap, true_label)
        bottom = figure.add_subplot(grid[1, column])
        _matrix(bottom, heatmap, values, colormap)
        if notes[name]:
            _quiet_text(bottom, 0, -0.12, "\n".join(notes[name]), fontsize=7.5, va="top", transform=bottom.transAxes)
        if verdict := (verdicts or {}).get(name):
            mark, colour = _VERDICTS[verdict]
            text = mark + localised(VERDICT_NAMES[verdict])
            bottom.text(0, -0.08, text, transform=bottom.transAxes, fontsize=10, color=colour)
    return figure


def _notes(heatmap: Heatmap) -> tuple[str, ...]:
    """Return what has to be known of a heatmap, why it is blank included."""
    return heatmap.notes if heatmap.status == "ok" else (heatmap.message, *heatmap.notes)


def _wrapped(notes: Sequence[str], width: int = 46) -> list[str]:
    """Break notes into lines as wide as a column; Chinese characters and kana are twice as wide."""
    lines = []
    for note in map(localised, notes):
        wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in note) > len(note) / 3
        lines += textwrap.wrap(note, width * 4 // 7 if wide else width)
    return lines


def _image(axes: Axes, image: np.ndarray, name: str, label: str | None) -> None:
    axes.imshow(image if image.shape[2] == 3 else image[..., 0], cmap="gray", vmin=0, vmax=255)
    bare(axes)
    title(axes, name, label or "", INK)


def _head(axes: Axes, name: str, heatmap: Heatmap, true_label: str | None) -> None:
    bare(axes)
    mark, colour = {None: ("", INK), True: (" ✓", RIGHT), False: (" ✗", WRONG)}[heatmap.is_right(true_label)]
    title(axes, name, f"{heatmap.predicted_name} {heatmap.confidence:.0%}{mark}", colour)


def _matrix(axes: Axes, heatmap: Heatmap, values: np.ndarray, colormap: str) -> None:
    axes.imshow(values, cmap=_matplotlib_name(colormap), vmin=0, vmax=1, interpolation="nearest")
    bare(axes)
    height, width = heatmap.raw.shape
    note = f"{heatmap.layer} · {height}x{width}"
    if heatmap.target != heatmap.predicted:
        note += _(" · for {target}").format(target=heatmap.target_name)
    _quiet_text(axes, 0, 1.03, note, transform=axes.transAxes)
    if heatmap.status != "ok":
        text = _("no evidence")
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="white", fontsize=11)


def _facts(axes: Axes, maps: dict[str, Heatmap], alpha: float, colormap: str, scale: Scale) -> None:
    bare(axes)
    first = next(iter(maps.values()))
    name = _("JET + image (tutorial look)") if colormap == "tutorial" else _("{colormap}, overlay {alpha:.0%}")
    name = name.format(colormap=colormap, alpha=alpha)
    axes.imshow(
        np.linspace(0, 1, 256)[None, :],
        cmap=_matplotlib_name(colormap),
        extent=(0.0, 1.0, 0.9, 0.97),
        aspect="auto",
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_box_aspect(1)
    scores = dict.fromkeys(heatmap.score_kind for heatmap in maps.values())
    explained = _(" or ").join(localised(SCORE_NAMES[score]) for score in scores)
    _quiet_text(axes, 0, 0.83, _("no evidence"), va="center")
    _quiet_text(axes, 1, 0.83, _("most"), ha="right", va="center")
    method = _("{method} on the {score}").format(method=first.method, score=explained)
    kinds = {heatmap.input_words for heatmap in maps.values()}
    inputs = [f"{name[:24]}: {heatmap.input_words}" for name, heatmap in maps.items()] if len(kinds) > 1 else kinds
    facts = [method, *_wrapped([SCALE_SENTENCES[scale]], 38), name, "", _("preprocessing"), *inputs]
    _quiet_text(axes, 0, 0.74, "\n".join(facts), va="top")


def _matplotlib_name(colormap: str) -> str:
    return "jet" if colormap == "tutorial" else colormap


def _quiet_text(axes: Axes, x: float, y: float, text: str, **options: Any) -> None:
    look: dict[str, Any] = {"fontsize": 9, "color": QUIET, "family": fonts(), "parse_math": False}
    axes.text(x, y, text, **look | options)
