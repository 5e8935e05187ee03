"""The sidebar: links to the pages, the data set in use, the language."""

import streamlit as st

from carvis.workspace import Workspace
from ui import choice, data, selection
from ui.i18n import _, language, languages, translated
from ui.page import guarded
from ui.texts import SPLIT, plain


def show(pages: dict[str, st.Page]) -> Workspace | None:
    """Draw the sidebar and return the workspace, None where it cannot be opened."""
    with st.sidebar:
        st.markdown("### :material/directions_car: carvis")
        with st.container(gap="xxsmall"), guarded():
            for page in pages.values():
                st.page_link(page, query_params=selection.link(), width="stretch")
    workspace = None
    with guarded():
        workspace = data.workspace()
    if workspace is None:
        return None
    with st.sidebar:
        st.space("small")
        with guarded():
            _choose_data()
        with guarded():
            _choose_language()
        st.caption(_("Workspace: {path}").format(path=plain(workspace.root)))
        st.caption(_("Results are kept in its folder `data`."))
    return workspace


def _choose_data() -> None:
    names = list(data.datasets())
    if not names:
        return
    name = choice.dataset_name()
    st.selectbox(_("Data set"), names, **selection.control("data", name))
    splits = choice.splits(name)
    if splits:
        st.selectbox(
            _("Split"),
            splits,
            format_func=translated(SPLIT).get,
            **selection.control("split", choice.split()),
        )


def _choose_language() -> None:
    names = languages()
    st.segmented_control(
        _("Language"), list(names), format_func=names.get, required=True, **selection.control("lang", language())
    )
