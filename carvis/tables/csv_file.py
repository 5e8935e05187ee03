"""Writing CSV that no spreadsheet runs: a text that could be a formula begins with an apostrophe, which reading drops.

Excel, LibreOffice and Google Sheets evaluate a cell that begins with one of a few signs, whether it is quoted or not
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import csv
import datetime
import numbers
import re
from collections.abc import Iterable, Sequence
from typing import IO, cast

import numpy as np
import pandas as pd

# The signs that begin a formula, those of full width that Japanese spreadsheets take for them, and small ones.
_SIGNS = "=+\\-@＝＋－＠﹦﹢﹣﹫−"
# What nobody sees before a sign: spaces, controls, zero-width characters, marks of order and direction.
_UNSEEN = (
    "\\x00-\\x08\\x0b\\x0c\\x0e-\\x20\\x7f-\\xa0\\xad\\u034f\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180e"
)
_UNSEEN += "\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff9-\\ufffb"
# A formula may begin where a spreadsheet begins a cell: at the start, and, where it separates cells by semicolons or
# tabs and so does not heed the quotation marks, after those and after the end of a line.
_PLACE = re.compile(f"(?<![^;\\t\\r\\n])('*+)(?=[{_UNSEEN}]*+[{_SIGNS}])|^('*+)(?=[\\t\\r\\n])")
_TELLING = re.compile(f"[{_SIGNS}\\t\\r\\n]")


def escaped(text: str) -> str:
    """Return a text as it stands in a CSV file: with one apostrophe more wherever a formula could begin.

    >>> escaped("=1+1"), escaped("'=1+1"), escaped("Golf-7")
    ("'=1+1", "''=1+1", 'Golf-7')
    """
    return _PLACE.sub(_more, text) if _TELLING.search(text) else text


def unescaped(cell: str) -> str:
    """Return the text that ``escaped`` made a cell of; a cell that it cannot have made stays as it is.

    >>> unescaped("'=1+1"), unescaped("'s-Hertogenbosch")
    ('=1+1', "'s-Hertogenbosch")
    """
    return _PLACE.sub(_fewer, cell) if "'" in cell else cell


def _more(match: re.Match[str]) -> str:
    return f"{match[0]}'"


def _fewer(match: re.Match[str]) -> str:
    return match[0][1:]


def to_csv(
    table: pd.DataFrame | Iterable[Sequence[object]],
    header: Sequence[str] | None = None,
    *,
    index: bool = False,
    line_end: str = "\n",
) -> str:
    """Write a table as CSV in which no text cell, heading or index label is a formula; numbers stay numbers.

    Args:
        table: a table of pandas, or rows of cells.
        header: the headings of rows.
        index: whether a table's index is written, too.
        line_end: what ends a row.
    """
    if not isinstance(table, pd.DataFrame):
        rows = table if header is None else [header, *table]
        lines = _Lines(line_end)
        csv.writer(lines, lineterminator="\r\n").writerows(map(_cells, rows))
        return "".join(lines.written)
    safe = table.copy(deep=False)
    for place in range(table.shape[1]):
        column = table.iloc[:, place]
        if (safe_column := _column(column)) is not column:
            safe.isetitem(place, safe_column.array)
    safe.index, safe.columns = _labels(table.index), _labels(table.columns)
    lines = _Lines(line_end)
    safe.to_csv(cast(IO[str], lines), index=index, lineterminator="\r\n")
    return "".join(lines.written)


class _Lines:
    r"""Takes the rows of a CSV writer and ends them otherwise.

    The writer quotes the characters of its own line ends alone, so that with ``\n`` a ``\r`` in a cell would part it.
    """

    def __init__(self, line_end: str):
        self.written: list[str] = []
        self._end = line_end

    def write(self, text: str) -> int:
        self.written.append(text.removesuffix("\r\n") + self._end if text.endswith("\r\n") else text)
        return len(text)


def _cells(row: Sequence[object]) -> list[object]:
    return [_cell(cell) for cell in row]


def _cell(cell: object) -> object:
    if isinstance(cell, str):
        return escaped(cell)
    plain = cell is None or isinstance(cell, numbers.Number | np.generic | datetime.date | datetime.timedelta)
    # Paths, tuples and whatever else is written by its text.
    return cell if plain or cell is pd.NaT or cell is pd.NA else escaped(str(cell))


def _column(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column
    cells = column.to_numpy(object)
    safe = [_cell(cell) for cell in cells]
    if all(written is other for written, other in zip(safe, cells)):
        return column
    values = np.empty(len(safe), object)
    values[:] = safe
    return pd.Series(values, index=column.index, dtype=object)


def _labels(labels: pd.Index) -> pd.Index:
    names = [None if name is None else _cell(name) for name in labels.names]
    if isinstance(labels, pd.MultiIndex):
        flat = labels.to_flat_index()
        return pd.MultiIndex.from_tuples([tuple(map(_cell, label)) for label in flat], names=names)
    if pd.api.types.is_numeric_dtype(labels.dtype) or isinstance(labels, pd.DatetimeIndex | pd.RangeIndex):
        return labels.rename(names[0])
    return pd.Index([_cell(label) for label in labels], dtype=object, name=names[0])
