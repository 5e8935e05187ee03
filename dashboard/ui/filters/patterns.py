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
    how = controls.filter_settings()
    count = selection.get(FilterSelection).count
    chosen = {name: layer for name, layer in layers.items() if layer}
    wanted = {name: list(range(min(count, pattern_grid.depth(opened[name], layer)))) for name, layer in chosen.items()}
    for name in opened.keys() - wanted.keys():
        error(
            _("{model} has no convolution with a feature map larger than 1x1: there are no filters to draw.").format(
                model=name
            )
        )
    drawn = {name: pattern_grid.known(opened[name], chosen[name], wanted[name], how) for name in wanted}
    total = sum(len(filters) for filters in wanted.values())
    missing = total - sum(len(one.filters) for one in drawn.values())

    def make(progress: Progress) -> "dict[str, FilterPatterns]":
        made, done = {}, 0
        for name, filters in wanted.items():
            made[name] = pattern_grid.draw(
                opened[name],
                chosen[name],
                filters,
                how,
                partial_progress(progress, 100 * done / total, 100 * (done + len(filters)) / total),
            )
            done += len(filters)
        return made

    if missing:
        label = n_("Draw {n} pattern", "Draw {n} patterns", missing).format(n=missing)
        key = repr(("patterns", [(opened[name].clf.fingerprint, chosen[name], wanted[name]) for name in wanted], how))
        with guarded():
            drawn = (
                on_request(key, label, make, _("Patterns drawn so far are kept if you stop."), so_far=drawn) or drawn
            )
    if not any(one.filters for one in drawn.values()):
        return
    columns = st.columns(len(drawn), gap="medium")
    for number, (column, (name, one)) in enumerate(zip(columns, drawn.items())):
        with column:
            st.markdown(f"**{plain(name)}**")
            pattern_grid.facts(one)
            pattern_grid.tiles(one)
            pattern_grid.notes(one)
            pattern_grid.downloads(one, number)
