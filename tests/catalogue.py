"""``python -m tests.catalogue``: bring the catalogue of texts, ``carvis/locale``, up to date with the code.

Extracts the texts of carvis and dashboard, drops stale entries, sorts by the English text (so that branches rarely
touch the same lines), compiles the .mo that carvis reads and prints what lacks a translation, as ``--add`` takes it:
fill in the translations below the English lines and give the file back. What ``--add`` brings replaces what is there.

During a git merge with a conflict in the .po, once the code is merged: ``--merge`` merges it entry by entry, theirs
where they changed a translation, else ours; the .mo is written anew. A new language: ``--language CODE``.
"""

import argparse
import ast
import io
import string
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "carvis" / "locale"
FOLDERS = (ROOT / "carvis", ROOT / "dashboard")
LOCATION = "#: "
# By context and English text: the plural forms of the translation, one for a text without a plural.
Translations = dict[tuple[str | None, str], tuple[str, ...]]


class Text(NamedTuple):
    """A text to translate: its context, or None, the English and its plural, or None."""

    context: str | None
    english: str
    plural: str | None = None


# What the arguments of each function that marks or translates a text are.
MARKS = {
    "_": ("english",), "N_": ("english",), "p_": ("context", "english"), "n_": ("english", "plural"),
    "Message": ("english",), "Message.of_number": ("english", "plural"),
}  # fmt: skip
# Functions that also take a text marked elsewhere.
LATER = ("_", "n_", "p_")


class _Catalog(Catalog):
    """A catalogue with nothing in its header that differs from day to day or from one version of babel to another."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Project-Id-Version", "carvis"),
            ("Language", str(self.locale_identifier)),
            ("Plural-Forms", self.plural_forms),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit\n"),
        ]


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call in carvis and dashboard, with its place."""
    for folder in FOLDERS:
        for file in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
                    yield f"{file.relative_to(ROOT).as_posix()}:{node.lineno}", node


@cache
def texts() -> dict[Text, str]:
    """Every text in carvis and dashboard that is to be translated, with the place where it stands."""
    places: dict[Text, str] = {}
    for place, call in calls():
        names = MARKS.get(name := ast.unparse(call.func))
        if names is None:
            continue
        constants = [node.value for node in call.args[: len(names)] if isinstance(node, ast.Constant)]
        literals = [value for value in constants if isinstance(value, str)]
        if not literals and name in LATER:
            continue
        assert len(literals) == len(names), f"{place}: a text to translate has to be a literal"
        arguments = dict(zip(names, literals, strict=True))
        text = Text(arguments.get("context"), arguments["english"], arguments.get("plural"))
        places.setdefault(text, place)
    # A catalogue has one entry for a text that stands both with and without a plural.
    counted = {(text.context, text.english) for text in places if text.plural}
    return {text: place for text, place in places.items() if text.plural or text[:2] not in counted}


def placeholders(text: str) -> list[tuple[str, str, str]]:
    """The placeholders of a text, each with its format and conversion, sorted."""
    return sorted(
        (name, form or "", kind or "") for _, name, form, kind in string.Formatter().parse(text) if name is not None
    )


def po_file(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "carvis.po"


def read(path: Path) -> Translations:
    """The translations in a .po file; one with an empty form, or marked as fuzzy, is none."""
    with path.open("rb") as file:
        entries = [message for message in read_po(file) if message.id and not message.fuzzy]
    translations: Translations = {}
    for entry in entries:
        english = entry.id if isinstance(entry.id, str) else entry.id[0]
        forms = (entry.string,) if isinstance(entry.string, str) else tuple(map(str, entry.string or ()))
        if forms and all(forms):
            translations[entry.context, english] = forms
    return translations


def rendered(language: str, translations: Translations) -> tuple[bytes, bytes, list[Text]]:
    """The .po and the .mo of a language, as bytes, and the texts that lack a translation."""
    catalog = _Catalog(locale=language, header_comment="# Translations for carvis.", fuzzy=False)
    missing = []
    for text in sorted(texts(), key=lambda text: (text.english, text.context or "")):
        forms = translations.get((text.context, text.english), ())
        if not forms:
            missing.append(text)
        if text.plural:
            forms = forms if len(forms) == catalog.num_plurals else (*forms[:1],) * catalog.num_plurals
            entry = catalog.add((text.english, text.plural), forms or None, context=text.context)
        else:
            entry = catalog.add(text.english, forms[0] if forms else None, context=text.context)
        # Which format flags there are differs from one version of babel to another.
        entry.flags.clear()
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, catalog, width=0)
    write_mo(mo, catalog)
    return po.getvalue(), mo.getvalue(), missing


def as_line(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def from_line(line: str) -> str:
    return "\\".join(part.replace("\\n", "\n") for part in line.split("\\\\"))


def added(path: Path) -> Translations:
    """The translations in a file of alternating English and translated lines, or in a .po.

    Lines that are empty or begin with ``#: `` do not count; a line break within a text is written ``\\n``. A text in
    several contexts gets the translation in each.
    """
    if path.suffix == ".po":
        return read(path)
    lines = [line for line in path.read_text("utf-8").splitlines() if line.strip() and not line.startswith(LOCATION)]
    contexts: dict[str, list[str | None]] = {}
    for text in texts():
        contexts.setdefault(text.english, []).append(text.context)
    translations: Translations = {}
    for english, translation in zip(lines[::2], lines[1::2], strict=False):
        if from_line(english) not in contexts:
            sys.exit(f"{path}: no text of carvis or dashboard: {english}")
        for context in contexts[from_line(english)]:
            translations[context, from_line(english)] = (from_line(translation),)
    if len(lines) % 2:
        sys.exit(f"{path}: the last line has no translation: {lines[-1]}")
    return translations


def merged(base: Path, ours: Path, theirs: Path) -> Translations:
    """The translations of two branches: theirs where they changed a translation, else ours."""
    before, our, their = map(read, (base, ours, theirs))
    return their | our | {key: forms for key, forms in their.items() if forms != before.get(key)}


def in_conflict(path: Path, folder: Path) -> list[Path]:
    """Write the three versions of a file in conflict, base, ours and theirs, into a folder."""
    versions = []
    for stage in "123":
        command = ["git", "show", f":{stage}:{path.relative_to(ROOT).as_posix()}"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"{path.relative_to(ROOT)} is not in conflict: give --merge three files, or leave it out.")
        versions.append(folder / f"{stage}.po")
        versions[-1].write_bytes(done.stdout)
    return versions


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.catalogue", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit with 1 if a file differs or a translation is missing"
    )
    parser.add_argument("--add", type=Path, metavar="FILE", help="alternating English and translated lines, or a .po")
    parser.add_argument(
        "--merge",
        type=Path,
        nargs="*",
        metavar="BASE OURS THEIRS",
        help="three .po files (default: the .po in conflict)",
    )
    parser.add_argument("--language", metavar="CODE", help="for --add, --merge and a new language (default: ja)")
    options = parser.parse_args()
    if options.merge and len(options.merge) != 3:
        parser.error("--merge takes three files, or none")
    languages = {path.parents[1].name for path in LOCALE.glob("*/LC_MESSAGES/carvis.po")}
    changed = options.language or "ja"
    differs = lacks = False
    for language in sorted(languages | {changed}):
        path = po_file(language)
        if options.merge is not None and language == changed:
            with tempfile.TemporaryDirectory() as folder:
                translations = merged(*(options.merge or in_conflict(path, Path(folder))))
        else:
            translations = read(path) if path.exists() else {}
        if options.add and language == changed:
            translations |= added(options.add)
        po, mo, missing = rendered(language, translations)
        for file, content in ((path, po), (path.with_suffix(".mo"), mo)):
            if file.exists() and file.read_bytes() == content:
                continue
            differs = True
            print(f"{file.relative_to(ROOT)} {'differs' if options.check else 'written'}", file=sys.stderr)
            if not options.check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        lacks = lacks or bool(missing)
        for text in missing:
            where = f"{texts()[text]} ({text.context})" if text.context else texts()[text]
            print(f"{LOCATION}{language} {where}\n{as_line(text.english)}\n")
    return int(options.check and (lacks or differs))


if __name__ == "__main__":
    sys.exit(main())
