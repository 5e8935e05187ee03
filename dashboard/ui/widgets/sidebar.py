"""The sidebar: links to the pages, the data set in use, the language."""

import streamlit as st

from carvis.workspace import Workspace
from ui.state import current, selection, workspace
from ui.state.i18n import _, language, languages, n_, shown_as, translated
from ui.widgets.layout import guarded
from ui.widgets.text import SPLIT, plain

_MOST_NAMED, _LOOK_EVERY = 20, 10


def show(pages: dict[str, st.Page]) -> Workspace | None:
    """Draw the sidebar and return the workspace, None where it cannot be opened."""
    with st.sidebar:
        st.markdown("### :material/directions_car: carvis")
        with st.container(gap="xxsmall"), guarded():
            for page in pages.values():
                st.page_link(page, query_params=selection.link(), width="stretch")
    space = None
    with guarded():
        space = workspace.get()
    if space is None:
        return None
    with st.sidebar:
        st.space("small")
        with guarded():
            _choose_data()
        with guarded():
            _choose_language()
        st.caption(_("Workspace: {path}").format(path=plain(space.root)))
        st.caption(_("Results are saved in its `data` folder."))
        _name_links_out(space)
    return space


def _choose_data() -> None:
    names = list(workspace.datasets())
    if not names:
        return
    name = current.dataset_name()
    st.selectbox(_("Data set"), names, **selection.control("data", name))
    splits = current.splits(name)
    if splits:
        st.selectbox(
            _("Split"),
            splits,
            format_func=shown_as(translated(SPLIT)),
            **selection.control("split", current.split()),
        )


def _choose_language() -> None:
    names = languages()
    st.segmented_control(
        _("Language"), list(names), format_func=shown_as(names), required=True, **selection.control("lang", language())
    )


def _name_links_out(space: Workspace) -> None:
    """Name what is not listed on the pages because a link leads out of the workspace."""
    if paths := _links_out(str(space.root)):
        label = n_("{n} link leads out of the workspace", "{n} links lead out of the workspace", len(paths))
        with st.expander(label.format(n=len(paths)), icon=":material/link_off:", type="compact"):
            st.caption(_("They are ignored: copy the files into the workspace, or name their folder in CARVIS_LINKS."))
            st.markdown("\n".join(f"- {plain(path)}" for path in paths[:_MOST_NAMED]))


@st.cache_data(ttl=_LOOK_EVERY, max_entries=4, show_spinner=False)
def _links_out(root: str) -> list[str]:
    space = Workspace(root)
    return [path.relative_to(space.root).as_posix() for path in space.links_out()]
