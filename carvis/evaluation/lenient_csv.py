"""Reading a table that a person, Excel or a script wrote: encoding, separator and damage are found out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from carvis.errors import TableError
from carvis.language import Message
from carvis.tables import Reading, readings, text_of

_SEPARATORS = (",", ";", "\t")


@dataclass
class LenientTable:
    """A table's header, its rows (all as long as the header, all text) and what was skipped, in sentences.

    ``encoding`` is the one it was read in.
    """

    header: list[str]
    rows: list[list[str]]
    problems: list[str]
    encoding: str = "utf-8"


def read_lenient_csv(
    path: str | Path,
    required: str,
    encoding: str | None = None,
    fits: Callable[[LenientTable], float] | None = None,
) -> LenientTable:
    """Read a table separated by comma, semicolon or tab whose header has the column `required`, in any case.

    A line that cannot be a row is skipped and named in `problems`; short rows are filled with empty cells.

    Args:
        path: the table.
        required: a column that must be there.
        encoding: the table's encoding; found out where None.
        fits: how well a reading of the table fits what is known, 0 (not) to 1: it chooses among encodings where the
            bytes leave a doubt. `share_known` makes most of it.

    Raises:
        TableError: no such file, a folder, empty, a workbook, unreadable text, or no such column.
    """
    best, most, failed = None, -1.0, None
    for reading in readings(read_bytes(Path(path)), path, encoding):
        try:
            table = _table(path, reading, required)
        except TableError as error:
            failed = failed or error
            continue
        share = fits(table) if fits else 1.0
        if share > most:
            best, most = table, share
        if most >= 1:
            break
    if best is None:
        raise failed
    return best


def share_known(cells: Iterable[str], known: Callable[[str], float], most: int = 400) -> float:
    """Return how much of what only an encoding can tell is known: the mean over cells that are not plain ASCII.

    Args:
        cells: texts of a table.
        known: 1 for a text that is known, 0 for one that is not.
        most: cells looked at.
    """
    telling = list(islice((cell for cell in cells if not cell.isascii()), most))
    return sum(map(known, telling)) / len(telling) if telling else 1.0


def read_text(path: Path, encoding: str | None = None, fits: Callable[[str], float] | None = None) -> str:
    """Read text in the encoding named, or in the one that `fits` (see `text_of`) and the bytes speak for.

    Raises:
        TableError: no such file, a folder, a workbook, or no text.
    """
    return text_of(read_bytes(path), path, encoding, fits).text


def read_bytes(path: Path) -> bytes:
    """Read a file that should hold text.

    Raises:
        TableError: no such file, a folder or a workbook.
    """
    if path.is_dir():
        raise TableError(
            Message(
                "{path} is a folder: name the table in it, for example {path_2}.", path=path, path_2=path / "df2.csv"
            )
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TableError(
            Message("{path} cannot be read ({reason}): check the path.", path=path, reason=error.strerror)
        ) from None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableError(Message("{path} is an Excel workbook, whatever its name says: save it as CSV.", path=path))
    return data


def _table(path: str | Path, reading: Reading, required: str) -> LenientTable:
    lines = io.StringIO(reading.text, newline="").readlines()
    first = next((i for i, line in enumerate(lines) if line.strip() and not line.lower().startswith("sep=")), None)
    if first is None:
        raise TableError(
            Message("{path} is empty: write a table with a column {required}.", path=path, required=required)
        )
    separator, header = _header(path, lines[first], required)
    rows, problems = _rows(lines[first + 1 :], separator, len(header), offset=first + 2)
    if reading.damaged:
        problems.append(
            Message.of_number(
                "A place of {path} means nothing in {encoding}: it is shown as �.",
                "{n} places of {path} mean nothing in {encoding}: they are shown as �.",
                reading.damaged,
                path=path,
                encoding=reading.encoding,
            )
        )
    return LenientTable(_unique(header), rows, problems, reading.encoding)


def _header(path: str | Path, line: str, required: str) -> tuple[str, list[str]]:
    found: list[tuple[str, list[str]]] = []
    for separator in _SEPARATORS:
        cells = _parse_line(line, separator)
        if cells and required.casefold() in (cell.strip().casefold() for cell in cells):
            found.append((separator, [cell.strip() for cell in cells]))
    if not found:
        shown = line.strip()[:80]
        raise TableError(
            Message(
                "{path} has no column {required}; its first line is {shown!r}: name the column that holds the pictures'"
                " paths {required}.",
                path=path,
                required=required,
                shown=shown,
            )
        )
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
            problems.append(Message("Line {number} was skipped: its quotation marks do not close.", number=number))
        elif len(row) > width and any(cell.strip() for cell in row[width:]):
            problems.append(
                Message(
                    "Line {number} was skipped: it has {cells} cells where the header has {width}.",
                    number=number,
                    cells=len(row),
                    width=width,
                )
            )
        elif any(cell.strip() for cell in row):
            rows.append(row[:width] + [""] * (width - len(row)))
    return rows, problems
