"""Which models are right on which images: the patterns of right and wrong."""

import streamlit as st

from carvis.evaluation import Comparison
from carvis.evaluation.comparison import pattern_words
from ui.compare import charts, images
from ui.compare.selection import CompareSelection
from ui.state import selection
from ui.state.i18n import _, of_library, shown_as


def show(found: Comparison) -> None:
    """Show how many images each pattern has, and those of the chosen one."""
    wanted = selection.get(CompareSelection).pattern
    wanted = wanted if wanted in found.lattice.index else ""
    counts = found.lattice["count"]
    words = {bits: f"{of_library(pattern_words(bits, found.names))} ({n:,})" for bits, n in counts.items()}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("Click a row, or choose here, to open its pictures."), width="content")
        st.selectbox(
            _("Pattern"),
            list(words),
            index=None,
            placeholder=_("Choose who is right"),
            format_func=shown_as(words),
            label_visibility="collapsed",
            width=340,
            **selection.control("pattern", wanted or None),
        )
    charts.patterns(found, wanted)
    if wanted:
        images.show(found.samples(wanted), found, of_library(pattern_words(wanted, found.names)))
