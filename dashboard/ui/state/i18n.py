"""The words of the dashboard in the reader's language: gettext catalogues, whose message ids are the English text.

Catalogues are ``locale/<language>/LC_MESSAGES/carvis.po``. Babel's tools bring them up to date:
``pybabel extract --no-location -k _ -k n_:1,2 -k N_ -o carvis.pot dashboard`` and
``pybabel update --no-fuzzy-matching --ignore-obsolete -i carvis.pot -l ja -d dashboard/locale -D carvis``.
"""

from functools import lru_cache
from pathlib import Path

import streamlit as st
from babel import Locale

from carvis.language import localised, read_catalogue, speaking, translate, translate_number
from ui.state import selection

LOCALE_DIR = Path(__file__).resolve().parents[2] / "locale"
DEFAULT = "en"


@lru_cache(maxsize=1)
def languages() -> dict[str, str]:
    """Return the languages there is a catalogue for: code to its name in the language itself."""
    codes = sorted(path.parent.parent.name for path in LOCALE_DIR.glob("*/LC_MESSAGES/carvis.po"))
    return {code: Locale.parse(code).get_display_name().capitalize() for code in codes}


def catalogue(code: str) -> dict[str, tuple[str, ...]]:
    """Return a language's translations: message id to its text, or to its plural forms."""
    return read_catalogue(LOCALE_DIR, code)


def language() -> str:
    """Return the language in use: the one in the URL, else the browser's, else English."""
    # The navigation is named before the selection has taken a link over.
    asked = selection.get().lang or st.query_params.get("lang", "")
    chosen = asked or (st.context.locale or "").split("-")[0].lower()
    return chosen if chosen in languages() else DEFAULT


def _(text: str) -> str:
    """Translate ``text``."""
    return translate(catalogue(language()), text)


def n_(singular: str, plural: str, n: int) -> str:
    """Translate a text that counts ``n`` things."""
    return translate_number(catalogue(language()), singular, plural, n)


def translated(words: dict[str, str]) -> dict[str, str]:
    """Translate the texts of a dict now, for a ``format_func``, which may be called outside the run."""
    return {key: _(text) for key, text in words.items()}


def N_(text: str) -> str:
    """Mark a text for translation that is translated where it is shown."""
    return text


def of_library(value: object) -> str:
    """Return a message or an error of the library in the language in use."""
    with speaking(language()):
        return str(localised(value))
