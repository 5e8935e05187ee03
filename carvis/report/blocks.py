"""What a report is made of: sections of words, tables and pictures, none of which knows HTML."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from carvis.language import N_, _

_SPLITS = {"train": N_("train"), "valid": N_("valid"), "test": N_("test")}
Kind = Literal["plain", "good", "bad"]


@dataclass(frozen=True)
class Words:
    """A paragraph; ``strong`` for what a reader must not miss."""

    text: str
    strong: bool = False
    kind: str = "words"


@dataclass(frozen=True)
class Table:
    """A table whose cells are words already.

    Attributes:
        rows: one tuple of cells each; the first column names the row.
        columns: headings.
        caption: what it shows.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    kind: str = "table"


@dataclass(frozen=True)
class Badge:
    """Few words on a picture: right, wrong, or what a map is worth."""

    text: str
    tone: Kind = "plain"


@dataclass(frozen=True)
class Picture:
    """A picture with its finding in words.

    Attributes:
        data: bytes of the file.
        alt: what it shows, for those who do not see it.
        caption: below it.
        badges: on it.
        type: of ``data``, ``png`` or ``jpeg``.
    """

    data: bytes
    alt: str
    caption: str = ""
    badges: tuple[Badge, ...] = ()
    type: str = "png"
    kind: str = "picture"

    @property
    def address(self) -> str:
        """The picture as a data address, so that nothing lies outside the file."""
        return f"data:image/{self.type};base64,{base64.b64encode(self.data).decode('ascii')}"


@dataclass(frozen=True)
class Row:
    """Pictures side by side under a title."""

    pictures: tuple[Picture, ...]
    title: str = ""
    kind: str = "row"


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes:
        key: in the address, and its place in the table of contents.
        title: few words.
        answers: one sentence on what it answers.
        blocks: what it shows, in order.
        made: how its figures were made.
    """

    key: str
    title: str
    answers: str
    blocks: tuple = ()
    made: tuple[str, ...] = field(default=())


def table(frame: pd.DataFrame, caption: str = "") -> Table:
    """A table of words from a DataFrame of words; the index comes first where it has a name."""
    frame = frame.reset_index() if frame.index.name else frame
    rows = tuple(tuple(str(cell) for cell in row) for row in frame.itertuples(index=False))
    return Table(tuple(map(str, frame.columns)), rows, caption)


def split_word(split: str) -> str:
    """A split in the reader's language."""
    return _(_SPLITS.get(split, split))


def percent(value: float, digits: int = 1) -> str:
    """``84.0 %``, or a dash where it is not known."""
    return "–" if value is None or value != value else f"{value:.{digits}%}"


def interval(low: float, high: float) -> str:
    """``79.4 – 87.7 %``, or a dash."""
    return "–" if low != low or high != high else f"{100 * low:.1f} – {high:.1%}"
