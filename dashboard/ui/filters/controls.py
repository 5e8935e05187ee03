"""The controls of page Filters: what is looked at, which filters, and how their patterns are drawn."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from carvis.explain.filters.settings import DEFAULT_STEPS, FilterSettings
from ui.filters.selection import FilterSelection
from ui.state import current, selection, workspace
from ui.state.i18n import N_, _, shown_as, translated
from ui.state.models import Opened, openable
from ui.widgets import layer_picker
from ui.widgets.pickers import segments
from ui.widgets.text import plain

LENS = {
    "patterns": N_("Patterns"),
    "spectrum": N_("Spectrum"),
    "tuning": N_("Fine-tuning"),
    "pictures": N_("Top images"),
}
START = {"model": N_("In the model's range"), "tutorial": N_("As in the tutorial (128 to 148)")}
FORM = {"tutorial": N_("As in the tutorial"), "regularised": N_("Regularised")}
LAYERS = {"one": N_("One layer"), "blocks": N_("First of each block")}
OF = {"patterns": N_("Filter patterns"), "activations": N_("Activations on images")}


def filter_settings() -> FilterSettings:
    """Return how patterns are drawn."""
    chosen = selection.get(FilterSelection)
    regularised = chosen.form == "regularised"
    return FilterSettings(
        size=chosen.size,
        steps=chosen.steps or DEFAULT_STEPS[regularised],
        start="model" if regularised else chosen.start,
        regularised=regularised,
    )


def settings() -> DeltaGenerator:
    """Offer how patterns are drawn, and return the window, for the layers that only opened models can tell."""
    chosen = selection.get(FilterSelection)
    window = st.popover(_("Settings"), icon=":material/tune:")
    with window:
        segments("form", _("Pattern type"), FORM, chosen.form, wrap=True)
        if chosen.form == "tutorial":
            segments("start", _("Starting noise"), START, chosen.start, wrap=True)
        _number("size", _("Size in pixels"), 16, 256, chosen.size, step=16)
        _number("steps", _("Steps"), 1, 512, filter_settings().step_count)
    return window


def choose_layers() -> None:
    """Choose whether one layer is drawn, or the first convolution of each block."""
    chosen = selection.get(FilterSelection).layers
    st.selectbox(
        _("Layers"),
        list(LAYERS),
        format_func=shown_as(translated(LAYERS)),
        help=_("A block ends where the feature map shrinks: VGG16 has five, from block1_conv1 to block5_conv1."),
        **selection.control("layers", chosen),
    )


def count() -> None:
    """Choose how many filters are drawn."""
    _number(
        "count",
        _("Filters"),
        1,
        512,
        selection.get(FilterSelection).count,
        help=_("Number of filters, counted from the first of the layer."),
    )


def channel(filters: int) -> int:
    """Choose one filter of a layer that has so many."""
    index = min(selection.get(FilterSelection).filter, filters - 1)
    label = _("Filter (0 to {last})").format(last=filters - 1)
    _number("filter", label, 0, filters - 1, index)
    return index


def _number(field: str, label: str, low: int, high: int, value: int, **more: Any) -> None:
    st.number_input(
        label,
        low,
        high,
        value,
        **selection.control(field, value, lambda number: low if number is None else int(number)),
        **more,
    )


def choose_model(names: list[str], label: str, field: str, default: str) -> str:
    """Choose one model; a name that is not among those offered is left out."""
    chosen = getattr(selection.get(FilterSelection), field)
    name = chosen if chosen in names else default
    openable({name: workspace.model_files()[name] for name in names})
    st.selectbox(label, names, **selection.control(field, name), format_func=str, width="stretch")
    return name


def parent_of(name: str) -> str | None:
    """Return the model that another was trained on from, where its card tells and it is here."""
    files = workspace.model_files()
    card = current.card_of(files[name])
    parent = (card.parent or "").replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0] if card else ""
    return parent if parent in files and parent != name else None


def tuned_pair(names: list[str]) -> tuple[str, str]:
    """Return the pair to compare at first: the model chosen, or the best that names its parent, and the parent."""
    chosen = [name for name in (selection.get(FilterSelection).one,) if name in names]
    for name in [*chosen, *reversed(current.models()), *reversed(current.by_accuracy(names))]:
        if parent := parent_of(name):
            return parent, name
    listed = current.models() if len(current.models()) > 1 else names
    return listed[0], listed[-1]


def layer_of(opened: Opened) -> str | None:
    """Choose a layer of one model."""
    layers, problems = layer_picker.choose_layers({opened.name: opened}, convolutions=True)
    for sentence in problems:
        st.error(plain(sentence), icon=":material/error:")
    return layers.get(opened.name)
