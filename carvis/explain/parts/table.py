"""Boxes in a CSV table, whatever its columns are called."""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from carvis.errors import TableError
from carvis.evaluation.lenient_csv import read_lenient_csv, read_text, share_known
from carvis.explain.parts.matching import Pictures
from carvis.explain.parts.shapes import Annotated, Box, box_between
from carvis.language import Message

_PICTURE = ("id", "path", "filename", "file_name", "file", "image", "image_path", "picture", "sample")
_PART = ("part", "label", "class", "name", "category")
_CORNERS = (
    ("x1", "xmin", "x_min", "left"),
    ("y1", "ymin", "y_min", "top"),
    ("x2", "xmax", "x_max", "right"),
    ("y2", "ymax", "y_max", "bottom"),
)
_ORIGIN = (("x", "left", "x1", "xmin"), ("y", "top", "y1", "ymin"))
_EXTENT = (("width", "w"), ("height", "h"))


def read_boxes(
    path: Path, pictures: Pictures, encoding: str | None = None
) -> tuple[dict[str, Annotated], list[str], list[str]]:
    """Read a table of boxes: annotations by sample id, part names in the order they appear, sentences.

    Coordinates are pixels of the original picture, from its upper left corner; the far edges are not in the box.

    Raises:
        TableError: no column of pictures, parts or corners, coordinates that are shares, or no row that can be used.
    """
    table = read_lenient_csv(
        path, _picture_column(path, encoding), encoding,
        lambda read: share_known((cell for row in read.rows for cell in row), pictures.knows),
    )  # fmt: skip
    columns = {name.casefold(): place for place, name in reversed(list(enumerate(table.header)))}
    picture, part = _first(columns, _PICTURE), _first(columns, _PART)
    corners = [_first(columns, names) for names in _CORNERS]
    extent = [_first(columns, names) for names in _EXTENT]
    sized = None not in corners and None not in extent
    if None in corners:
        corners = [*(_first(columns, names) for names in _ORIGIN), *extent]
    if part is None or None in corners:
        wanted = "part, x1, y1, x2, y2" if part is not None else "part"
        raise TableError(
            Message(
                "{path} lacks a column ({wanted}): its first line is {value}.",
                path=path,
                wanted=wanted,
                value=", ".join(table.header)[:80],
            )
        )

    numbers = [[_number(row[place]) for place in corners] for row in table.rows]
    told, wrong = list(table.problems), 0
    flat = [value for four in numbers for value in four if value is not None]
    if flat and max(flat) <= 1:
        raise TableError(
            Message("{path} gives boxes as shares of the picture: multiply them by its width and height.", path=path)
        )
    found: dict[str, list[tuple[str, Box]]] = {}
    sizes: dict[str, tuple[int, int] | None] = {}
    for row, four in zip(table.rows, numbers):
        sample = pictures.find(row[picture])
        if sample is None:
            continue
        try:
            if extent == corners[2:]:
                four = [four[0], four[1], four[0] + four[2], four[1] + four[3]]
            box = box_between(four)
        except (TypeError, ValueError):
            wrong += 1
            continue
        found.setdefault(sample, []).append((row[part].strip() or "part", box))
        sizes[sample] = _size(row, extent) if sized else None
    if wrong:
        told.append(
            Message.of_number(
                "{n} row of {file} holds no box: give left < right and top < bottom.",
                "{n} rows of {file} hold no box: give left < right and top < bottom.",
                wrong,
                file=path.name,
            )
        )
    annotated = {sample: Annotated(tuple(boxes), sizes[sample], path.name) for sample, boxes in found.items()}
    counts = Counter(name for one in annotated.values() for name, _ in one.shapes)
    return annotated, list(counts), told


def _picture_column(path: Path, encoding: str | None) -> str:
    text = read_text(path, encoding)
    lines = [line for line in text.splitlines() if line.strip() and not line.lower().startswith("sep=")]
    cells = [cell.strip().strip('"').casefold() for cell in re.split("[,;\t]", lines[0])] if lines else []
    return next((name for name in _PICTURE if name in cells), "path")


def _first(columns: dict[str, int], names: tuple[str, ...]) -> int | None:
    return next((columns[name] for name in names if name in columns), None)


def _number(text: str) -> float | None:
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _size(row: list[str], extent: list[int]) -> tuple[int, int] | None:
    width, height = (_number(row[place]) for place in extent)
    return (int(height), int(width)) if width and height and width > 0 and height > 0 else None
