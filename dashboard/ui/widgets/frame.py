"""The frame of every page: the sidebar and notes on the link; an error in one part leaves the others."""

import streamlit as st

from ui.state import current, selection, widget_values
from ui.state.i18n import _
from ui.state.models import sandbox_first
from ui.widgets import sidebar
from ui.widgets.download import tell_failures
from ui.widgets.layout import guarded, tell
from ui.widgets.text import plain


def draw(pages: dict[str, st.Page], overview: st.Page) -> None:
    """Draw the page that the address names, with its frame.

    Args:
        pages: those that the sidebar links to.
        overview: the first of them at an address of its own.
    """
    # Hidden, since Streamlit's own menu would drop the selection from the URL: the sidebar's links carry it.
    page = st.navigation([*pages.values(), overview], position="hidden")
    invalid: list[str] = []
    with guarded():
        invalid = selection.begin(page.url_path)
    space = None
    with guarded():
        space = sidebar.show(pages | ({"overview": page} if page.url_path == overview.url_path else {}))
    tell()
    if invalid:
        _warn(_("Invalid values in the link were ignored: {names}."), invalid)
    if space is not None:
        with guarded():
            if missing := current.unknown():
                _warn(_("The link refers to items that are not in this workspace: {names}."), missing)
        completed = False
        with guarded(), sandbox_first():
            page.run()
            completed = True
        if not completed:
            widget_values.failed()
        with guarded():
            tell_failures()
    widget_values.end()


def _warn(sentence: str, names: list[str]) -> None:
    st.warning(sentence.format(names=", ".join(map(plain, names))))
