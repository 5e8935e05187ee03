"""Long work on request: which work is requested, its result, and where results are kept.

``widgets.job`` offers it, shows its progress and a way to stop it. The work itself is one function of the library that
reports with ``progress(done, total)``.
"""

from typing import Any

import streamlit as st

from carvis.workspace import Cache
from ui.state import workspace

_REQUESTED, _RESULTS, _ASKED = "_work_asked", "_work_results", "_work_to_ask_for"
_MOST_RESULTS, _MOST_ASKED = 16, 200


@st.cache_resource(max_entries=16, show_spinner=False)
def _cache(folder: str, *size: int) -> Cache:
    return Cache(folder, *size)


def cache(name: str, *size: int) -> Cache:
    """Return the workspace's cache on disk for one kind of result.

    Args:
        size: in bytes, where it is another one than usual.
    """
    return _cache(str(workspace.get().cache_dir / name), *size)


def request(key: str) -> None:
    """Request the work of this name for the next run of the page."""
    st.session_state[_REQUESTED] = key


def is_requested(key: str) -> bool:
    """Tell whether the work of this name is requested."""
    return st.session_state.get(_REQUESTED) == key


def end() -> None:
    """Withdraw the request: the next run of the page starts no work by itself."""
    st.session_state.pop(_REQUESTED, None)


def ask_for(key: str, seconds: float | None = None) -> None:
    """Let the work of this name begin only when a person asks for it.

    Args:
        seconds: how long it takes, where that is known.
    """
    asked = st.session_state.setdefault(_ASKED, {})
    asked[key] = seconds
    while len(asked) > _MOST_ASKED:
        asked.pop(next(iter(asked)))


def asked_for(key: str) -> bool:
    """Tell whether the work of this name begins only when a person asks for it."""
    return key in st.session_state.get(_ASKED, {})


def seconds_asked_for(key: str) -> float | None:
    """Return how long the work of this name takes, where it was begun and found to be long."""
    return st.session_state.get(_ASKED, {}).get(key)


def results() -> dict[str, Any]:
    """Return the results of this session's work, by the work's name."""
    return st.session_state.setdefault(_RESULTS, {})


def keep(key: str, result: object) -> None:
    """Keep a result for this session, in place of the oldest where there are many."""
    kept_results = results()
    kept_results[key] = result
    while len(kept_results) > _MOST_RESULTS:
        kept_results.pop(next(iter(kept_results)))
