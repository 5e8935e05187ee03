"""The trainings in a ``CSVLogger`` file: appended to each other, cut off, with or without a header of their own."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from carvis.errors import TableError
from carvis.language import Message
from carvis.tables import text_of, unescaped
from carvis.tables.limits import MAX_CELL, MAX_EPOCHS, MAX_LACKING, MAX_MEASURES, MAX_TRAININGS, too_many

_SEPARATORS = (",", ";", "\t", "|")
_LOSSES = {"loss", "val_loss"}


@dataclass
class CsvLog:
    """The rows of each training in the file, as text, and what could not be read, in sentences."""

    tables: list[pd.DataFrame] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)


def read_csv_log(content: bytes, path: Path, encoding: str | None = None) -> CsvLog:
    """Read the trainings of a file in their order; a header in the middle of it begins another one.

    ``CSVLogger(append=True)`` writes no second header: rows that have the cells of a validation more than the header,
    or fewer, are read as Keras writes them. A line that means nothing is counted in the notes.

    Raises:
        TableError: not text, or nothing in it is a header with a loss.
    """
    text = text_of(content, path, encoding).text
    lines = _lines(text, path)
    separator = max(_SEPARATORS, key=lambda mark: len(_header(_cells(lines[0], mark)) or ()) if lines else 0)
    if not lines or _header(_cells(lines[0], separator)) is None:
        raise TableError(
            Message("{path} has no column loss: choose the history of a Keras training.", path=path),
        )
    log, skipped, lacking = CsvLog(), 0, 0
    columns: list[str] = []
    rows: list[list[str]] = []
    for line in lines:
        cells = _cells(line, separator)
        if header := _header(cells):
            _close(log, columns, rows)
            if len(log.tables) > MAX_TRAININGS:
                raise too_many(path, Message("trainings"), MAX_TRAININGS)
            if len(header) > MAX_MEASURES:
                raise too_many(path, Message("columns"), MAX_MEASURES)
            columns, rows = header, []
            continue
        named = _columns(columns, cells)
        if named is None:
            skipped += 1
            continue
        lacking += max(0, len(named) - len(cells))
        if lacking > MAX_LACKING:
            raise too_many(path, Message("empty cells at the ends of its rows"), MAX_LACKING)
        rows.append(cells)
        # A training without a header of its own goes on under the names of a longer one.
        columns = named if len(named) > len(columns) else columns
    _close(log, columns, rows)
    if not log.tables:
        raise TableError(
            Message(("{path} has no epoch with a numeric value: choose the history of a Keras training."), path=path)
        )
    if skipped:
        log.notes.append(
            Message.of_number(
                "{n} line of {path} was skipped: its number of cells does not fit the header.",
                "{n} lines of {path} were skipped: their number of cells does not fit the header.",
                skipped,
                path=path.name,
            )
        )
    return log


def _lines(text: str, path: Path) -> list[str]:
    if text.count("\n") > MAX_EPOCHS:
        raise too_many(path, Message("lines"), MAX_EPOCHS)
    lines = [line for line in text.splitlines() if line.strip() and line[:4].lower() != "sep="]
    if max(map(len, lines), default=0) > MAX_CELL:
        raise too_many(path, Message("characters in a line"), MAX_CELL)
    return lines


def _close(log: CsvLog, header: list[str], rows: list[list[str]]) -> None:
    if rows:
        # Of equal names the last counts.
        places = {name: place for place, name in enumerate(header)}
        columns = {name: [row[at] if at < len(row) else None for row in rows] for name, at in places.items()}
        log.tables.append(pd.DataFrame(columns, dtype=object))


def _cells(line: str, separator: str) -> list[str]:
    try:
        return [unescaped(cell.strip()) for cell in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error:
        return []


def _header(cells: list[str]) -> list[str] | None:
    return cells if _LOSSES & {cell.casefold() for cell in cells} else None


def _columns(header: list[str], cells: list[str]) -> list[str] | None:
    """Name the cells of a row under a header that may be another training's."""
    if len(cells) <= len(header):
        return header  # Half a line, or a training without validation, whose columns Keras writes last.
    if not any(cells[len(header) :]):
        return header
    # Keras sorts the columns by name, epoch first: those of the validation follow those of the training.
    measured = [name for name in header if name != "epoch" and not name.startswith("val_")]
    rates = [name for name in measured if name in ("lr", "learning_rate")]
    metrics = [name for name in measured if name not in rates]
    if len(cells) == len(header) + len(metrics) and len(measured) == len([n for n in header if n != "epoch"]):
        return [*header, *(f"val_{name}" for name in metrics)]
    return None
