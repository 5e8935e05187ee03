"""Texts in the user's language, by the standard library's gettext: message ids are the English text.

``locale/<language>/LC_MESSAGES/carvis.po`` holds the texts of the library and of the dashboard, ``carvis.mo`` beside
it is what is read. ``python -m tests.catalogue`` brings both up to date.
"""

import gettext
import locale
import os
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, SupportsIndex, TypeVar, overload

from carvis.errors import CarvisError

LOCALE_DIR = Path(__file__).resolve().parent / "locale"
ENGLISH = "en"
# A message from a file: its sentence is shorter than this, and so are the values in it.
_LONGEST = 10_000
_DEEPEST = 50

_current: ContextVar[str] = ContextVar("language", default=ENGLISH)
_T = TypeVar("_T")


@lru_cache(maxsize=1)
def _codes() -> tuple[str, ...]:
    return tuple(sorted({ENGLISH, *(path.parents[1].name for path in LOCALE_DIR.glob("*/LC_MESSAGES/carvis.mo"))}))


def languages() -> list[str]:
    """Return the codes of the available languages."""
    return list(_codes())


def language_name(language: str) -> str:
    """Return the name of a language in the language itself.

    Raises:
        CarvisError: there is no such language.
    """
    with speaking(language):
        return p_("this language's own name", "English")


def system_language() -> str:
    """Return the language in ``CARVIS_LANGUAGE``, else the one of the system, English where carvis lacks it.

    Raises:
        CarvisError: carvis has no translation for ``CARVIS_LANGUAGE``.
    """
    if setting := os.environ.get("CARVIS_LANGUAGE", "").strip():
        code = _code(setting)
        if code not in _codes():
            raise CarvisError(
                Message(
                    "CARVIS_LANGUAGE is {language}, for which carvis has no translation: set it to one of {languages}.",
                    language=setting,
                    languages=", ".join(_codes()),
                )
            )
        return code
    name = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), None)
    if name is None and os.name == "nt":
        name = locale.getlocale()[0]
    code = _code(name or "")
    return code if code in _codes() else ENGLISH


def _code(name: str) -> str:
    """Return the language code of a locale: ``ja`` for ja_JP.UTF-8 and for Windows' Japanese_Japan.932."""
    language = re.split(r"[_.@-]", name.strip().lower(), maxsplit=1)[0]
    return {"japanese": "ja", "english": ENGLISH}.get(language, language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Translate into a language within the block, in this thread.

    Raises:
        CarvisError: there is no such language.
    """
    if language not in _codes():
        raise CarvisError(
            Message(
                "carvis has no translation for {language}: choose one of {languages}.",
                language=language,
                languages=", ".join(_codes()),
            )
        )
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


@lru_cache(maxsize=16)
def _catalogue(language: str) -> gettext.NullTranslations:
    # Without a fallback a catalogue that is broken would go unnoticed; English has none.
    return gettext.translation("carvis", LOCALE_DIR, [language], fallback=language == ENGLISH)


@lru_cache(maxsize=1)
def _templates() -> set[tuple[str, str | None]]:
    """Return every text of the catalogues with its plural, or None.

    ``GNUTranslations`` drops the plurals, so the message ids are read from the tables at the file's head:
    https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html
    """
    templates = set()
    for path in LOCALE_DIR.glob("*/LC_MESSAGES/carvis.mo"):
        content = path.read_bytes()
        count, table = struct.unpack_from("<II", content, 8)
        for length, start in struct.iter_unpack("<II", content[table : table + 8 * count]):
            text, _nul, plural = content[start : start + length].decode("utf-8").partition("\0")
            templates.add((text, plural or None))
    return templates


def _(text: str) -> str:
    """Translate a text."""
    # The entry of the empty text is the catalogue's header.
    return _catalogue(_current.get()).gettext(text) if text else text


def n_(singular: str, plural: str, n: SupportsIndex) -> str:
    """Translate a text that counts ``n`` things."""
    return _catalogue(_current.get()).ngettext(singular, plural, int(n))


def p_(context: str, text: str) -> str:
    """Translate a text that means different things in different contexts."""
    return _catalogue(_current.get()).pgettext(context, text)


def N_(text: str) -> str:
    """Mark a text that is translated later, where it is shown."""
    return text


class Message(str):
    """An English sentence that can be translated later: ``Message("{path} is empty.", path=path)``.

    Errors, assumptions and notes are made once and may be shown to several people, so they are messages, ``localised``
    where they are shown. As a string a message is its English sentence.

    Args:
        template: English text, a literal, with named placeholders.
        values: values of the placeholders; messages among them are localised, too.
    """

    template: str
    plural: str | None
    n: int
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: object) -> Self:
        """Make a message of a template and the values of its placeholders."""
        return cls._create(template, None, 0, values)

    @classmethod
    def of_number(cls, singular: str, plural: str, n: SupportsIndex, /, **values: object) -> Self:
        """Return a message that counts ``n`` things; ``{n}`` stands for the number."""
        return cls._create(singular, plural, int(n), {"n": n, **values})

    @classmethod
    def _create(cls, template: str, plural: str | None, n: int, values: dict[str, Any]) -> Self:
        english = template if plural is None or n == 1 else plural
        message = super().__new__(cls, english.format(**values))
        message.template, message.plural, message.n, message.values = template, plural, n, values
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        return Message._create, (self.template, self.plural, self.n, self.values)

    def with_values(self, change: Callable[[str, object], object]) -> "Message":
        """Return the message with other values, as a page marks them up; messages among them are changed within.

        Args:
            change: called with each value's name and the value.
        """
        values = {
            name: value.with_values(change) if isinstance(value, Message) else change(name, value)
            for name, value in self.values.items()
        }
        return Message._create(self.template, self.plural, self.n, values)

    def localised(self) -> str:
        """Return the sentence in the language of this block."""
        text = _(self.template) if self.plural is None else n_(self.template, self.plural, self.n)
        return text.format(**{name: localised(value) for name, value in self.values.items()})


@overload
def localised(value: str | CarvisError) -> str: ...
@overload
def localised(value: _T) -> _T: ...
def localised(value: object) -> object:
    """Return a message, or the message of an error, in the language of this block; anything else as it is."""
    if isinstance(value, CarvisError):
        value = message_of(value)
    return value.localised() if isinstance(value, Message) else value


def message_of(error: CarvisError) -> str:
    """Return the sentence of an error, still a message if it was one: ``str(error)`` would be English for good."""
    return error.args[0] if error.args and isinstance(error.args[0], str) else str(error)


@overload
def replaced(text: Message, old: str, new: str) -> Message: ...
@overload
def replaced(text: str | Path, old: str, new: str) -> str: ...
@overload
def replaced(text: _T, old: str, new: str) -> _T: ...
def replaced(text: object, old: str, new: str) -> object:
    """Replace a part of a text, in a message within its values: it stays a message. Anything else stays as it is."""
    if isinstance(text, Message):
        values = {name: replaced(value, old, new) for name, value in text.values.items()}
        return Message._create(text.template, text.plural, text.n, values)
    return str(text).replace(old, new) if isinstance(text, (str, Path)) else text


@overload
def together(sentences: Iterable[Message]) -> Message: ...
@overload
def together(sentences: Iterable[str]) -> str: ...
def together(sentences: Iterable[str]) -> str:
    """Join sentences into one text, which stays a message where they are messages."""
    joined, *others = sentences
    for sentence in others:
        joined = Message("{sentences} {sentence}", sentences=joined, sentence=sentence)
    return joined


def as_data(value: object) -> Any:
    """Return a message as JSON-able data, from which ``from_data`` makes it again; anything else as it is."""
    if isinstance(value, Message):
        values = {name: as_data(content) for name, content in value.values.items()}
        return {"template": value.template, "plural": value.plural, "n": value.n, "values": values, "text": str(value)}
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return value.item() if hasattr(value, "item") else str(value)


def from_data(data: Any) -> Any:
    """Return the message that ``as_data`` wrote; anything else as it is.

    A file may come from anywhere: only templates of the catalogue are filled in, whose placeholders are plain names,
    and only to sentences of an ordinary length. For any other template, such as one of another version of carvis, the
    English text is returned.
    """
    return _from_data(data, _DEEPEST)


def _from_data(data: Any, levels: int) -> Any:
    if not (isinstance(data, dict) and data.keys() >= {"template", "plural", "n", "values"}):
        return data
    template, plural, n, text = data["template"], data["plural"], data["n"], str(data.get("text", data["template"]))
    try:
        if levels and (template, plural) in _templates() and isinstance(n, int):
            values = {name: _from_data(value, levels - 1) for name, value in data["values"].items()}
            # A template may repeat a value: without a limit a message within messages doubles at each level.
            if sum(len(str(value)) for value in values.values()) <= _LONGEST:
                return Message._create(template, plural, n, values)
    # Another version may have filled the same sentence with other values.
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        pass
    return text
