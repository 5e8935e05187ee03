"""The patterns of the first filters of one layer of each model, side by side."""

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from carvis.progress import Progress, partial_progress
from ui.filters import controls, pattern_grid
from ui.filters.selection import FilterSelection
from ui.state import selection
from ui.state.i18n import _, n_
from ui.state.models import Opened
from ui.widgets import layer_picker
from ui.widgets.job import on_request
from ui.widgets.layout import error, guarded
from ui.widgets.text import plain

if TYPE_CHECKING:
    from carvis.explain import FilterPatterns


def show(opened: dict[str, Opened], models: list[str], settings: DeltaGenerator) -> None:
    """Show the first filters of one layer of each model."""
    with settings:
        layers, problems = layer_picker.choose_layers(opened, convolutions=True)
    for sentence in problems:
        error(sentence)
    filter_settings = controls.filter_settings()
    count = selection.get(FilterSelection).count
    chosen = {name: layer for name, layer in layers.items() if layer}
    filters = {name: list(range(min(count, pattern_grid.depth(opened[name], layer)))) for name, layer in chosen.items()}
    for name in opened.keys() - filters.keys():
        error(
            _("{model} has no convolution with a feature map larger than 1x1: there are no filters to draw.").format(
                model=name
            )
        )
    patterns = {
        name: pattern_grid.cached(opened[name], chosen[name], filters[name], filter_settings) for name in filters
    }
    total = sum(len(indices) for indices in filters.values())
    missing = total - sum(len(layer_patterns.filters) for layer_patterns in patterns.values())

    def make(progress: Progress) -> "dict[str, FilterPatterns]":
        patterns_made, done = {}, 0
        for name, indices in filters.items():
            patterns_made[name] = pattern_grid.draw(
                opened[name],
                chosen[name],
                indices,
                filter_settings,
                partial_progress(progress, 100 * done / total, 100 * (done + len(indices)) / total),
            )
            done += len(indices)
        return patterns_made

    if missing:
        label = n_("Draw {n} pattern", "Draw {n} patterns", missing).format(n=missing)
        key = repr(
            (
                "patterns",
                [(opened[name].clf.fingerprint, chosen[name], filters[name]) for name in filters],
                filter_settings,
            )
        )
        with guarded():
            patterns = (
                on_request(key, label, make, _("Patterns drawn so far are kept if you stop."), so_far=patterns)
                or patterns
            )
    if not any(layer_patterns.filters for layer_patterns in patterns.values()):
        return
    columns = st.columns(len(patterns), gap="medium")
    for number, (column, (name, layer_patterns)) in enumerate(zip(columns, patterns.items())):
        with column:
            st.markdown(f"**{plain(name)}**")
            pattern_grid.facts(layer_patterns)
            pattern_grid.tiles(layer_patterns)
            pattern_grid.notes(layer_patterns)
            pattern_grid.downloads(layer_patterns, number)
