"""The one catalogue of texts: complete, compiled, and translated throughout."""

import ast
import gettext
import re
import subprocess
import sys

import pytest

from carvis.language import languages
from tests import catalogue
from tests.catalogue import ROOT, Text, added, as_line, calls, merged, placeholders, po_file, read, rendered, texts

# Names, values and titles that stay English within a Japanese sentence.
NAMES = (
    "channels first", "channels last", "confident learning", "Earth mover's distance", "git lfs pull",
    "On Calibration of Modern Neural Networks",
)  # fmt: skip
STAY = {"Keras", "null", "Ctrl-C"}
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
CODE = re.compile(r"`[^`]*`|\{[^}]*\}|\]\([^)]*\)|\S*[/_]\S*|--[a-z-]+|:[a-z_-]+\[|python -m carvis [a-z]+| et al\.")
PHRASE = re.compile(r"[A-Za-z][a-z'’-]+(?: [a-z][a-z'’-]+)+")


@pytest.fixture(scope="module")
def japanese() -> dict[Text, tuple[str, ...]]:
    translations = read(po_file("ja"))
    return {text: translations.get((text.context, text.english), ()) for text in texts()}


def test_every_text_of_both_packages_is_translated():
    assert {"en", "ja"} <= set(languages())
    places = list(texts().values())
    assert sum(place.startswith("carvis/") for place in places) > 1000
    assert sum(place.startswith("dashboard/") for place in places) > 500
    for language in set(languages()) - {"en"}:
        po, mo, missing = rendered(language, read(po_file(language)))
        assert not missing, "python -m tests.catalogue prints them, --add FILE takes their translations"
        assert po_file(language).read_bytes() == po, "run python -m tests.catalogue"
        assert po_file(language).with_suffix(".mo").read_bytes() == mo, "run python -m tests.catalogue"


def test_the_compiled_catalogue_says_what_its_source_says(japanese):
    with po_file("ja").with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for (context, english, plural), forms in japanese.items():
        if plural:
            assert compiled.ngettext(english, plural, 2) == forms[-1]
        else:
            assert (compiled.pgettext(context, english) if context else compiled.gettext(english)) == forms[0]


def test_translations_fill_in_the_same_values_in_the_same_format(japanese):
    for text, forms in japanese.items():
        for form in (*forms, text.plural or text.english):
            assert placeholders(form) == placeholders(text.plural or text.english), text
            # A value may come from a file: none is looked into, and none says how wide another one is.
            assert all(name.isidentifier() and "{" not in form for name, form, _ in placeholders(form)), text


def test_no_english_is_left_in_the_japanese(japanese):
    english = []
    for text, forms in japanese.items():
        for form in forms:
            plain = CODE.sub("·", form)
            for name in NAMES:
                plain = plain.replace(name, "·")
            words = re.search("[a-z]{3}", plain) and not JAPANESE.search(form) and form not in STAY
            if words or PHRASE.search(plain):
                english.append((text.english, form))
    assert not english


def test_every_placeholder_is_filled_where_the_text_stands():
    unfilled = []
    for place, call in calls():
        if any(keyword.arg is None for keyword in call.keywords):
            continue
        name, values, literals = ast.unparse(call.func), {keyword.arg for keyword in call.keywords}, call.args
        if isinstance(call.func, ast.Attribute) and call.func.attr == "format":
            inner = call.func.value
            if not (isinstance(inner, ast.Call) and ast.unparse(inner.func) in ("_", "n_")):
                continue
            literals = inner.args
        elif name not in ("Message", "Message.of_number"):
            continue
        values |= {"n"} if name == "Message.of_number" else set()
        for text in literals:
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                missing = {placeholder for placeholder, _, _ in placeholders(text.value)} - values
                unfilled += [f"{place}: {missing}"] if missing else []
    assert not unfilled


def test_translations_are_added_and_merged(tmp_path, japanese):
    several, plain = next(text for text in japanese if "\n" in text.english), Text(None, "Heatmaps")
    lines = tmp_path / "lines.txt"
    lines.write_text(f"#: ja a.py:1\n{as_line(several.english)}\n\n一\\n二\n\nHeatmaps\n地図\n", "utf-8")
    assert added(lines) == {(None, several.english): ("一\n二",), (None, "Heatmaps"): ("地図",)}
    lines.write_text("No such text\nない\n", "utf-8")
    with pytest.raises(SystemExit, match="no text of carvis or dashboard: No such text"):
        added(lines)
    files = [tmp_path / f"{name}.po" for name in ("base", "ours", "theirs")]
    for file, (first, second) in zip(files, [("甲", "乙"), ("丙", "乙"), ("甲", "丁")], strict=True):
        file.write_bytes(rendered("ja", {(None, "Heatmaps"): (first,), (None, "Overview"): (second,)})[0])
    assert merged(*files) == {(None, "Heatmaps"): ("丙",), (None, "Overview"): ("丁",)}
    assert len(rendered("ja", read(files[0]))[2]) == len(japanese) - 2 and plain in japanese


def test_what_is_added_replaces_what_is_there(tmp_path, monkeypatch, japanese):
    key, path = (None, "Heatmaps"), tmp_path / "ja" / "LC_MESSAGES" / "carvis.po"
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "LOCALE", tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(rendered("ja", {key: ("甲",)})[0])
    (tmp_path / "lines.txt").write_text("Heatmaps\n丙\n", "utf-8")
    (tmp_path / "other.po").write_bytes(rendered("ja", {key: ("乙",)})[0])
    for name, translation in (("other.po", "乙"), ("lines.txt", "丙")):
        monkeypatch.setattr(sys, "argv", ["catalogue", "--add", str(tmp_path / name)])
        assert catalogue.main() == 0 and read(path) == {key: (translation,)}


def test_the_check_of_the_command_changes_nothing():
    done = subprocess.run(
        [sys.executable, "-m", "tests.catalogue", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stdout and not done.stderr
