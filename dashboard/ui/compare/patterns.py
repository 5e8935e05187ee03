"""Which models are right on which images: the patterns of right and wrong."""

import streamlit as st

from carvis.evaluation import Comparison
from carvis.evaluation.comparison import pattern_words
from ui.compare import charts, images
from ui.compare.selection import CompareSelection
from ui.state import selection
from ui.state.i18n import _, of_library, shown_as


def show(result: Comparison) -> None:
    """Show how many images each pattern has, and those of the chosen one."""
    pattern = selection.get(CompareSelection).pattern
    pattern = pattern if pattern in result.lattice.index else ""
    counts = result.lattice["count"]
    labels = {bits: f"{of_library(pattern_words(bits, result.names))} ({n:,})" for bits, n in counts.items()}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("Click a row or choose a pattern to show its images."), width="content")
        st.selectbox(
            _("Pattern"),
            list(labels),
            index=None,
            placeholder=_("Choose a pattern"),
            format_func=shown_as(labels),
            label_visibility="collapsed",
            width=340,
            **selection.control("pattern", pattern or None),
        )
    charts.patterns(result, pattern)
    if pattern:
        images.show(result.samples(pattern), result, of_library(pattern_words(pattern, result.names)))
