"""Every text of the dashboard has its Japanese, and no catalogue holds anything else."""

import ast
import string
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"
LANGUAGES = sorted(path.parents[1].name for path in DASHBOARD.glob("locale/*/LC_MESSAGES/carvis.po"))


def texts() -> dict[str | tuple[str, str], str]:
    """Every text given to ``_``, ``N_`` and ``n_`` in the dashboard, with the place where it stands."""
    found = {}
    for file in sorted(DASHBOARD.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_", "n_"):
                place = f"{file.name}:{node.lineno}"
                given = node.args[: 2 if node.func.id == "n_" else 1]
                literal = [one.value for one in given if isinstance(one, ast.Constant)]
                if node.func.id == "_" and not literal:
                    continue  # A text marked with N_ elsewhere.
                assert len(literal) == len(given), f"{place}: a text to translate has to be written out"
                found[tuple(literal) if len(literal) == 2 else literal[0]] = place
    return found


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def catalogue(language: str):
    with open(DASHBOARD / "locale" / language / "LC_MESSAGES" / "carvis.po", encoding="utf-8") as file:
        return read_po(file, locale=language, abort_invalid=True)


def test_there_are_english_and_japanese():
    assert LANGUAGES == ["en", "ja"]


def test_japanese_is_complete_and_holds_nothing_stale():
    there = {message.id: message for message in catalogue("ja") if message.id}
    wanted = texts()
    assert len(wanted) > 100
    missing = {text: place for text, place in wanted.items() if text not in there}
    assert not missing, "run pybabel extract and update as ui/i18n.py says"
    assert not set(there) - set(wanted), "stale entries"
    for text, message in there.items():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings) and not message.fuzzy, f"not translated: {text}"
        english = text[-1] if isinstance(text, tuple) else text
        for translated in strings:
            assert placeholders(translated) == placeholders(english), text


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "ja"])
def test_other_catalogues_hold_nothing_stale(language):
    assert {message.id for message in catalogue(language) if message.id} <= set(texts())


def test_no_text_reaches_the_page_untranslated():
    """Labels and sentences are never literals: what a page shows goes through ``_``."""
    shows = {"title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success", "button"}
    shows |= {"selectbox", "multiselect", "slider", "text_input", "text_area", "checkbox", "expander", "popover"}
    shows |= {"segmented_control", "pills", "file_uploader", "form_submit_button", "page_link", "download_button"}
    offenders = []
    for file in sorted(DASHBOARD.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in shows:
                for given in node.args[:1]:
                    if isinstance(given, ast.Constant) and isinstance(given.value, str) and given.value.isascii():
                        words = [w for w in given.value.split() if w.isalpha() and w != "carvis"]
                        if words and not given.value.endswith(".py"):
                            offenders.append(f"{file.name}:{node.lineno}: {given.value!r}")
    assert not offenders
