"""The one linked selection of all pages. It lives in the URL, and this codec is its only way in and out.

The session holds the selection; the URL repeats it, so that every view is a link. A widget changes it in its
callback (``control``), a link carries it along (``link``). Which of the two is right when they differ is decided
once a run, in ``begin``.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import streamlit as st

from carvis.explain.methods import METHODS
from carvis.explain.units.channels import RANGES
from ui.state.widget_values import begin as begin_values
from ui.state.widget_values import by_person, show

_LONGEST, _MOST = 400, 60


@dataclass(frozen=True)
class Selection:
    """What the person looks at. Every value is language-neutral; the empty value leaves the choice to the page."""

    lang: str = ""
    data: str = ""
    split: str = ""
    model: tuple[str, ...] = ()
    sample: tuple[str, ...] = ()
    true: str = ""
    pred: str = ""
    table: str = ""
    low: int = 0
    high: int = 100
    sort: str = "confident"
    page: int = 1
    open: str = ""
    explain: str = "predicted"
    against: str = ""
    method: str = "grad-cam"
    layer: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    order: str = "number"
    range: str = "channel"
    columns: str = "16"
    view: str = "overlay"
    strength: int = 55
    colours: str = "viridis"
    scale: str = "map"
    score: str = "logit"
    kind: str = "same-answer"
    run: tuple[str, ...] = ()
    smooth: int = 0
    axis: str = "linear"
    parts: str = ""
    part: str = ""
    measure: str = "looks"
    cover: str = "yes"
    lens: str = "patterns"
    count: int = 16
    size: int = 64
    steps: int = 0
    start: str = "model"
    form: str = "tutorial"
    filter: int = 0
    one: str = ""
    before: str = ""
    of: str = "patterns"
    copies: str = "with"
    pattern: str = ""
    first: str = ""
    second: str = ""
    change: str = ""
    risk: int = 5
    health: str = "copies"
    pairs: str = ""
    twins: str = "all"
    light: str = "darkest"
    beside: str = ""
    cells: str = "count"
    arrange: str = "confused"
    diagonal: str = "show"
    level: str = "class"
    within: tuple[str, ...] = ()
    groups: str = ""
    family: tuple[str, ...] = ()
    top: str = ""
    look: str = "gallery"
    answers: tuple[str, ...] = ()
    tag: str = ""
    queue: str = "above"


CHOICES = {
    "split": ("train", "valid", "test"),
    "sort": ("confident", "unsure", "margin", "loss", "disagreement", "true", "name"),
    "look": ("gallery", "labels"),
    "queue": ("above", "all", "confirmed", "rejected"),
    "view": ("overlay", "map", "both"),
    "colours": ("viridis", "cividis", "magma", "tutorial"),
    "scale": ("map", "model", "density"),
    "score": ("logit", "probability"),
    "method": tuple(METHODS),
    "order": ("number", "largest"),
    "range": RANGES,
    "columns": ("16", "8"),
    "kind": ("same-answer", "one-right"),
    "axis": ("linear", "log"),
    "measure": ("looks", "needs"),
    "cover": ("yes", "no"),
    "lens": ("patterns", "spectrum", "tuning", "pictures"),
    "start": ("model", "tutorial"),
    "form": ("tutorial", "regularised"),
    "of": ("patterns", "activations"),
    "copies": ("with", "without"),
    "change": ("", "fixed", "broken"),
    "health": ("copies", "classes", "light", "problems"),
    "twins": ("all", "exact", "near"),
    "light": ("darkest", "brightest", "blurriest"),
    "cells": ("count", "row", "column"),
    "arrange": ("confused", "name", "super"),
    "diagonal": ("show", "hide"),
    "level": ("class", "super"),
    "top": ("15", "30", "60", "all"),
}
_RANGES = {"low": (0, 100), "high": (0, 100), "page": (1, 1_000_000), "strength": (0, 100), "smooth": (0, 95)}
_RANGES |= {"count": (1, 512), "size": (16, 256), "steps": (0, 512), "filter": (0, 100_000), "risk": (0, 100)}
# What no longer means anything once another field changes.
_DEPENDENTS = {
    "data": (
        "split",
        "sample",
        "true",
        "pred",
        "table",
        "page",
        "open",
        "parts",
        "part",
        "pattern",
        "change",
        "pairs",
        "beside",
        "within",
        "groups",
        "family",
        "answers",
    ),
    "split": ("sample", "table", "page", "open", "pattern", "change", "beside", "answers"),
    "table": ("true", "pred", "family", "page", "open", "answers"),
    **dict.fromkeys(
        ("true", "pred", "family", "low", "high", "sort", "kind", "look", "answers", "tag", "queue"), ("page", "open")
    ),
    **dict.fromkeys(("health", "pairs", "twins", "light"), ("page",)),
    "page": ("open",),
    "parts": ("part",),
    # One gallery is open at a time on page Compare models, so that its page number has one meaning.
    "model": ("pattern", "first", "second", "change"),
    "pattern": ("change", "page"),
    "change": ("pattern", "page"),
    **dict.fromkeys(("first", "second"), ("change", "page")),
    "groups": ("within", "family"),
    "within": ("page", "open"),
    "beside": ("page", "open"),
}
DEFAULT = Selection()
_CURRENT, _LAST_URL, _LAST_PAGE, _CHANGED, _BARE = "_selection", "_last_url", "_last_page", "_changed", "_bare_urls"
_ARRIVED, _REPLACED, _SPOKEN = "_arrived", "_url_replaced", "_spoken_keys"
_BEFORE_A_PERSON_GOES_BACK = 0.4


def decode(params: dict[str, list[str]]) -> tuple[Selection, list[str]]:
    """Read a selection from URL parameters: the selection, and the names of parameters that make no sense."""
    values: dict[str, Any] = {}
    refused = []
    for field in fields(Selection):
        given = params.get(field.name)
        if not given:
            continue
        try:
            read = [_parse(field.name, text) for text in given[:_MOST]]
        except ValueError:
            refused.append(field.name)
            continue
        values[field.name] = tuple(dict.fromkeys(read)) if isinstance(field.default, tuple) else read[-1]
    return replace(DEFAULT, **values), refused


def _parse(name: str, text: str) -> str | int:
    if len(text) > _LONGEST or not text.isprintable():
        raise ValueError(name)
    if name in CHOICES and text not in CHOICES[name]:
        raise ValueError(name)
    if name in _RANGES:
        low, high = _RANGES[name]
        number = float(text)
        if not math.isfinite(number) or not low <= number <= high:
            raise ValueError(name)
        return int(number)
    return text


def encode(selection: Selection) -> dict[str, list[str]]:
    """Write a selection as URL parameters, leaving out what is as at the start."""
    params = {}
    for field in fields(Selection):
        value = getattr(selection, field.name)
        if value != field.default:
            params[field.name] = [str(one) for one in value] if isinstance(value, tuple) else [str(value)]
    return params


def get() -> Selection:
    """Return the current selection."""
    return st.session_state.get(_CURRENT, DEFAULT)


def changed(selection: Selection, **values: Any) -> Selection:
    """Return the selection with some fields changed, and with those reset that depend on them."""
    reset: set[str] = set()
    for field, value in values.items():
        old = getattr(selection, field)
        # Naming what a page had chosen by itself is no change.
        if old != value and (old or field not in ("data", "split", "table")):
            reset.update(_DEPENDENTS.get(field, ()))
    reset -= values.keys()
    return replace(selection, **{name: getattr(DEFAULT, name) for name in reset}, **values)


def change(**values: Any) -> None:
    """Change the selection from a widget's callback."""
    st.session_state[_CURRENT] = changed(get(), **values)
    st.session_state[_CHANGED] = True


def link(**values: Any) -> dict[str, list[str]]:
    """Return the URL parameters of the present view with some fields changed."""
    return encode(changed(get(), **values))


def control(name: str, value: Any, to_field: Callable[[Any], Any] | None = None) -> dict[str, Any]:
    """Return the arguments that tie a widget to a field: it shows ``value`` and its change goes to the selection.

    Args:
        name: a field of ``Selection``.
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
    change(**{name: getattr(DEFAULT, name) if value is None else value})


def arrived() -> bool:
    """Tell whether the person has come to this page with this run of it."""
    return st.session_state.get(_ARRIVED, True)


def begin(page: str) -> list[str]:
    """Settle, at the start of a run, whether the URL or the session holds, and bring the other in line.

    Args:
        page: the page's name.

    Returns:
        The names of URL parameters that make no sense.
    """
    state = st.session_state
    url = {name: st.query_params.get_all(name) for name in st.query_params}
    incoming, refused = decode(url)
    bare_urls: dict[str, Selection] = state.setdefault(_BARE, {})
    new_page = state[_ARRIVED] = state.get(_LAST_PAGE) != page
    state[_LAST_PAGE] = page
    begin_values(new_page)
    before, at = state.get(_REPLACED, (None, 0.0))
    late = not new_page and url == before and time.monotonic() - at < _BEFORE_A_PERSON_GOES_BACK
    if state.get(_CHANGED) or late:
        # A quick second click still carries the URL from before the first one.
        write()
    elif new_page and not encode(incoming):
        # Streamlit's own page changes drop the parameters; what the bare URL stood for is kept for the way back.
        bare_urls[page] = get()
        write()
    elif new_page or _CURRENT not in state or url != state.get(_LAST_URL):
        # A link was opened, or the person went back: writing here would put an entry into the history.
        state[_CURRENT] = incoming if encode(incoming) else bare_urls.get(page, DEFAULT)
        state[_LAST_URL] = url
    return refused


def write() -> None:
    """Write the session's selection into the URL."""
    params = encode(get())
    url = {name: st.query_params.get_all(name) for name in st.query_params}
    if params != url:
        st.query_params.from_dict(params)
        st.session_state[_REPLACED] = (url, time.monotonic())
    st.session_state[_LAST_URL] = params
    st.session_state.pop(_CHANGED, None)
