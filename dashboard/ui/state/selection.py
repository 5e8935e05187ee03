"""The one linked selection of all pages. It lives in the URL, and this is its only way in and out.

The session holds the selection; the URL repeats it, so that every view is a link. A widget changes it in its
callback (``control``), a link carries it along (``link``). Which of the two is right when they differ is decided
once a run, in ``begin``.

What it is made of: ``ui.state.fields.Shared`` declares the fields that several pages share (data set, split, models,
sample, class pair ...), and each page declares its own beside itself, in ``ui/<page>/selection.py``, as a frozen
dataclass that extends ``Shared``: the name in the URL, the value at the start, the allowed values (a ``Literal``,
``choices`` or ``bounds``), what a change of it sets back and what sets it back. A page reads them with
``get(ItsSelection)``. No list names the pages: the files are found by their place. The session keeps only the values
that differ from the start, by name, so that the fields of a page that is not open travel along; ``ui.state.codec``
reads and writes them, whosever they are.
"""

import time
from collections.abc import Callable
from typing import Any, TypeVar, overload

import streamlit as st

from ui.state import codec
from ui.state.fields import Shared, Values, declared, names_of
from ui.state.widget_values import begin as begin_values
from ui.state.widget_values import by_person, show

P = TypeVar("P", bound=Shared)
_CURRENT, _LAST_URL, _LAST_PAGE, _CHANGED, _BARE = "_selection", "_last_url", "_last_page", "_changed", "_bare_urls"
_ARRIVED, _REPLACED, _SPOKEN = "_arrived", "_url_replaced", "_spoken_keys"
_BEFORE_A_PERSON_GOES_BACK = 0.4


class _Held:
    """The values in use, and what was made of them for the pages in this session."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.parts: dict[type[Shared], Any] = {}


def values() -> Values:
    """Return the values that differ from the start, by name."""
    held = st.session_state.get(_CURRENT)
    return held.values if held else {}


@overload
def get() -> Shared: ...


@overload
def get(part: type[P]) -> P: ...


def get(part: type[Shared] = Shared) -> Shared:
    """Return the selection as a page declares it, by default what all pages share."""
    held = st.session_state.get(_CURRENT)
    if held is None:
        return part()
    if part not in held.parts:
        names = names_of(part)
        held.parts[part] = part(**{name: value for name, value in held.values.items() if name in names})
    return held.parts[part]


def _set(values: Values) -> None:
    st.session_state[_CURRENT] = _Held(values)


def change(**changes: Any) -> None:
    """Change the selection from a widget's callback."""
    _set(codec.changed(values(), **changes))
    st.session_state[_CHANGED] = True


def link(**changes: Any) -> dict[str, list[str]]:
    """Return the URL parameters of the present view with some fields changed."""
    return codec.encode(codec.changed(values(), **changes))


def control(name: str, value: Any, to_field: Callable[[Any], Any] | None = None) -> dict[str, Any]:
    """Return the arguments that tie a widget to a field: it shows ``value`` and its change goes to the selection.

    Args:
        name: of a field.
        value: what the widget shows, already checked against its options.
        to_field: makes the field's value of the widget's, where they differ.
    """
    key = f"choose_{name}"
    key = key if name == "lang" else spoken(key)
    show(key, value)
    return {"key": key, "on_change": by_person(key, _take), "args": (name, key, to_field)}


def spoken(key: str) -> str:
    """Return the key, in the language in use, of a widget whose options are words.

    The browser names an option by its words: a widget that outlived a change of language would hand over words of the
    language before, which are no value. So each language has a widget of its own, which takes the value over.
    """
    state, language = st.session_state, get().lang
    own = f"{key}_{language}" if language else key
    keys = state.setdefault(_SPOKEN, {})
    before = keys.get(key, own)
    if own not in state and before in state:
        state[own] = state[before]
    keys[key] = own
    return own


def _take(name: str, key: str, to_field: Callable[[Any], Any] | None) -> None:
    value = st.session_state[key]
    if to_field:
        value = to_field(value)
    elif isinstance(value, list):
        value = tuple(value)
    change(**{name: declared()[name].start if value is None else value})


def arrived() -> bool:
    """Tell whether the person has come to this page with this run of it."""
    return st.session_state.get(_ARRIVED, True)


def begin(page: str) -> list[str]:
    """Settle, at the start of a run, whether the URL or the session holds, and bring the other in line.

    Args:
        page: the page's name.

    Returns:
        The names of URL parameters that are invalid.
    """
    state = st.session_state
    url = {name: st.query_params.get_all(name) for name in st.query_params}
    incoming, invalid = codec.decode(url)
    bare_urls: dict[str, Values] = state.setdefault(_BARE, {})
    new_page = state[_ARRIVED] = state.get(_LAST_PAGE) != page
    state[_LAST_PAGE] = page
    begin_values(new_page)
    before, at = state.get(_REPLACED, (None, 0.0))
    late = not new_page and url == before and time.monotonic() - at < _BEFORE_A_PERSON_GOES_BACK
    if state.get(_CHANGED) or late:
        # A quick second click still carries the URL from before the first one.
        write()
    elif new_page and not incoming:
        # Streamlit's own page changes drop the parameters; what the bare URL stood for is kept for the way back.
        bare_urls[page] = values()
        write()
    elif new_page or _CURRENT not in state or url != state.get(_LAST_URL):
        # A link was opened, or the person went back: writing here would put an entry into the history.
        _set(incoming or bare_urls.get(page, {}))
        state[_LAST_URL] = url
    return invalid


def write() -> None:
    """Write the session's selection into the URL."""
    params = codec.encode(values())
    url = {name: st.query_params.get_all(name) for name in st.query_params}
    if params != url:
        st.query_params.from_dict(params)
        st.session_state[_REPLACED] = (url, time.monotonic())
    st.session_state[_LAST_URL] = params
    st.session_state.pop(_CHANGED, None)
