"""What heatmaps, filter patterns, activations and attention show of themselves in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from carvis.display import IMAGE_BYTES, beside, facts, html_unless_damaged, image, line, names, panel, percent, table
from carvis.errors import CarvisError
from carvis.explain.score import SCORE_NAMES
from carvis.explain.units.channels import channel_grid
from carvis.images import colorize, fitted, overlay, read_image
from carvis.language import _, localised

if TYPE_CHECKING:
    from carvis.explain.attention import Attention
    from carvis.explain.filters.patterns import FilterPatterns
    from carvis.explain.heatmap import Heatmap
    from carvis.explain.units.top_images import TopImages

_SIDE, _FILTERS, _LAYERS, _CHANNELS = 224, 64, 8, 16


class Activations(dict):
    """The output of each layer by its path, float32 (h, w, c): a dict that shows itself in a notebook."""

    def _repr_html_(self) -> str | None:
        return activations_html(self)


@html_unless_damaged
def heatmap_html(heatmap: Heatmap) -> str:
    """The heatmap, laid over its image where that file is here, and what it explains."""
    prediction = f"{heatmap.predicted_name} {heatmap.confidence:.0%}"
    is_prediction = heatmap.target == heatmap.predicted and heatmap.against is None
    values = {
        _("predicted"): prediction,
        _("explained class"): None if is_prediction else heatmap.target_name,
        _("method"): f"{heatmap.method}, {localised(SCORE_NAMES[heatmap.score_kind])}",
        _("layer"): f"{heatmap.layer}, {heatmap.raw.shape[0]} x {heatmap.raw.shape[1]}",
        _("model"): heatmap.model_name,
        _("image"): str(heatmap.source).replace("\\", "/").rpartition("/")[2] if heatmap.source else None,
        _("evidence"): None if heatmap.status == "ok" else localised(heatmap.message),
    }
    alt = _("Heatmap of {model}").format(model=heatmap.model_name)
    notes = [line(f"⚠ {localised(note)}") for note in heatmap.notes]
    return panel(prediction, beside(_drawn(heatmap, alt), facts(values)), *notes)


def _drawn(heatmap: Heatmap, alt: str) -> str:
    try:
        rgb = read_image(heatmap.source) if heatmap.source else None
    except CarvisError:
        rgb = None
    if rgb is None:
        return image(colorize(heatmap.normalised), alt, width=_SIDE, sharp=True)
    return image(overlay(fitted(rgb, _SIDE), heatmap.normalised, 0.5), alt)


@html_unless_damaged
def filters_html(patterns: FilterPatterns) -> str:
    """A grid of the first patterns, and how many filters are dead."""
    count = min(len(patterns.images), _FILTERS)
    values = {
        _("filters"): names(list(map(str, patterns.filters)), 16),
        _("dead filters"): names(list(map(str, patterns.dead)), 16) or "0",
        _("steps"): patterns.settings.step_count,
    }
    title = f"{patterns.model_name} · {patterns.layer}"
    if not count:
        return panel(title, facts(values))
    grid = _first(patterns, count).grid()
    alt = _("Patterns of {n} filters of {layer}").format(n=count, layer=patterns.layer)
    return panel(title, image(grid, alt), facts(values))


def _first(patterns: FilterPatterns, count: int) -> FilterPatterns:
    from dataclasses import replace

    return replace(patterns, images=patterns.images[:count], filters=patterns.filters[:count])


@html_unless_damaged
def activations_html(maps: Mapping[str, np.ndarray]) -> str:
    """The first channels of each layer, and the layers' shapes."""
    shown_layers = list(maps.items())[:: max(1, -(-len(maps) // _LAYERS))]
    parts = []
    for path, values in shown_layers:
        first = np.asarray(values)[..., :_CHANNELS]
        caption = f"{path}: {' x '.join(map(str, values.shape))}"
        most = IMAGE_BYTES // max(len(shown_layers), 1)
        parts += [line(caption), image(channel_grid(first, _CHANNELS, side=44), caption, most=most)]
    title = _("Activations: the first {n} channels of each layer").format(n=_CHANNELS)
    hidden = len(maps) - len(shown_layers)
    parts += [line(_("{n} more layers are not shown.").format(n=hidden))] if hidden else []
    return panel(title, *parts)


@html_unless_damaged
def attention_html(attention: Attention) -> str:
    """The share of the evidence on each part, and what occluding it costs."""
    rows = attention.by_part[attention.by_part["n"] > 0]
    columns = [_("part"), _("images"), _("attention"), _("area"), _("lift")]
    cells = [rows.index, rows["n"].map("{:,.0f}".format), rows["share"].map(percent), rows["area"].map(percent)]
    cells.append(rows["lift"].map("{:.1f}".format))
    if attention.occluded:
        columns += [_("fall"), _("elsewhere")]
        cells += [rows["fall"].map("{:+.2f}".format), rows["control"].map("{:+.2f}".format)]
    setup = attention.setup
    title = " · ".join(str(setup[name]) for name in ("model", "data", "split") if name in setup)
    return panel(title, table(columns, zip(*cells, strict=True), 16))


@html_unless_damaged
def top_images_html(top: TopImages) -> str:
    """The image with the largest activation of each filter."""
    rows = top.table[top.table["rank"] == 1]
    shown_rows = [(f"{row.filter}", row.id, row.label, f"{row.value:.3g}") for row in rows.head(12).itertuples()]
    title = f"{top.model_name} · {top.layer}"
    return panel(title, table((_("filter"), _("image"), _("label"), _("activation")), shown_rows, total=len(rows)))
