"""The controls of page Compare models: which models are compared, on which images."""

import streamlit as st

from ui.compare import comparison
from ui.compare.selection import CompareSelection
from ui.state import evaluations, selection
from ui.state.i18n import N_, _
from ui.widgets.pickers import segments

IMAGE_SETS = {"with": N_("All images"), "without": N_("Without leakage")}


def choose_models(tables: dict[str, evaluations.Table], models: list[str]) -> None:
    """Offer the models that were evaluated on the chosen images."""
    st.multiselect(
        _("Models"),
        list(tables),
        placeholder=_("Choose models"),
        width="stretch",
        wrap=True,
        **selection.control("model", models),
    )


def choose_image_set(tables: dict[str, evaluations.Table]) -> None:
    """Offer to ignore images that are also in training, where it is known which are."""
    if comparison.knows_leakage(tables):
        segments("copies", _("Compared images"), IMAGE_SETS, selection.get(CompareSelection).copies)
