"""The controls of page Concepts: the model, the class, what it is told from, and how many concepts."""

from dataclasses import dataclass

import streamlit as st

from ui.concepts.selection import ConceptsSelection
from ui.state import selection
from ui.state.i18n import _, shown_as
from ui.state.models import open_model
from ui.widgets.layer_picker import choose_layers, chosen_layer
from ui.widgets.text import plain

EVERY = "*"


@dataclass(frozen=True)
class Choice:
    """What is asked for: the model, its layer (None for the default one), one class, a pair, or none for all."""

    model: str
    layer: str | None
    classes: tuple[str, ...]
    n: int


def choose(models: list[str], classes: list[str]) -> Choice:
    """Offer the models of the workspace and the classes of the data set, and return the choice."""
    chosen = selection.get(ConceptsSelection)
    model = next((name for name in chosen.model if name in models), models[0])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(_("Model"), models, **selection.control("model", model, lambda name: (name,)), width=240)
        first = chosen.con_class if chosen.con_class in (*classes, EVERY) else classes[0]
        words = {EVERY: _("All classes together")} | {name: name for name in classes}
        st.selectbox(
            _("Class"), list(words), format_func=shown_as(words), **selection.control("con_class", first), width=240
        )
        rivals = {"": _("no other class")} | {name: name for name in classes if name != first}
        rival = chosen.con_rival if chosen.con_rival in rivals and first != EVERY else ""
        if first != EVERY:
            st.selectbox(
                _("Compared with"),
                list(rivals),
                format_func=shown_as(rivals),
                help=_("With a second class, the concepts that tell the first from the second."),
                **selection.control("con_rival", rival),
                width=240,
            )
        with st.popover(_("Settings"), icon=":material/tune:"):
            st.slider(_("Number of concepts"), 2, 30, chosen.con_n, **selection.control("con_n", chosen.con_n))
            layer = _layer(model)
    pair = (first, rival) if rival else (first,)
    return Choice(model, layer, () if first == EVERY else pair, chosen.con_n)


def _layer(model: str) -> str | None:
    """Offer the model's layers; they are known once it is open, which takes some seconds."""
    layer = chosen_layer(model)
    # In a closed window it is created later: it needs its start value in every run.
    if not st.toggle(_("Choose the layer (opens the model)"), layer is not None, key="concept_layer"):
        return layer
    opened = open_model(model)
    layers, problems = choose_layers({model: opened})
    for problem in problems:
        st.caption(plain(problem))
    chosen = layers.get(model)
    return None if opened.classifier is not None and chosen == opened.classifier.default_layer else chosen
