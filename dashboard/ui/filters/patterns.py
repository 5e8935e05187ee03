"""The patterns of the first filters of one layer of each model, or of the first layer of each of its blocks."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from carvis.images import encode_image
from carvis.progress import Progress, partial_progress
from ui.filters import controls, pattern_grid
from ui.filters.selection import FilterSelection
from ui.state import selection
from ui.state.i18n import _, n_
from ui.state.models import Opened
from ui.state.rates import Work
from ui.widgets import layer_picker
from ui.widgets.images import encoded_once
from ui.widgets.job import on_request
from ui.widgets.layout import error, guarded
from ui.widgets.text import plain

if TYPE_CHECKING:
    from carvis.explain import FilterPatterns

# A model's name and one of its layers.
_Place = tuple[str, str]


def show(opened: dict[str, Opened], models: list[str], settings: DeltaGenerator) -> None:
    """Show the first filters of each model's layers."""
    blocks = selection.get(FilterSelection).layers == "blocks"
    layers = _of_blocks(opened) if blocks else _chosen(opened, settings)
    for name in opened.keys() - layers.keys():
        error(
            _("{model} has no convolution with a feature map larger than 1x1: there are no filters to draw.").format(
                model=name
            )
        )
    patterns = _drawn(opened, [(name, layer) for name, listed in layers.items() for layer in listed])
    shown = [name for name in layers if any(place[0] == name and one.filters for place, one in patterns.items())]
    if not shown:
        return
    columns = dict(zip(shown, st.columns(len(shown), gap="medium")))
    for name, column in columns.items():
        column.markdown(f"**{plain(name)}**")
    for number, ((name, _layer), one) in enumerate(patterns.items()):
        if not one.filters:
            continue
        with columns[name]:
            pattern_grid.facts(one)
            if blocks:
                _grid(one)
            else:
                pattern_grid.tiles(one)
            pattern_grid.notes(one)
            pattern_grid.downloads(one, number)


def _chosen(opened: dict[str, Opened], settings: DeltaGenerator) -> dict[str, list[str]]:
    with settings:
        layers, problems = layer_picker.choose_layers(opened, convolutions=True)
    for sentence in problems:
        error(sentence)
    return {name: [layer] for name, layer in layers.items() if layer}


def _of_blocks(opened: dict[str, Opened]) -> dict[str, list[str]]:
    from carvis.explain import first_of_each_block

    layers = {name: first_of_each_block(model.clf) for name, model in opened.items()}
    return {name: listed for name, listed in layers.items() if listed}


def _drawn(opened: dict[str, Opened], places: list[_Place]) -> "dict[_Place, FilterPatterns]":
    """Return the patterns of each model and layer; what is missing is drawn at once or on request, in one go."""
    how, count = controls.filter_settings(), selection.get(FilterSelection).count
    filters = {place: list(range(min(count, pattern_grid.depth(opened[place[0]], place[1])))) for place in places}
    cached = {
        (name, layer): pattern_grid.cached(opened[name], layer, indices, how)
        for (name, layer), indices in filters.items()
    }
    total = sum(map(len, filters.values()))
    missing = total - sum(len(one.filters) for one in cached.values())
    if not missing:
        return cached

    def make(progress: Progress) -> "dict[_Place, FilterPatterns]":
        made, done = {}, 0
        for (name, layer), indices in filters.items():
            part = partial_progress(progress, 100 * done / total, 100 * (done + len(indices)) / total)
            made[name, layer] = pattern_grid.draw(opened[name], layer, indices, how, part)
            done += len(indices)
        return made

    label = n_("Draw {n} pattern", "Draw {n} patterns", missing).format(n=missing)
    made_of = [(opened[name].clf.fingerprint, layer) for name, layer in filters]
    key = repr(("patterns", made_of, list(filters.values()), how))
    result = None
    with guarded():
        note = _("Patterns drawn so far are kept if you stop.")
        work = Work(("patterns", made_of, how), missing)
        result = on_request(key, label, make, note, so_far=cached, work=work)
    return result or cached


def _grid(patterns: "FilterPatterns") -> None:
    """Show the tutorial's grid: eight patterns a row, on black."""
    image = encoded_once(partial(_encoded_grid, patterns), "grid", patterns.images, list(patterns.dead))
    alt = n_("{n} filter pattern of {layer}", "{n} filter patterns of {layer}", len(patterns.filters))
    st.image(image, width="content", alt=alt.format(n=len(patterns.filters), layer=patterns.layer))


def _encoded_grid(patterns: "FilterPatterns") -> bytes:
    return encode_image(patterns.grid(), "PNG")
