"""The controls of page Where models look: method, class explained, and which part is looked at."""

import streamlit as st

from carvis.explain.attention import default_part
from ui.attention.selection import AttentionSelection
from ui.state import selection
from ui.state.i18n import N_, _
from ui.widgets import pickers
from ui.widgets.pickers import segments

COVER = {"yes": N_("Heatmaps and occlusion of each part"), "no": N_("Heatmaps only (much faster)")}
EXPLAIN = {"predicted": N_("the predicted class"), "true": N_("the true class")}


def settings() -> None:
    """Offer how attention is measured."""
    chosen = selection.get(AttentionSelection)
    explained = chosen.explain if chosen.explain in EXPLAIN else "predicted"
    with st.popover(_("Settings"), icon=":material/tune:"):
        # A closed window's widgets come to life when it is opened: they need their start values in every run.
        pickers.choose_method(chosen.method)
        for label, texts, field, value in (
            (_("Evidence for"), EXPLAIN, "explain", explained),
            (_("Measurement"), COVER, "cover", chosen.cover),
        ):
            segments(field, label, texts, value, wrap=True)


def chosen_part(parts: tuple[str, ...]) -> str:
    """Return the part that is looked at: the chosen one, else the one that is best to begin with."""
    chosen = selection.get(AttentionSelection).part
    return chosen if chosen in parts else default_part(parts)
