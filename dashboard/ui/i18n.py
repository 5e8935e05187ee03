"""The words of the dashboard in the reader's language: gettext catalogues, whose message ids are the English text.

Catalogues are ``locale/<language>/LC_MESSAGES/carvis.po``. Babel's tools bring them up to date:
``pybabel extract --no-location -k _ -k n_:1,2 -k N_ -o carvis.pot dashboard`` and
``pybabel update --no-fuzzy-matching --ignore-obsolete -i carvis.pot -l ja -d dashboard/locale -D carvis``.
"""

from functools import lru_cache
from pathlib import Path

import streamlit as st
from babel import Locale
from babel.messages.pofile import read_po

from ui import selection

LOCALE_DIR = Path(__file__).resolve().parent.parent / "locale"
DEFAULT = "en"


@lru_cache(maxsize=1)
def languages() -> dict[str, str]:
    """Return the languages there is a catalogue for: code to its name in the language itself."""
    codes = sorted(path.parent.parent.name for path in LOCALE_DIR.glob("*/LC_MESSAGES/carvis.po"))
    return {code: Locale.parse(code).get_display_name().capitalize() for code in codes}


@lru_cache(maxsize=8)
def catalogue(code: str) -> dict[str, tuple[str, ...]]:
    """Return a language's translations: message id to its text, or to its plural forms."""
    with open(LOCALE_DIR / code / "LC_MESSAGES" / "carvis.po", encoding="utf-8") as file:
        messages = read_po(file, locale=code)
    texts = {}
    for message in messages:
        if message.id and not message.fuzzy:
            plural = isinstance(message.id, tuple)
            texts[message.id[0] if plural else message.id] = message.string if plural else (message.string,)
    return texts


def language() -> str:
    """Return the language in use: the one in the URL, else the browser's, else English."""
    chosen = selection.get().lang or (st.context.locale or "").split("-")[0].lower()
    return chosen if chosen in languages() else DEFAULT


def _(text: str) -> str:
    """Translate ``text``."""
    return (catalogue(language()).get(text) or ("",))[0] or text


def n_(singular: str, plural: str, n: int) -> str:
    """Translate a text that counts ``n`` things."""
    forms = catalogue(language()).get(singular)
    if forms and all(forms):
        return forms[0] if n == 1 else forms[-1]
    return singular if n == 1 else plural


def translated(words: dict[str, str]) -> dict[str, str]:
    """Translate the texts of a dict now, for a ``format_func``, which may be called outside the run."""
    return {key: _(text) for key, text in words.items()}


def N_(text: str) -> str:
    """Mark a text for translation that is translated where it is shown."""
    return text
