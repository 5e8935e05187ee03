"""A box that shows an error: its sentence, and its number in the log to be copied."""

import streamlit as st

from ui.state import problems
from ui.state.i18n import _
from ui.widgets.text import plain


def show(problem: BaseException | problems.Problem, *, of_item: bool = False) -> None:
    """Show an error's sentence, with its number.

    Args:
        problem: what was raised, or what was made of it.
        of_item: it was met in one item of several, which the others do without.
    """
    described = problem if isinstance(problem, problems.Problem) else problems.described(problem, of_item=of_item)
    with st.container(gap="xsmall"):
        st.error(plain(described.sentence), icon=":material/error:")
        if described.number:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.caption(_("Error number to copy:"), width="content")
                st.code(described.number, language=None, width="content")
