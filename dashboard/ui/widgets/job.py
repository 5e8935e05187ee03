"""Long work on a page: a button that begins it, then a progress bar and a way to stop it."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from carvis.progress import Progress
from ui.state import jobs
from ui.state.i18n import _
from ui.state.widget_values import careful

T = TypeVar("T")


def on_request(
    key: str,
    label: str,
    make: Callable[[Progress], T | None],
    note: str = "",
    *,
    so_far: T | None = None,
    keeps: bool = True,
    primary: bool = True,
    icon: str = "play_arrow",
    name: str = "work",
) -> T | None:
    """Return the result of ``make`` once it is requested; before that, offer a button.

    Args:
        key: names everything that decides the result.
        label: on the button.
        make: makes the result and reports how far it is; it returns None where nothing came of it and it said so.
        note: beside the button, what it takes.
        so_far: what is returned before it was asked for.
        keeps: whether the result is kept for this session; else ``make`` keeps it itself.
        primary: whether it is what the page is for.
        icon: on the button.
        name: of the widgets, where a page offers several works.
    """
    results = jobs.results()
    if key in results:
        return results[key]
    if not jobs.is_requested(key):
        with st.container(horizontal=True, vertical_alignment="center", key=f"{name}_asks"):
            st.button(
                label,
                type="primary" if primary else "secondary",
                icon=f":material/{icon}:",
                key=f"{name}_begin",
                on_click=careful(jobs.request),
                args=(key,),
            )
            if note:
                st.caption(note, width="content")
        return so_far
    slot = st.empty()
    with slot.container(horizontal=True, vertical_alignment="center", key=f"{name}_goes_on"):
        bar = st.progress(0.0, text=_("Preparing …"), width="stretch")
        # A press ends this run of the page at the next step of the bar.
        st.button(_("Stop"), icon=":material/stop:", key=f"{name}_stop", on_click=careful(jobs.end))

    def progress(done: float, total: float) -> None:
        share = min(1.0, done / total) if total else 1.0
        bar.progress(share, text=_("{share} done").format(share=f"{share:.0%}"))

    try:
        result = make(progress)
    except Exception:
        # Whatever it was, the next run of the page is not to run into it again by itself. What breaks a run off is no
        # ``Exception``: a click elsewhere on the page lets the work begin again.
        jobs.end()
        raise
    jobs.end()
    if result is None:
        slot.empty()
        return so_far
    if keeps:
        jobs.keep(key, result)
    # Once more, now without the bar.
    st.rerun()
