"""Every text of a page goes through gettext."""

import ast
from pathlib import Path

DASHBOARD = Path(__file__).resolve().parents[2] / "dashboard"


def test_no_text_reaches_the_page_untranslated():
    """Labels and sentences are never literals: what a page shows goes through ``_``."""
    shows = {"title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success", "button"}
    shows |= {"selectbox", "multiselect", "slider", "text_input", "text_area", "checkbox", "expander", "popover"}
    shows |= {"segmented_control", "pills", "file_uploader", "form_submit_button", "page_link", "download_button"}
    offenders = []
    for file in sorted(DASHBOARD.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in shows:
                for first in node.args[:1]:
                    if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value.isascii():
                        words = [w for w in first.value.split() if w.isalpha() and w != "carvis"]
                        if words and not first.value.endswith(".py"):
                            offenders.append(f"{file.name}:{node.lineno}: {first.value!r}")
    assert not offenders
