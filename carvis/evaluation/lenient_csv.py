"""Reading a table that a person, Excel or a script wrote: encoding, separator and damage are found out."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from carvis.errors import TableError

_SEPARATORS = (",", ";", "\t")
# cp932 makes private characters of bytes that Japanese text does not hold: the file is in another encoding.
_UNLIKELY = re.compile("[\x80\ue000-\uf8ff]")


@dataclass
class LenientTable:
    """A table's header, its rows (all as long as the header, all text) and what was skipped, in sentences."""

    header: list[str]
    rows: list[list[str]]
    problems: list[str]


def read_lenient_csv(path: str | Path, required: str, encoding: str | None = None) -> LenientTable:
    """Read a table separated by comma, semicolon or tab whose header has the column `required`, in any case.

    Text is UTF-8, UTF-16 with its mark, or cp932, unless `encoding` names another. A line that cannot be a row
    is skipped and named in `problems`; short rows are filled with empty cells.

    Raises:
        TableError: no such file, a folder, empty, a workbook, unreadable text, or no such column.
    """
    text = read_text(Path(path), encoding)
    lines = io.StringIO(text, newline="").readlines()
    first = next((i for i, line in enumerate(lines) if line.strip() and not line.lower().startswith("sep=")), None)
    if first is None:
        raise TableError(f"{path} is empty: write a table with a column {required}.")
    separator, header = _header(path, lines[first], required)
    rows, problems = _rows(lines[first + 1 :], separator, len(header), offset=first + 2)
    return LenientTable(_unique(header), rows, problems)


def read_text(path: Path, encoding: str | None = None) -> str:
    """Read text in UTF-8, UTF-16 with its mark, or cp932, unless ``encoding`` names another.

    Raises:
        TableError: no such file, a folder, a workbook, or text in another encoding.
    """
    if path.is_dir():
        raise TableError(f"{path} is a folder: name the table in it, for example {path / 'df2.csv'}.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path} cannot be read ({error.strerror}): check the path.") from None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableError(f"{path} is an Excel workbook, whatever its name says: save it as CSV.")
    if encoding is None and data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    for name in [encoding] if encoding else ["utf-8-sig", "cp932"]:
        try:
            text = data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        if name != encoding and _UNLIKELY.search(text):
            continue
        if "\0" in text:
            raise TableError(f"{path} is not a text table: save it as CSV.")
        return text.removeprefix("\ufeff")
    tried = f"not text in {encoding}" if encoding else "neither UTF-8 nor cp932 text"
    raise TableError(f"{path} is {tried}: save it as UTF-8, or name its encoding.")


def _header(path: str | Path, line: str, required: str) -> tuple[str, list[str]]:
    found: list[tuple[str, list[str]]] = []
    for separator in _SEPARATORS:
        cells = _parse_line(line, separator)
        if cells and required.casefold() in (cell.strip().casefold() for cell in cells):
            found.append((separator, [cell.strip() for cell in cells]))
    if not found:
        shown = line.strip()[:80]
        raise TableError(f"{path} has no column {required}; its first line is {shown!r}: name the column that holds "
                         f"the pictures' paths {required}.")  # fmt: skip
    return max(found, key=lambda entry: len(entry[1]))


def _unique(header: list[str]) -> list[str]:
    names: list[str] = []
    for i, cell in enumerate(header):
        name = base = cell or f"Unnamed: {i}"
        n = 0
        while name in names:
            n += 1
            name = f"{base}.{n}"
        names.append(name)
    return names


def _parse_line(line: str, separator: str) -> list[str] | None:
    try:
        rows = list(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        return None
    return rows[0] if rows else []


def _rows(lines: list[str], separator: str, width: int, offset: int) -> tuple[list[list[str]], list[str]]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        # Numbered by the line a row starts at: a quoted cell may span several.
        numbered, start = [], offset
        for row in reader:
            numbered.append((start, row))
            start = offset + reader.line_num
    except csv.Error:
        # An unclosed quote would swallow all that follows, so each line stands for itself.
        numbered = [(offset + i, _parse_line(line, separator)) for i, line in enumerate(lines)]
    rows, problems = [], []
    for number, row in numbered:
        if row is None:
            problems.append(f"Line {number} was skipped: its quotation marks do not close.")
        elif len(row) > width and any(cell.strip() for cell in row[width:]):
            problems.append(f"Line {number} was skipped: it has {len(row)} cells where the header has {width}.")
        elif any(cell.strip() for cell in row):
            rows.append(row[:width] + [""] * (width - len(row)))
    return rows, problems
