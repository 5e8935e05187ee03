"""Reading a table that a person, Excel or a script wrote: encoding, separator and damage are found out."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from carvis.errors import CarvisError, TableError
from carvis.language import Message, message_of
from carvis.tables import Reading, readings, text_of, unescaped
from carvis.tables.csv_rows import parsed, read_rows
from carvis.tables.limits import MAX_BYTES, MAX_CELL, MAX_COLUMNS, MAX_ROWS, too_many
from carvis.workspace import os_reason, read_regular

_SEPARATORS = (",", ";", "\t")
# Lines with other letters than ASCII that are looked at to choose an encoding.
_TRIED = 1000


@dataclass
class LenientTable:
    """A table's header, its rows (all as long as the header, all text) and what was skipped, in sentences.

    Headings and cells are the texts that ``to_csv`` wrote. A cell of another program may have had an apostrophe of its
    own where ``to_csv`` puts one: ``as_written`` holds those, by row and column, as they stand in the file.
    ``encoding`` is the one the table was read in, ``lines`` the number of the line in which each row begins.
    """

    header: list[str]
    rows: list[list[str]]
    problems: list[Message]
    encoding: str = "utf-8"
    as_written: dict[tuple[int, int], str] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)


def read_lenient_csv(
    path: str | Path,
    required: str | tuple[str, ...],
    encoding: str | None = None,
    fits: Callable[[LenientTable], float] | None = None,
) -> LenientTable:
    """Read a table separated by comma, semicolon or tab whose header has the column `required`, in any case.

    A line that cannot be a row is skipped and named in `problems`; short rows are filled with empty cells. The work
    grows as the file does, and what is larger than the limits in `carvis.tables.limits` is refused.

    Args:
        path: the table.
        required: a column that must be there, or several of which one must; errors name the first.
        encoding: the table's encoding; found out where None.
        fits: how well a reading of the table fits what is known, 0 (not) to 1: it chooses among encodings where the
            bytes leave a doubt, by the rows that hold other letters than ASCII. `share_known` makes most of it.

    Raises:
        TableError: no such file, a folder, empty, a workbook, unreadable text, no such column, or too large.
    """
    required = (required,) if isinstance(required, str) else required
    candidates = readings(read_bytes(Path(path)), path, encoding)
    if len(candidates) == 1:
        return _table(path, candidates[0], required)
    best, most = None, -1.0
    failed: TableError | None = None
    for reading in candidates:
        try:
            trial = _trial(path, reading, required)
        except TableError as error:
            failed = failed or error
            continue
        share = fits(trial) if fits else 1.0
        if share > most:
            best, most = reading, share
        if most >= 1:
            break
    if best is None:
        # Of several encodings, none can be read only where each of them raised.
        assert failed is not None
        raise failed
    return _table(path, best, required)


def share_known(cells: Iterable[str], score: Callable[[str], float], most: int = 400) -> float:
    """Return the share of known texts among the cells that are not plain ASCII, which depend on the encoding.

    Args:
        cells: texts of a table.
        score: 1 for a known text, 0 for an unknown one.
        most: cells looked at.
    """
    non_ascii = list(islice((cell for cell in cells if not cell.isascii()), most))
    return sum(map(score, non_ascii)) / len(non_ascii) if non_ascii else 1.0


def read_text(
    path: Path,
    encoding: str | None = None,
    fits: Callable[[str], float] | None = None,
    max_bytes: int = MAX_BYTES,
) -> str:
    """Read text in the encoding named, or in the one that `fits` (see `text_of`) and the bytes speak for.

    Raises:
        TableError: no such file, a folder, a workbook, no text, or too large.
    """
    return text_of(read_bytes(path, max_bytes), path, encoding, fits).text


def read_bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a file that should hold text.

    Raises:
        TableError: no such file, a folder, a pipe or device, a workbook, or too large.
    """
    if path.is_dir():
        raise TableError(
            Message(
                "{path} is a folder: name the table in it, for example {path_2}.", path=path, path_2=path / "df2.csv"
            )
        )
    try:
        data = read_regular(path, max_bytes)
    except OSError as error:
        raise TableError(
            Message("{path} cannot be read ({reason}): check the path.", path=path, reason=os_reason(error))
        ) from None
    except CarvisError as error:
        raise TableError(message_of(error)) from None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableError(Message("{path} is an Excel workbook, whatever its name says: save it as CSV.", path=path))
    return data


def _table(path: str | Path, reading: Reading, required: tuple[str, ...]) -> LenientTable:
    # Before the text is parted into lines, of which each takes fifty times the memory of an empty one in the file.
    if max(reading.text.count("\n"), reading.text.count("\r")) > 5 * MAX_ROWS:
        raise too_many(path, Message("lines"), 5 * MAX_ROWS)
    lines = io.StringIO(reading.text, newline="").readlines()
    first = _first_line(path, lines, required)
    separator, header = _header(path, lines[first], required)
    rows = read_rows(path, lines[first + 1 :], separator, len(header), offset=first + 2)
    problems: list[Message] = list(rows.problems)
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
    return LenientTable(_unique(header), rows.cells, problems, reading.encoding, rows.as_written, rows.lines)


def _trial(path: str | Path, reading: Reading, required: tuple[str, ...]) -> LenientTable:
    """The rows of a reading that tell something about its encoding, quickly."""
    lines = io.StringIO(reading.text, newline="")
    head = list(islice((line for line in lines if line.strip() and not _is_separator_line(line)), 1))
    _first_line(path, head, required)
    separator, header = _header(path, head[0], required)
    rows = []
    for line in islice((line for line in lines if not line.isascii()), _TRIED):
        try:
            row = parsed(line, separator)
        except csv.Error:
            continue
        rows.append(row[: len(header)] + [""] * (len(header) - len(row)))
    return LenientTable(_unique(header), rows, [], reading.encoding)


def _is_separator_line(line: str) -> bool:
    return line[:4].lower() == "sep="


def _first_line(path: str | Path, lines: list[str], required: tuple[str, ...]) -> int:
    first = next((i for i, line in enumerate(lines) if line.strip() and not _is_separator_line(line)), None)
    if first is None:
        raise TableError(
            Message("{path} is empty: write a table with a column {required}.", path=path, required=required[0])
        )
    return first


def _header(path: str | Path, line: str, required: tuple[str, ...]) -> tuple[str, list[str]]:
    names = {name.casefold() for name in required}
    candidates: list[tuple[str, list[str]]] = []
    for separator in _SEPARATORS:
        try:
            cells = [unescaped(cell.strip()) for cell in parsed(line, separator)]
        except csv.Error:
            continue
        if not names.isdisjoint(cell.casefold() for cell in cells):
            candidates.append((separator, cells))
    if not candidates:
        excerpt = line.strip()[:80]
        raise TableError(
            Message(
                "{path} has no column {required}; its first line is {shown!r}: name the column that holds the images'"
                " paths {required}.",
                path=path,
                required=required[0],
                shown=excerpt,
            )
        )
    separator, header = max(candidates, key=lambda entry: len(entry[1]))
    if len(header) > MAX_COLUMNS:
        raise too_many(path, Message("columns"), MAX_COLUMNS)
    if max(map(len, header)) > MAX_CELL:
        raise too_many(path, Message("characters in one heading"), MAX_CELL)
    return separator, header


def _unique(header: list[str]) -> list[str]:
    names: dict[str, None] = {}
    last_number: dict[str, int] = {}
    for i, cell in enumerate(header):
        name = base = cell or f"Unnamed: {i}"
        n = last_number.get(base, 0)
        while name in names:
            n += 1
            name = f"{base}.{n}"
        # Counted on from here the next time: equal names would be tried against each other again and again.
        last_number[base] = n
        names[name] = None
    return list(names)
