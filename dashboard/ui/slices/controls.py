"""The controls of page Slices: the models, how slices are searched, and which slice has its images shown."""

import streamlit as st

from carvis.subgroups import Slices
from ui.slices.selection import SlicesSelection
from ui.state import selection
from ui.state.i18n import N_, _, of_library, shown_as
from ui.widgets import super_classes
from ui.widgets.pickers import segments
from ui.widgets.text import sentence_case

IMAGES = {"wrong": N_("Misclassified images"), "all": N_("All images")}


def choose_models(offered: list[str], models: list[str]) -> None:
    """Offer the models that were evaluated on the chosen images."""
    st.multiselect(
        _("Models"),
        offered,
        placeholder=_("Choose models"),
        help=_("Slices are searched for the first model; the others are compared with it on them."),
        width="stretch",
        wrap=True,
        **selection.control("model", models),
    )


def choose_search() -> None:
    """Offer what is searched."""
    pairs = selection.get(SlicesSelection).slice_pairs == "on"
    with st.popover(_("Search"), icon=":material/tune:"):
        # In a closed window they are created later: they need their start values in every run.
        st.toggle(
            _("Pairs of properties, too"),
            pairs,
            **selection.control("slice_pairs", pairs, lambda on: "on" if on else "off"),
        )
        super_classes.choose_file()


def chosen(found: Slices) -> int:
    """Return the place of the slice whose images are shown, from 0."""
    return min(selection.get(SlicesSelection).slice, len(found)) - 1


def choose_slice(found: Slices) -> None:
    """Offer the slices by what their images have in common."""
    words = {place: sentence_case(of_library(one.images)) for place, one in enumerate(found.slices, 1)}
    st.selectbox(_("Slice"), list(words), format_func=shown_as(words), **selection.control("slice", chosen(found) + 1))


def choose_images() -> str:
    """Offer the misclassified images of a slice, or all, and return the choice."""
    images = selection.get(SlicesSelection).slice_images
    segments("slice_images", _("Show"), IMAGES, images, label_visibility="collapsed")
    return images
