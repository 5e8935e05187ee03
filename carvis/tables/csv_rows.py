"""The rows of a CSV file whose header is known: in linear time, a damaged row skipped and named, the others kept."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from carvis.language import Message
from carvis.tables.csv_file import unescaped
from carvis.tables.limits import MAX_CELL, MAX_CELLS, MAX_DAMAGED, MAX_LACKING, MAX_ROWS, MAX_SENTENCES, too_many

# A sentence on what is wrong with lines, or the function that makes it of their numbers.
Problem = Message | Callable[[int, int], Message]
# First line, last line, cells, problem.
Record = tuple[int, int, list[str] | None, Problem | None]


@dataclass
class Rows:
    """Rows as long as the header, all text; what was skipped, in sentences.

    Attributes:
        cells: a list of texts a row.
        as_written: by (row, column) the cells that stand in the file with an apostrophe that ``to_csv`` may have
            written, and another program, too.
        problems: the first skipped lines each, then how many more there are.
        lines: the number of the line in which each row begins.
    """

    cells: list[list[str]] = field(default_factory=list)
    as_written: dict[tuple[int, int], str] = field(default_factory=dict)
    problems: list[Message] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def parsed(text: str, separator: str) -> list[str]:
    """Return the cells of one row.

    Raises:
        csv.Error: its quotation marks are wrong, or a cell is longer than Python's reader takes.
    """
    return next(csv.reader([text], delimiter=separator, strict=True), [])


def read_rows(path: object, lines: list[str], separator: str, width: int, offset: int) -> Rows:
    """Read the lines below a header.

    Args:
        path: the file, for errors.
        lines: with their ends; a quoted cell may span several.
        separator: between cells.
        width: of the header.
        offset: the number of the first line in its file.

    Raises:
        TableError: too many rows or cells.
    """
    rows, skipped, lacking = Rows(), 0, 0
    for first, last, row, problem in _records(lines, separator, width):
        if row is not None and len(row) > width and any(cell.strip() for cell in row[width:]):
            problem = Message(
                "Line {number} was skipped: it has {cells} cells where the header has {width}.",
                number=offset + first,
                cells=len(row),
                width=width,
            )
        elif row is not None and max(map(len, row), default=0) > MAX_CELL:
            problem = _too_long
        if problem is not None:
            skipped += 1
            if skipped > MAX_DAMAGED:
                raise too_many(path, Message("lines that are no rows"), MAX_DAMAGED)
            if skipped <= MAX_SENTENCES:
                sentence = problem(offset + first, offset + last) if callable(problem) else problem
                rows.problems.append(sentence)
            continue
        if row is None or not any(cell.strip() for cell in row):
            continue
        place = len(rows.cells)
        lacking += max(0, width - len(row))
        if place == MAX_ROWS:
            raise too_many(path, Message("rows"), MAX_ROWS)
        if (place + 1) * width > MAX_CELLS:
            raise too_many(path, Message("cells"), MAX_CELLS)
        if lacking > MAX_LACKING:
            raise too_many(path, Message("empty cells at the ends of its rows"), MAX_LACKING)
        row = row[:width] + [""] * (width - len(row))
        if any("'" in line for line in lines[first : last + 1]):
            for column, cell in enumerate(row):
                if "'" in cell and (text := unescaped(cell)) != cell:
                    rows.as_written[place, column] = cell
                    row[column] = text
        rows.cells.append(row)
        rows.lines.append(offset + first)
    if skipped > MAX_SENTENCES:
        rows.problems.append(
            Message.of_number(
                "{n} more row was skipped for a similar reason.",
                "{n} more rows were skipped for similar reasons.",
                skipped - MAX_SENTENCES,
            )
        )
    return rows


def _records(lines: list[str], separator: str, width: int) -> Iterator[Record]:
    """Yield (first line, last line, cells or None, problem or the function that makes it) a row."""
    line = end = 0
    unclosed = -1
    while line < len(lines):
        text = lines[line]
        try:
            yield line, line, parsed(text, separator), None
            line += 1
            continue
        except csv.Error as error:
            reason = str(error)
        if "end of data" not in reason:
            yield line, line, None, _too_long if "limit" in reason else _unclosed
            line += 1
            continue
        # A quoted cell goes on, at most to the next line with an odd number of quotation marks. Each line is looked at
        # as such an end once, and each end tried once, so that no damage makes the work grow faster than the file.
        end = max(end, line + 1)
        while end < len(lines) and lines[end].count('"') % 2 == 0:
            end += 1
        row = problem = None
        if end < len(lines) and end != unclosed:
            row, problem = _joined(lines, line, end, separator, width)
        if row is None and problem is None:
            # A quotation mark that is never closed would swallow all that follows: each line stands for itself.
            unclosed = end
            yield line, line, None, _unclosed
            line += 1
            continue
        yield line, end, row, problem
        line = end + 1


def _joined(
    lines: list[str], first: int, last: int, separator: str, width: int
) -> tuple[list[str] | None, Problem | None]:
    try:
        return parsed("".join(lines[first : last + 1]), separator), None
    except csv.Error as error:
        if "limit" not in str(error):
            return None, None
    try:
        # Whether it is one row with a very long cell, or quotation marks that have nothing to do with each other.
        ends = parsed(lines[first] + lines[last], separator)
    except csv.Error:
        return None, None
    return (None, _too_long) if len(ends) == width else (None, None)


def _unclosed(first: int, last: int) -> Message:
    return Message("Line {number} was skipped: its quotation marks do not close.", number=first)


def _too_long(first: int, last: int) -> Message:
    if first == last:
        return Message(
            "Line {number} was skipped: a cell in it holds more than {most} characters.",
            number=first,
            most=f"{MAX_CELL:,}",
        )
    return Message(
        "Lines {first} to {last} were skipped: a cell in them holds more than {most} characters.",
        first=first,
        last=last,
        most=f"{MAX_CELL:,}",
    )
