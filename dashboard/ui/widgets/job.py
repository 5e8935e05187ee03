"""Work on a page, with a progress bar and a way to stop it: what takes a few seconds is done, the rest is asked for.

How long work takes is known from the last time on this machine (``ui.state.rates``). Where it is not, the work begins,
and is broken off and asked for as soon as its progress shows that it is long.
"""

import os
from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from carvis.progress import Progress
from ui.state import jobs
from ui.state.i18n import _
from ui.state.rates import Stopwatch, Work, seconds_of
from ui.state.widget_values import careful
from ui.widgets.text import duration

T = TypeVar("T")
# What takes no longer is done unasked; the setting is for machines that several people share.
_SETTING, _UNASKED = "CARVIS_UNASKED_SECONDS", 5.0
# So long progress is watched before the work is broken off.
_WATCHED = 1.0


class _TooLong(BaseException):
    """Work begun unasked turns out to be long; like Streamlit's own signals it passes what shows errors."""


def unasked_seconds() -> float:
    """Return how long work may take that a page does unasked, in seconds; 0 where it asks for all."""
    try:
        return float(os.environ.get(_SETTING, _UNASKED))
    except ValueError:
        return _UNASKED


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
    work: Work | None = None,
    tried: bool = True,
) -> T | None:
    """Return the result of ``make``: short work is done at once, long work once it is requested by a button.

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
        work: how much there is to do; without it the work is always asked for.
        tried: whether work that was never measured here is begun to find out; not where its start alone is long, as
            where the page has opened no model yet.
    """
    results = jobs.results()
    if key in results:
        return results[key]
    unasked = False
    if not jobs.is_requested(key):
        seconds = _seconds(key, work)
        unasked = work is not None and not jobs.asked_for(key) and _is_short(seconds, tried)
    if not unasked and not jobs.is_requested(key):
        if seconds is not None:
            note = " ".join(filter(None, [note, _("About {time}.").format(time=duration(seconds))]))
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
        st.button(_("Stop"), icon=":material/stop:", key=f"{name}_stop", on_click=careful(_stop), args=(key,))
    stopwatch = Stopwatch(work or Work((name,), 1))

    def progress(done: float, total: float) -> None:
        share = min(1.0, done / total) if total else 1.0
        bar.progress(share, text=_("{share} done").format(share=f"{share:.0%}"))
        stopwatch.report(share)
        if unasked and stopwatch.elapsed > _WATCHED and (stopwatch.total or 0) > unasked_seconds():
            raise _TooLong

    try:
        result = make(progress)
    except _TooLong:
        stopwatch.keep()
        jobs.ask_for(key, stopwatch.total)
        st.rerun()
    except Exception:
        # Whatever it was, the next run of the page is not to run into it again by itself. What breaks a run off is no
        # ``Exception``: a click elsewhere on the page lets the work begin again.
        _stop(key)
        raise
    jobs.end()
    if work is not None:
        stopwatch.report(1.0)
        stopwatch.keep()
    if result is None:
        _stop(key)
        slot.empty()
        return so_far
    if keeps:
        jobs.keep(key, result)
    else:
        # Where it could not be kept, the next run would begin it again, and so on.
        _stop(key)
    # Once more, now without the bar.
    st.rerun()


def _seconds(key: str, work: Work | None) -> float | None:
    """Return how long work takes: as its beginning showed in this session, else as measured before."""
    begun = jobs.seconds_asked_for(key)
    return begun if begun is not None or work is None else seconds_of(work)


def _is_short(seconds: float | None, tried: bool) -> bool:
    most = unasked_seconds()
    return most > 0 and (tried if seconds is None else seconds <= most)


def _stop(key: str) -> None:
    """End the work: whatever came of it, it does not begin by itself again in this session."""
    jobs.end()
    jobs.ask_for(key, jobs.seconds_asked_for(key))
