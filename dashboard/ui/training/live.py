"""The live part of page Training runs: runs and curves, refreshed while a run is active."""

import pandas as pd
import streamlit as st

from carvis.training.run import EVENTS
from ui.state import unreadable
from ui.state.i18n import of_library
from ui.training import curves, findings, replay, run_card, runs
from ui.widgets import error_message
from ui.widgets.layout import guarded, part
from ui.widgets.text import plain

_EVERY = 2.0


def show(chosen: list[str], foreign: dict[str, pd.DataFrame]) -> None:
    """Show runs and other histories; refreshed every two seconds while a run is active."""
    live = any(runs.is_running(run) for name, run in runs.readable().items() if name in chosen)
    st.fragment(part(_live), run_every=_EVERY if live else None)(chosen, foreign, live)


def _live(chosen: list[str], foreign: dict[str, pd.DataFrame], live: bool) -> None:
    shown = {name: run for name, run in runs.readable().items() if name in chosen}
    shown = {name: shown[name] for name in chosen if name in shown}
    if live and not any(runs.is_running(run) for run in shown.values()):
        # The last one has ended: a whole new run of the page leaves the timer out.
        st.rerun()
    histories, events = {}, {}
    for name, run in shown.items():
        try:
            events[name], history = run.events()[0], curves.check(run.history, run.directory / EVENTS)
        except Exception as problem:
            with st.container(border=True, gap="small"):
                st.markdown(f"**{plain(name)}**")
                error_message.show(problem, of_item=True)
            continue
        with guarded():
            run_card.show(name, run, events[name], history)
            histories[name] = history
    uploaded = foreign
    foreign = unreadable.each("log", {name: name for name in foreign}, lambda name: curves.check(uploaded[name], name))
    histories |= foreign
    curves.show({name: history for name, history in histories.items() if len(history)})
    for name, history in foreign.items():
        for note in history.attrs.get("notes", []):
            st.caption(f"**{plain(name)}**: {plain(of_library(note))}")
        findings.show(name, history, None)
    replay.show(shown)
