"""Texts that are given to be translated, and the catalogues that translate them."""

import ast
import string
from pathlib import Path

from babel.messages.pofile import read_po

_OF_NUMBER = ("n_", "Message.of_number")
_MARKS = ("_", "N_", "Message", *_OF_NUMBER)


def texts(folder: Path) -> dict[str | tuple[str, str], str]:
    """Every text given to ``_``, ``N_``, ``n_`` and ``Message`` below a folder, with the place where it stands."""
    found = {}
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if name in _MARKS:
                place = f"{file.name}:{node.lineno}"
                given = node.args[: 2 if name in _OF_NUMBER else 1]
                literal = [one.value for one in given if isinstance(one, ast.Constant)]
                if name in ("_", "n_") and not literal:
                    continue  # A text marked with N_ elsewhere.
                assert len(literal) == len(given), f"{place}: a text to translate has to be written out"
                found[tuple(literal) if len(literal) == 2 else literal[0]] = place
    return found


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def catalogue(folder: Path, language: str):
    with open(folder / "locale" / language / "LC_MESSAGES" / "carvis.po", encoding="utf-8") as file:
        return read_po(file, locale=language, abort_invalid=True)


def check_complete(folder: Path, language: str) -> int:
    """Make sure that a language's catalogue has every text of a folder and nothing else; return how many."""
    there = {message.id: message for message in catalogue(folder, language) if message.id}
    wanted = texts(folder)
    missing = {text: place for text, place in wanted.items() if text not in there}
    assert not missing, "run pybabel extract and update as carvis/language.py and ui/state/i18n.py say"
    assert not set(there) - set(wanted), "stale entries"
    for text, message in there.items():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings) and not message.fuzzy, f"not translated: {text}"
        english = text[-1] if isinstance(text, tuple) else text
        for translated in strings:
            assert placeholders(translated) == placeholders(english), text
    return len(wanted)


def unfilled(folder: Path) -> list[str]:
    """List the places below a folder where a text's placeholders are not those that are filled in beside it."""
    wrong = []
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or any(keyword.arg is None for keyword in node.keywords):
                continue
            name, given = ast.unparse(node.func), {keyword.arg for keyword in node.keywords}
            texts = node.args
            if isinstance(node.func, ast.Attribute) and node.func.attr == "format":
                inner = node.func.value
                if not (isinstance(inner, ast.Call) and ast.unparse(inner.func) in ("_", "n_")):
                    continue
                texts = inner.args
            elif name not in ("Message", "Message.of_number"):
                continue
            given |= {"n"} if name == "Message.of_number" else set()
            for text in texts:
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    needed = {part.split(":")[0] for part in placeholders(text.value)}
                    if not needed <= given:
                        wrong.append(f"{file.name}:{node.lineno}: {needed - given}")
    return wrong
