"""What a widget shows, sent again until the browser must have it.

Streamlit sends a value that a script sets once. A run that is broken off, by a click, ``st.rerun`` or an error, takes
messages with it that the server, when it is busy, has not sent yet; the next run does not repeat them, since for it
nothing has changed. The browser would then go on showing the value from before, and hand it over with the next click
as if the person had chosen it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

_SENT, _COMPLETED, _RESEND_ALL, _FAILURES = "_values_sent", "_run_was_whole", "_values_all_again", "_callback_failures"
# By then a server that is not stuck has sent what a run has left to it, and a click made before that has arrived.
_ARRIVED_AFTER = 1.5


@dataclass(frozen=True)
class _Sent:
    """When a value was set first, and what the browser may still show instead."""

    at: float
    before: tuple[Any, ...]


def begin(new_page: bool) -> None:
    """Begin a run: values of a run that broke off are sent again.

    Args:
        new_page: whether this is another page than in the run before.
    """
    state, now = st.session_state, time.monotonic()
    sent: dict[str, _Sent] = state.get(_SENT, {})
    whole = state.get(_COMPLETED, True)
    state[_SENT] = {key: value for key, value in sent.items() if not whole or now - value.at < _ARRIVED_AFTER}
    state[_RESEND_ALL] = new_page or state.get(_RESEND_ALL) == "failed"
    state[_COMPLETED] = False


def end() -> None:
    """End a run that has drawn all of its widgets."""
    st.session_state[_COMPLETED] = True


def failed() -> None:
    """End a run that an error broke off: the browser forgets the widgets that it did not come to."""
    st.session_state[_RESEND_ALL] = "failed"


def show(key: str, value: Any) -> None:
    """Make the widget with this key, which is drawn next, show ``value``."""
    state = st.session_state
    sent: dict[str, _Sent] = state.setdefault(_SENT, {})
    changed = key not in state or state[key] != value
    if changed:
        earlier = sent.get(key)
        before = (*(earlier.before if earlier else ()), *((state[key],) if key in state else ()))
        sent[key] = _Sent(time.monotonic(), before)
    if changed or key in sent or state.get(_RESEND_ALL):
        state[key] = value


def by_person(key: str, callback: Callable[..., None]) -> Callable[..., None]:
    """Return a callback for the widget with this key that heeds only what the person chose."""

    def changed(*args: Any, **kwargs: Any) -> None:
        if not _is_stale(key):
            callback(*args, **kwargs)

    return careful(changed)


def careful(callback: Callable[..., Any]) -> Callable[..., None]:
    """Return a callback that breaks nothing: an error is kept for ``failures`` and shown at the next drawing.

    Streamlit calls a callback before the page is drawn, and would show its error in place of the whole page.
    """

    def called(*args: Any, **kwargs: Any) -> None:
        try:
            callback(*args, **kwargs)
        except Exception as problem:
            shelf().append(problem)

    return called


def shelf() -> list[Exception]:
    """Return the list that errors outside the drawing are put into; it is the session's own, for another thread too."""
    return st.session_state.setdefault(_FAILURES, [])


def failures() -> list[Exception]:
    """Return the errors not shown yet, and forget them."""
    pending = shelf()
    errors = pending[:]
    pending.clear()
    return errors


def _is_stale(key: str) -> bool:
    """Tell whether what a widget hands over is only what it showed before a new value could reach the browser."""
    sent: _Sent | None = st.session_state.get(_SENT, {}).get(key)
    if sent is None:
        return False
    if st.session_state[key] in sent.before and time.monotonic() - sent.at < _ARRIVED_AFTER:
        return True
    # The person chose it: the browser shows it already.
    del st.session_state[_SENT][key]
    return False
