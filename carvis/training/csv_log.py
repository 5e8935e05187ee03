"""The trainings in a ``CSVLogger`` file: appended to each other, cut off, with or without a header of their own."""

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from carvis.errors import TableError
from carvis.language import Message
from carvis.tables import text_of

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
    lines = [line for line in text.splitlines() if line.strip() and not line.lower().startswith("sep=")]
    separator = max(_SEPARATORS, key=lambda one: len(_header(_cells(lines[0], one)) or ()) if lines else 0)
    if not lines or _header(_cells(lines[0], separator)) is None:
        raise TableError(
            Message("{path} has no column loss: name the history of a Keras training.", path=path),
        )
    log, columns, rows, skipped = CsvLog(), [], [], 0
    for line in lines:
        cells = _cells(line, separator)
        if header := _header(cells):
            _close(log, rows)
            columns, rows = header, []
            continue
        named = _columns(columns, cells)
        if named is None:
            skipped += 1
            continue
        rows.append(dict(zip(named, cells)))
    _close(log, rows)
    if skipped:
        log.notes.append(
            Message.of_number(
                "{n} line of {path} was skipped: it has other cells than the header names.",
                "{n} lines of {path} were skipped: they have other cells than the header names.",
                skipped,
                path=path.name,
            )
        )
    return log


def _close(log: CsvLog, rows: list[dict[str, str]]) -> None:
    if rows:
        log.tables.append(pd.DataFrame(rows))


def _cells(line: str, separator: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=separator), [])]


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
