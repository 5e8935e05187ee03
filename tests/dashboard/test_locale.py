"""Every text of the dashboard has its Japanese, and no catalogue holds anything else."""

import ast
from pathlib import Path

import pytest

from tests.translations import catalogue, check_complete, texts

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"
LANGUAGES = sorted(path.parents[1].name for path in DASHBOARD.glob("locale/*/LC_MESSAGES/carvis.po"))


def test_there_are_english_and_japanese():
    assert LANGUAGES == ["en", "ja"]


def test_japanese_is_complete_and_holds_nothing_stale():
    assert check_complete(DASHBOARD, "ja") > 100


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "ja"])
def test_other_catalogues_hold_nothing_stale(language):
    assert {message.id for message in catalogue(DASHBOARD, language) if message.id} <= set(texts(DASHBOARD))


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
