"""Texts in the language of the person at the page: carvis.language, in the language of the URL or the browser."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import streamlit as st

from carvis import language as library
from carvis.language import ENGLISH, N_, language_name, localised, speaking
from ui.state import selection
from ui.state.workspace import once_a_run

K = TypeVar("K", bound=str)
__all__ = ["N_", "_", "language", "languages", "n_", "of_library", "p_", "shown_as", "translated"]


@lru_cache(maxsize=1)
def languages() -> dict[str, str]:
    """Return the available languages: code to its name in the language itself."""
    return {code: language_name(code) for code in library.languages()}


def language() -> str:
    """Return the language in use: the one in the URL, else the browser's, else English."""
    return _in_use(selection.get().lang)


# Hundreds of texts a page ask for it.
@once_a_run
def _in_use(chosen: str) -> str:
    # The navigation is named before the selection has taken a link over.
    in_url = chosen or st.query_params.get("lang", "")
    code = in_url or (st.context.locale or "").split("-")[0].lower()
    return code if code in languages() else ENGLISH


def _(text: str) -> str:
    """Translate a text."""
    with speaking(language()):
        return library._(text)


def n_(singular: str, plural: str, n: int) -> str:
    """Translate a text that counts ``n`` things."""
    with speaking(language()):
        return library.n_(singular, plural, n)


def p_(context: str, text: str) -> str:
    """Translate a text that means different things in different contexts."""
    with speaking(language()):
        return library.p_(context, text)


def translated(texts: Mapping[K, str]) -> dict[K, str]:
    """Translate the texts of a dict now, for a ``format_func``, which may be called outside the run."""
    return {key: _(text) for key, text in texts.items()}


def shown_as(labels: Mapping[Any, str]) -> Callable[[Any], str]:
    """Return a ``format_func`` that shows each option as its words; one that has none is shown as it is."""
    return lambda option: labels.get(option, str(option))


def of_library(value: object) -> str:
    """Return a message or an error of the library in the language in use."""
    with speaking(language()):
        return str(localised(value))
