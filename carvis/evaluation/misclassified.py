"""Tables of misclassified images: any df2.csv, carvis's own or one written on another machine years ago."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.errors import TableError
from carvis.language import Message
from carvis.tables.image_index import ImageIndex, Match
from carvis.tables.lenient_csv import LenientTable, read_lenient_csv, share_known
from carvis.workspace import resolved

COLUMNS = ["id", "path", "label", "predicted", "confidence", "status"]

_LABEL = ("true", "label", "true_label", "true label", "y_true", "truth", "actual", "正解", "正解ラベル")
_PREDICTED = ("pred", "predicted", "prediction", "pred_label", "predicted_label", "y_pred", "予測", "予測ラベル")
_CONFIDENCE = ("confidence", "conf", "probability", "prob", "確信度", "確率")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,17})?(?:[eE][+-]?[0-9]{1,2})?")


def read_misclassified(
    path: str | Path, roots: Iterable[str | Path] | str | Path, encoding: str | None = None
) -> pd.DataFrame:
    """Read a table of misclassified images and find each image below `roots`.

    Only the column PATH is needed, in any case; the separator, the encoding and the direction of slashes are
    detected. PATH may be absolute or relative, written on any machine: the longest end of it that matches an image
    below the roots counts, at least the class folder and the file name (a bare file name where that is all PATH holds).

    Args:
        path: the table.
        roots: folders that hold the images, for example a data set or the folder of all data sets. Images outside
            them are never opened.
        encoding: the table's encoding. Where None, of those that the bytes allow the one counts in which the table
            names most images and folders below the roots, else the most plausible one.

    Returns:
        One row a row of the table, in its order: id; path (absolute; only where found); label (the column TRUE or a
        common other name, else the class folder); predicted; confidence (0..1, NaN where unknown); status (found,
        missing, outside: it lies outside the roots, ambiguous: several images match equally well); then the table's
        own columns (one whose name is among ours gets " (file)" after it). `attrs["problems"]` lists, in sentences,
        lines that were skipped and other things to know; `attrs["encoding"]` is the one that the table was read in.

    Raises:
        TableError: no such file, not a text table, empty, or no column PATH.
    """
    roots = [roots] if isinstance(roots, str | Path) else list(roots)
    index = ImageIndex(roots)
    table = read_lenient_csv(path, "PATH", encoding, lambda read: share_known(_cells(read), index.match_score))
    if not table.rows and table.problems:
        raise TableError(
            Message(
                "{path} has no readable row ({reason}): repair or write it again.",
                path=path,
                reason=table.problems[0].rstrip("."),
            )
        )
    problems = table.problems + [
        Message("There is no folder {root}.", root=root) for root in roots if not os.path.isdir(root)
    ]

    cells = dict(zip(table.header, zip(*table.rows))) if table.rows else dict.fromkeys(table.header, ())
    named, unclear = _find_columns(table)
    problems += unclear
    matches = _matches(table, table.header.index(named["path"]), index, [resolved(path).parent, Path.cwd()])
    nothing = [None] * len(matches)
    labels = cells[named["label"]] if "label" in named else nothing
    predicted = cells[named["predicted"]] if "predicted" in named else nothing
    confidence = cells[named["confidence"]] if "confidence" in named else nothing
    values = [_confidence(text) for text in confidence]
    if "confidence" in named:
        problems += _unknown_confidences(table, named["confidence"], values)
    standard = {
        "id": [match.id for match in matches],
        "path": [match.file for match in matches],
        "label": [(text or "").strip() or match.label for text, match in zip(labels, matches)],
        "predicted": [(text or "").strip() or None for text in predicted],
        "confidence": pd.Series(values, dtype="float64"),
        "status": [match.status for match in matches],
    }
    original = {f"{name} (file)" if name in COLUMNS else name: _typed(values) for name, values in cells.items()}
    frame = pd.DataFrame({**standard, **original})
    guessed = sum(match.guessed and not (text or "").strip() for text, match in zip(labels, matches))
    if guessed:
        problems.append(
            Message.of_number(
                "{n} path has no train, valid or test folder: its folder's name is used as the label.",
                "{n} paths have no train, valid or test folder: their folders' names are used as labels.",
                guessed,
            )
        )
    repeated = int(frame["id"].duplicated().sum())
    if repeated:
        problems.append(
            Message.of_number(
                "{n} row repeats the image of an earlier row.",
                "{n} rows repeat the image of an earlier row.",
                repeated,
            )
        )
    frame.attrs["problems"] = problems
    frame.attrs["encoding"] = table.encoding
    return frame


def _matches(table: LenientTable, column: int, index: ImageIndex, bases: list[Path]) -> list[Match]:
    match = cache(partial(index.match, bases=tuple(bases)))
    by_carvis = {"margin", "id"} <= {name.casefold() for name in table.header}
    matches = []
    for i, row in enumerate(table.rows):
        text = row[column]
        raw_path = table.as_written.get((i, column))
        # In another program's table an apostrophe before a sign may be the file's own.
        if raw_path is not None and not by_carvis and match(raw_path).status == "found":
            text = raw_path
        matches.append(match(text))
    return matches


def _unknown_confidences(table: LenientTable, column: str, values: list[float]) -> list[Message]:
    place = table.header.index(column)
    wrong = [i for i, value in enumerate(values) if value != value and table.rows[i][place].strip()]
    if not wrong:
        return []
    return [
        Message.of_number(
            "{n} confidence is not between 0 and 1 (first in line {line}) and was ignored.",
            "{n} confidences are not between 0 and 1 (first in line {line}) and were ignored.",
            len(wrong),
            line=table.lines[wrong[0]],
        )
    ]


def _cells(table: LenientTable) -> Iterable[str]:
    """The cells of a table, those of the column PATH first: they say most about its encoding."""
    place = [name.casefold() for name in table.header].index("path")
    yield from (row[place] for row in table.rows)
    yield from (cell for row in table.rows for i, cell in enumerate(row) if i != place)


def _find_columns(table: LenientTable) -> tuple[dict[str, str], list[Message]]:
    """Which of the table's columns hold path, label, predicted and confidence, and which choices are unclear."""
    folded = [(name.casefold(), name) for name in table.header]
    unclear: list[Message] = []
    columns = {"path": next(name for key, name in folded if key == "path")}
    for column, names in (("label", _LABEL), ("predicted", _PREDICTED), ("confidence", _CONFIDENCE)):
        standard = [name for key, name in folded if key == names[0]]
        candidates = standard or [name for key, name in folded if key in names]
        if len(candidates) == 1:
            columns[column] = candidates[0]
        elif candidates:
            unclear.append(
                Message(
                    "Several columns ({columns}) could be {name}: all were ignored.",
                    columns=", ".join(candidates),
                    name=names[0].upper(),
                )
            )
    return columns, unclear


@lru_cache(100_000)
def _confidence(text: str | None) -> float:
    try:
        text = (text or "nan").strip().replace(",", ".")
        value = float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return float("nan")
    return value if 0 <= value <= 1 else float("nan")


def _typed(values: tuple[str, ...]) -> NDArray[Any]:
    """Numbers as numbers where nothing is lost (a leading zero is), else the text as it stands."""
    if any(values) and all(not value or _NUMBER.fullmatch(value) for value in values):
        # Without pandas' own ways with a column: a table may have thousands of them.
        return pd.to_numeric(np.array([value or None for value in values], object))
    return np.array(values, object)
