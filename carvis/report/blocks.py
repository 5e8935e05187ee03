"""What a report is made of: sections of words, tables and images, none of which knows HTML."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypedDict, Unpack

import pandas as pd

from carvis.language import N_, _

_SPLITS = {"train": N_("train"), "valid": N_("valid"), "test": N_("test")}
Kind = Literal["plain", "good", "bad"]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``quiet`` for what explains how to read the next block."""

    text: str
    quiet: bool = False
    kind: str = "paragraph"


@dataclass(frozen=True)
class Heading:
    """A title within a section."""

    text: str
    kind: str = "heading"


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    lines: tuple[str, ...]
    kind: str = "points"


@dataclass(frozen=True)
class Range:
    """A cell of a table that draws a share with its confidence interval.

    Attributes:
        value, low, high: in 0..1.
        start: the share at the left end of the scale, the same in all rows; the right end is 1.
        text: what the drawing says.
    """

    value: float
    low: float
    high: float
    start: float
    text: str

    def place(self, share: float) -> float:
        """Where a share lies on a scale 100 units wide."""
        return round(100 * min(max((share - self.start) / (1 - self.start), 0.0), 1.0), 2)


@dataclass(frozen=True)
class Share:
    """A cell of a table that draws a share as a bar, beside a mark.

    Attributes:
        value, mark: in 0..1; the bar's length, and a line to hold it against.
        end: the share at the right end of the scale, the same in all rows.
        text: beside the bar.
    """

    value: float
    mark: float
    end: float
    text: str

    def place(self, share: float) -> float:
        """Where a share lies on a scale 60 units wide."""
        return round(60 * min(max(share / self.end, 0.0), 1.0), 2) if share == share else 0.0


Cell = str | Range | Share


class Layout(TypedDict, total=False):
    """How a table is laid out, as attributes of ``Table``."""

    beside: int
    texts: int
    strong: tuple[int, ...]


@dataclass(frozen=True)
class Table:
    """A table whose cells are words already.

    Attributes:
        columns: headings.
        rows: one tuple of cells each, words, ``Range`` or ``Share``; the first column names the row.
        caption: what it shows.
        beside: into how many tables side by side the rows are dealt, so that a long narrow one stays compact.
        texts: how many of the first columns hold words, set to the left; the others are numbers.
        strong: places of rows to set in bold.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    beside: int = 1
    texts: int = 1
    strong: tuple[int, ...] = ()
    kind: str = "table"

    @property
    def pieces(self) -> list[list[tuple[int, tuple[Cell, ...]]]]:
        """The rows of each of the tables side by side, with their places."""
        rows = list(enumerate(self.rows))
        length = max(1, -(-len(rows) // self.beside))
        return [rows[start : start + length] for start in range(0, max(len(rows), 1), length)]


@dataclass(frozen=True)
class Badge:
    """Few words on an image: right, wrong, or what a heatmap is worth."""

    text: str
    tone: Kind = "plain"


@dataclass(frozen=True)
class Image:
    """An image with its finding in words.

    Attributes:
        data: bytes of the file.
        alt: what it shows, for those who do not see it.
        caption: below it; ``note`` quieter below that.
        badges: on it.
        type: of ``data``, ``png`` or ``jpeg``.
    """

    data: bytes
    alt: str
    caption: str = ""
    note: str = ""
    badges: tuple[Badge, ...] = ()
    type: str = "png"
    kind: str = "image"

    @property
    def address(self) -> str:
        """The image as a data address, so that nothing lies outside the file."""
        return f"data:image/{self.type};base64,{base64.b64encode(self.data).decode('ascii')}"

    @property
    def width(self) -> int:
        """Of a figure (PNG, 120 dots an inch) in CSS pixels (96 an inch), so that its words keep their size."""
        return round(int.from_bytes(self.data[16:20], "big") * 96 / 120)


@dataclass(frozen=True)
class Row:
    """Images side by side, never parted by the end of a page.

    Attributes:
        images: from left to right.
        title: above them.
        across: how many fill the width of the page.
    """

    images: tuple[Image, ...]
    title: str = ""
    across: int = 4
    kind: str = "row"


@dataclass(frozen=True)
class Groups:
    """Small rows, as many beside each other as fit."""

    rows: tuple[Row, ...]
    kind: str = "groups"


Block = Paragraph | Heading | Points | Table | Image | Row | Groups


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes:
        key: in the address, and its place in the table of contents.
        title: few words.
        question: the one that it answers.
        blocks: what it shows, in order.
        method_notes: how its figures were made, listed at the end of the report.
    """

    key: str
    title: str
    question: str
    blocks: tuple[Block, ...] = ()
    method_notes: tuple[str, ...] = field(default=())


# A heading with the cells below it.
Column = tuple[str, Iterable[object]]


def table(frame: pd.DataFrame, caption: str = "", **layout: Unpack[Layout]) -> Table:
    """A table of a DataFrame of words; the index comes first where it has a name. ``layout`` as ``Table``."""
    columns: list[Column] = [(str(frame.index.name), frame.index)] if frame.index.name else []
    columns += [(str(name), column.tolist()) for name, column in frame.items()]
    return columns_table(columns, caption, **layout)


def columns_table(columns: Iterable[Column], caption: str = "", **layout: Unpack[Layout]) -> Table:
    """A table of (heading, cells) columns; two may have the same heading, as a model may be called ``images``."""
    headings, cells = zip(*columns)
    rows = zip(*([_cell(cell) for cell in column] for column in cells), strict=True)
    return Table(tuple(headings), tuple(rows), caption, **layout)


def _cell(cell: object) -> Cell:
    return cell if isinstance(cell, Range | Share) else str(cell)


def shortened(name: str, most: int = 24) -> str:
    """A file name without its middle, where it is too long for the room below a small image."""
    return name if len(name) <= most else f"{name[: most // 3]}…{name[-(most - most // 3 - 1) :]}"


def split_name(split: str) -> str:
    """A split in the reader's language."""
    return _(_SPLITS.get(split, split))


def percent(value: float | None, digits: int = 1) -> str:
    """``84.0 %``, or a dash where it is not known."""
    return "–" if value is None or value != value else f"{value:.{digits}%}"


def interval(low: float, high: float) -> str:
    """``79.4 – 87.7 %``, or a dash."""
    return "–" if low != low or high != high else f"{100 * low:.1f} – {high:.1%}"


def scale_start(lows: list[float]) -> float:
    """Where a scale of shares that ends at 1 begins, so that it holds these: at 0, or at a whole tenth above a half."""
    lowest = int(min((low for low in lows if low == low), default=0.0) * 10) / 10
    return min(lowest, 0.9) if lowest >= 0.5 else 0.0
