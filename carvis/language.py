"""Words in the reader's language: gettext catalogues, whose message ids are the English text.

What people read in files that the library writes, such as the report, is translated by ``carvis/locale``; the
dashboard has its own catalogues beside its pages. Babel's tools bring them up to date:
``pybabel extract --no-location -k _ -k n_:1,2 -k N_ -k Message -k Message.of_number:1,2 -o carvis.pot carvis`` and
``pybabel update --no-fuzzy-matching --ignore-obsolete -i carvis.pot -l ja -d carvis/locale -D carvis``.
"""

import locale
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from carvis.errors import CarvisError

LOCALE_DIR = Path(__file__).resolve().parent / "locale"
ENGLISH = "en"
_speaking: ContextVar[str] = ContextVar("language", default=ENGLISH)


def languages() -> list[str]:
    """The codes of the languages that there are."""
    return sorted({ENGLISH, *(path.parents[1].name for path in LOCALE_DIR.glob("*/LC_MESSAGES/carvis.po"))})


def system_language() -> str:
    """Return the language in ``CARVIS_LANGUAGE``, else the one of the system, English where carvis lacks it.

    Raises:
        CarvisError: ``CARVIS_LANGUAGE`` names no language that carvis speaks.
    """
    if wanted := os.environ.get("CARVIS_LANGUAGE", "").strip():
        code = _code(wanted)
        if code not in languages():
            raise CarvisError(
                Message(
                    "CARVIS_LANGUAGE is {language}, which carvis does not speak: set it to one of {languages}.",
                    language=wanted,
                    languages=", ".join(languages()),
                )
            )
        return code
    named = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), None)
    if named is None and os.name == "nt":
        named = locale.getlocale()[0]
    code = _code(named or "")
    return code if code in languages() else ENGLISH


def _code(name: str) -> str:
    """Return the code of a locale: ``ja`` of ja_JP.UTF-8, and of Windows' Japanese_Japan.932."""
    first = re.split(r"[_.@-]", name.strip().lower(), maxsplit=1)[0]
    return {"japanese": "ja", "english": ENGLISH}.get(first, first)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Let ``_`` and ``n_`` translate into a language within the block.

    Raises:
        CarvisError: there is no such language.
    """
    if language not in languages():
        raise CarvisError(f"{language} is no language that carvis speaks: choose one of {', '.join(languages())}.")
    token = _speaking.set(language)
    try:
        yield
    finally:
        _speaking.reset(token)


@lru_cache(maxsize=16)
def read_catalogue(folder: Path, language: str) -> dict[str, tuple[str, ...]]:
    """Return a language's translations in a folder of locales: message id to its text, or to its plural forms."""
    texts = {}
    for message in _entries(folder, language):
        if message.id and not message.fuzzy:
            plural = isinstance(message.id, tuple)
            texts[message.id[0] if plural else message.id] = message.string if plural else (message.string,)
    return texts


def _entries(folder: Path, language: str):
    from babel.messages.pofile import read_po

    with open(folder / language / "LC_MESSAGES" / "carvis.po", encoding="utf-8") as file:
        return read_po(file, locale=language)


@lru_cache(maxsize=1)
def _templates() -> set[tuple[str, str | None]]:
    """The library's own templates, each with its plural, or None."""
    ids = [message.id for message in _entries(LOCALE_DIR, "ja") if message.id]
    return {one if isinstance(one, tuple) else (one, None) for one in ids}


def translate(catalogue: dict[str, tuple[str, ...]], text: str) -> str:
    """Return a text in a catalogue's language, or as it is where the catalogue lacks it."""
    return (catalogue.get(text) or ("",))[0] or text


def translate_number(catalogue: dict[str, tuple[str, ...]], singular: str, plural: str, n: int) -> str:
    """Return a text that counts ``n`` things in a catalogue's language."""
    forms = catalogue.get(singular)
    if forms and all(forms):
        return forms[0] if n == 1 else forms[-1]
    return singular if n == 1 else plural


def _(text: str) -> str:
    """Translate ``text``."""
    language = _speaking.get()
    return text if language == ENGLISH else translate(read_catalogue(LOCALE_DIR, language), text)


def n_(singular: str, plural: str, n: int) -> str:
    """Translate a text that counts ``n`` things."""
    language = _speaking.get()
    catalogue = {} if language == ENGLISH else read_catalogue(LOCALE_DIR, language)
    return translate_number(catalogue, singular, plural, n)


def N_(text: str) -> str:
    """Mark a text for translation that is translated where it is shown."""
    return text


class Message(str):
    """An English sentence that can still be said in another language: ``Message("{path} is empty.", path=path)``.

    What is made once and shown to several people (errors, assumptions, notes) is made as a message, and
    ``localised`` where it is shown. As a string it is the English sentence.

    Args:
        template: the English text, a literal, with named placeholders.
        values: what stands in them; a value that is a message itself is localised, too.
    """

    def __new__(cls, template: str, /, **values):
        """Make a message of a template and the values of its placeholders."""
        return cls._made(template, None, 0, values)

    @classmethod
    def of_number(cls, singular: str, plural: str, n: int, /, **values) -> "Message":
        """Make a message that counts ``n`` things; ``{n}`` stands for the number."""
        return cls._made(singular, plural, n, {"n": n, **values})

    @classmethod
    def _made(cls, template: str, plural: str | None, n: int, values: dict) -> "Message":
        english = template if plural is None or n == 1 else plural
        made = super().__new__(cls, english.format(**values))
        made.template, made.plural, made.n, made.values = template, plural, n, values
        return made

    def __reduce__(self):
        return Message._made, (self.template, self.plural, self.n, self.values)

    def localised(self) -> str:
        """Return the sentence in the language spoken in this block."""
        text = _(self.template) if self.plural is None else n_(self.template, self.plural, self.n)
        return text.format(**{name: localised(value) for name, value in self.values.items()})


def localised(value):
    """Return a message, or the message of an error, in the language spoken in this block; anything else as it is."""
    if isinstance(value, CarvisError) and value.args:
        value = value.args[0]
    return value.localised() if isinstance(value, Message) else value


def message_of(error: CarvisError) -> str:
    """Return what an error says, as the message that it was made with: ``str(error)`` would be English for good."""
    return error.args[0] if error.args and isinstance(error.args[0], str) else str(error)


def replaced(text, old: str, new: str):
    """Replace a part of a text, in a message within its values: it stays a message. Anything else stays as it is."""
    if isinstance(text, Message):
        values = {name: replaced(value, old, new) for name, value in text.values.items()}
        return Message._made(text.template, text.plural, text.n, values)
    return str(text).replace(old, new) if isinstance(text, (str, Path)) else text


def together(sentences: Iterable[str]) -> str:
    """Join sentences into one text, which stays a message where they are messages."""
    first, *rest = sentences
    for sentence in rest:
        first = Message("{sentences} {sentence}", sentences=first, sentence=sentence)
    return first


def as_data(value):
    """Return a message as JSON-able data, from which ``from_data`` makes it again; anything else as it is."""
    if not isinstance(value, Message):
        plain = value is None or isinstance(value, (str, bool, int, float))
        return value if plain else value.item() if hasattr(value, "item") else str(value)
    values = {name: as_data(one) for name, one in value.values.items()}
    return {"template": value.template, "plural": value.plural, "n": value.n, "values": values, "text": str(value)}


def from_data(data):
    """Return the message that ``as_data`` wrote down; anything else as it is.

    A file may come from anywhere: only templates that carvis has itself are filled in. Of any other, such as one that
    another version of carvis wrote, the English text is returned.
    """
    if not (isinstance(data, dict) and data.keys() >= {"template", "plural", "n", "values"}):
        return data
    template, plural, text = data["template"], data["plural"], str(data.get("text", data["template"]))
    try:
        if (template, plural) in _templates():
            values = {name: from_data(one) for name, one in data["values"].items()}
            return Message._made(template, plural, data["n"], values)
    # Another version may have filled the same sentence with other values.
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        pass
    return text
