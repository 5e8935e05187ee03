"""Work that takes more than a moment: begun only when asked for, with a progress bar and a way to stop it."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from carvis.workspace import Cache
from ui.state import data
from ui.state.i18n import _
from ui.state.widget_values import careful

_ASKED, _RESULTS = "_work_asked", "_work_results"
_MOST_RESULTS = 16
T = TypeVar("T")


@st.cache_resource(max_entries=8, show_spinner=False)
def _cache(folder: str) -> Cache:
    return Cache(folder)


def cache(name: str) -> Cache:
    """Return the workspace's cache on disk for one kind of result."""
    return _cache(str(data.workspace().cache_dir / name))


def _ask(key: str) -> None:
    st.session_state[_ASKED] = key


def on_request(
    key: str,
    label: str,
    make: Callable[[Callable[[float, float], bool]], T],
    note: str = "",
    begun: T | None = None,
    main: bool = True,
) -> T | None:
    """Return what ``make`` makes, once the person asked for it; before, offer a button.

    Args:
        key: names everything that decides the result.
        label: on the button.
        make: gets a function to call with how much is done and how much there is to do.
        note: beside the button, what it takes.
        begun: what is there before it was asked for.
        main: whether it is what the page is for.
    """
    results = st.session_state.setdefault(_RESULTS, {})
    if key in results:
        return results[key]
    if st.session_state.get(_ASKED) != key:
        with st.container(horizontal=True, vertical_alignment="center", key="work_asks"):
            kind = "primary" if main else "secondary"
            st.button(
                label, type=kind, icon=":material/play_arrow:", key="work_begin", on_click=careful(_ask), args=(key,)
            )
            if note:
                st.caption(note, width="content")
        return begun
    with st.container(horizontal=True, vertical_alignment="center", key="work_goes_on"):
        bar = st.progress(0.0, text=_("Getting ready …"), width="stretch")
        # A press ends this run of the page at the next step of the bar.
        st.button(_("Stop"), icon=":material/stop:", key="work_stop", on_click=careful(_ask), args=("",))

    def watch(done: float, total: float) -> bool:
        share = done / total if total else 1.0
        bar.progress(min(1.0, share), text=_("{share} done").format(share=f"{share:.0%}"))
        return False

    try:
        results[key] = make(watch)
    except Exception:
        # Whatever it was, the next run of the page is not to run into it again by itself.
        st.session_state.pop(_ASKED, None)
        raise
    while len(results) > _MOST_RESULTS:
        results.pop(next(iter(results)))
    st.session_state.pop(_ASKED, None)
    # Once more, now without the bar.
    st.rerun()
