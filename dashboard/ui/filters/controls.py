"""The controls of page Filters: what is looked at, which filters, and how their patterns are drawn."""

import streamlit as st

from carvis.explain.filters.settings import DEFAULT_STEPS, FilterSettings
from ui.state import classifiers, current, data, selection
from ui.state.i18n import N_, _, translated
from ui.widgets import layer_picker
from ui.widgets.text import plain

LENS = {
    "patterns": N_("Patterns"),
    "spectrum": N_("Spectrum"),
    "tuning": N_("Fine-tuning lens"),
    "pictures": N_("Top images"),
}
START = {"model": N_("In the model's range"), "tutorial": N_("As in the tutorial (128 to 148)")}
FORM = {"tutorial": N_("As in the tutorial"), "regularised": N_("Regularised (modern)")}
OF = {"patterns": N_("Of the patterns"), "activations": N_("Of activations on images")}


def segments(field: str, label: str, words: dict[str, str], **more) -> None:
    """Offer the choices of a field side by side."""
    st.segmented_control(
        label,
        list(words),
        # Where it lies in a closed window it comes to life later: it needs its start value in every run.
        default=getattr(selection.get(), field),
        format_func=translated(words).get,
        required=True,
        wrap=True,
        **selection.control(field, getattr(selection.get(), field)),
        **more,
    )


def filter_settings() -> FilterSettings:
    """Return how patterns are drawn."""
    chosen = selection.get()
    regularised = chosen.form == "regularised"
    return FilterSettings(
        size=chosen.size,
        steps=chosen.steps or DEFAULT_STEPS[regularised],
        start="model" if regularised else chosen.start,
        regularised=regularised,
    )


def settings():
    """Offer how patterns are drawn, and return the window, for the layers that only opened models can tell."""
    window = st.popover(_("Settings"), icon=":material/tune:")
    with window:
        segments("form", _("Form"), FORM)
        if selection.get().form == "tutorial":
            segments("start", _("Starting noise"), START)
        _number("size", _("Size in pixels"), 16, 256, selection.get().size, step=16)
        _number("steps", _("Steps"), 1, 512, filter_settings().step_count)
    return window


def count() -> None:
    """Choose how many filters are drawn."""
    _number("count", _("Filters"), 1, 512, selection.get().count, help=_("The first so many of the layer."))


def channel(filters: int) -> int:
    """Choose one filter of a layer that has so many."""
    shown = min(selection.get().filter, filters - 1)
    label = _("Filter (0 to {last})").format(last=filters - 1)
    _number("filter", label, 0, filters - 1, shown)
    return shown


def _number(field: str, label: str, low: int, high: int, value: int, **more) -> None:
    st.number_input(
        label,
        low,
        high,
        value,
        **selection.control(field, value, lambda given: low if given is None else int(given)),
        **more,
    )


def choose_one(names: list[str], label: str, field: str, default: str) -> str:
    """Choose one model; a name that is not among those offered is left out."""
    chosen = getattr(selection.get(), field)
    shown = chosen if chosen in names else default
    classifiers.openable({name: data.model_files()[name] for name in names})
    st.selectbox(label, names, **selection.control(field, shown), format_func=str, width="stretch")
    return shown


def parent_of(name: str) -> str | None:
    """Return the model that another was trained on from, where its card tells and it is here."""
    files = data.model_files()
    card = current.card_of(files[name])
    parent = (card.parent or "").replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0] if card else ""
    return parent if parent in files and parent != name else None


def tuned_pair(names: list[str]) -> tuple[str, str]:
    """Return the pair to compare at first: the model chosen, or the best that names its parent, and the parent."""
    chosen = [name for name in (selection.get().one,) if name in names]
    for name in [*chosen, *reversed(current.models()), *reversed(current.by_accuracy(names))]:
        if parent := parent_of(name):
            return parent, name
    shown = current.models() if len(current.models()) > 1 else names
    return shown[0], shown[-1]


def layer_of(opened) -> str | None:
    """Choose a layer of one model."""
    layers, problems = layer_picker.choose_layers({opened.name: opened}, convolutions=True)
    for sentence in problems:
        st.error(plain(sentence), icon=":material/error:")
    return layers.get(opened.name)
