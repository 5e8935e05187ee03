"""What the search found: the sentence on all slices, and what so many images could have shown."""

import streamlit as st

from carvis.subgroups import Slices, property_name
from ui.state.i18n import _, n_, of_library
from ui.widgets.text import plain


def show(found: Slices, model: str) -> None:
    """Say how many slices were confirmed; where none was, what so many images could show, and what it would take.

    Args:
        found: the slices.
        model: whose.
    """
    finding = f"**{plain(model)}**: {plain(of_library(found.finding))}"
    if len(found):
        st.markdown(finding)
        return
    with st.container(border=True):
        st.markdown(finding)
        st.markdown(_power(found))
        st.markdown(
            _(
                "**Next step:** evaluate on more images, if you have them. Until then, look at the mistakes one by one "
                "on page Misclassified."
            )
        )


def _power(found: Slices) -> str:
    needed = [found.needed] if found.needed is not None else []
    return " ".join(plain(of_library(sentence)) for sentence in (found.power, *needed))


def show_basis(found: Slices) -> None:
    """Say what was searched, on how many images, what could not be, and which slices may have been missed."""
    if len(found):
        st.caption(_power(found))
    for note in found.notes:
        st.caption(plain(of_library(note)))
    with st.expander(_("What was searched"), type="compact"):
        names = ", ".join(plain(of_library(property_name(key))) for key in found.searched)
        st.markdown(_("Properties: {names}").format(names=names))
        proposed = n_("{n} slice was proposed", "{n} slices were proposed", found.proposed).format(n=found.proposed)
        facts = _("{proposed} on {first} images and tested on the other {second}, with {errors} errors.")
        st.markdown(
            facts.format(
                proposed=proposed, first=f"{found.n[0]:,}", second=f"{found.n[1]:,}", errors=f"{found.errors:,}"
            )
        )
        if found.uncounted:
            text = n_("{n} near-duplicate was not counted.", "{n} near-duplicates were not counted.", found.uncounted)
            st.markdown(text.format(n=f"{found.uncounted:,}"))
