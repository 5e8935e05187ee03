"""What objects show of themselves in a notebook: small pieces of HTML with every text escaped and images inside.

Colours are the notebook's own, so that light and dark ones both are readable. In a terminal nothing changes: IPython
asks for these only where it can show them.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TypeVar

import numpy as np

from carvis.errors import CarvisError
from carvis.images import encode_image, resize
from carvis.language import _, n_

Shown = TypeVar("Shown")

# An output with all its images stays below 200 kB, or notebooks grow heavy.
IMAGE_BYTES = 120_000
_LONGEST = 80
_LINE = "1px solid rgba(128,128,128,.35)"
_CELL = f"padding:2px 12px 2px 0;border:none;border-bottom:{_LINE};background:none;vertical-align:top;"


def html_unless_damaged(show: Callable[[Shown], str]) -> Callable[[Shown], str | None]:
    """Let a function that describes an object return None, and so the object its text, where a file is damaged."""

    @functools.wraps(show)
    def described(shown_object: Shown) -> str | None:
        try:
            return show(shown_object)
        except (CarvisError, OSError):
            return None

    return described


def panel(title: str, *parts: str) -> str:
    """Put parts of HTML under a title."""
    head = f'<div style="font-weight:600;margin-bottom:4px">{_text(title)}</div>'
    return f'<div style="max-width:60em;line-height:1.4">{head}{"".join(parts)}</div>'


def line(text: object) -> str:
    """A sentence."""
    return f'<div style="margin:4px 0">{escape(str(text))}</div>'


def facts(values: Mapping[str, object]) -> str:
    """A table of names and values; one that is None or empty is skipped."""
    rows = [(name, value) for name, value in values.items() if value is not None and value != ""]
    cells = "".join(
        f'<tr style="background:none"><td style="{_CELL}text-align:left;opacity:.7">{_text(name)}</td>'
        f'<td style="{_CELL}text-align:left">{_text(value, 400)}</td></tr>'
        for name, value in rows
    )
    return f'<table style="border-collapse:collapse;border:none;margin:4px 0">{cells}</table>'


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], most: int = 12, total: int | None = None) -> str:
    """A table whose first column names the rows; more than ``most`` are cut, and their number is shown.

    Args:
        columns: headings.
        rows: of cells.
        most: rows shown.
        total: how many rows there are, where ``rows`` does not hold them all.
    """
    rows = list(rows)
    total = len(rows) if total is None else total
    heads = "".join(f'<th style="{_CELL}text-align:{_side(i)}">{_text(name)}</th>' for i, name in enumerate(columns))
    body = "".join(
        f'<tr style="background:none">{"".join(_cell(i, cell) for i, cell in enumerate(row))}</tr>'
        for row in rows[:most]
    )
    more = total - min(len(rows), most)
    rest = line(n_("… and {n} more row", "… and {n} more rows", more).format(n=f"{more:,}")) if more > 0 else ""
    begin = '<table style="border-collapse:collapse;border:none;margin:4px 0">'
    return f'{begin}<thead><tr style="background:none">{heads}</tr></thead><tbody>{body}</tbody></table>{rest}'


def _cell(place: int, value: object) -> str:
    return f'<td style="{_CELL}text-align:{_side(place)}">{_text(value)}</td>'


def _side(place: int) -> str:
    return "right" if place else "left"


def _text(value: object, longest: int = _LONGEST) -> str:
    text = str(value)
    return escape(text if len(text) <= longest else f"{text[: longest - 1]}…")


def image(
    array: np.ndarray, alt: str, *, width: int | None = None, sharp: bool = False, most: int = IMAGE_BYTES
) -> str:
    """An image, made coarser until it is small enough.

    Args:
        array: uint8 (H, W, 3) or (H, W, 1).
        alt: what it shows.
        width: in CSS pixels; its own by default.
        sharp: PNG, enlarged without smoothing: for maps whose cells should be seen.
        most: bytes.
    """
    data, kind = (encode_image(array, "PNG"), "png") if sharp else (b"", "jpeg")
    quality, small = 88, array
    while not data or (len(data) > most and min(small.shape[:2]) > 16):
        data, kind = encode_image(small, quality=quality), "jpeg"
        if len(data) > most:
            quality -= 20
        if quality < 40:
            half = tuple(max(1, side // 2) for side in small.shape[:2])
            quality, small = 80, resize(small, half, "area")
    return encoded(data, alt, kind, width=width or array.shape[1], sharp=sharp)


def encoded(data: bytes, alt: str, kind: str = "jpeg", *, width: int | None = None, sharp: bool = False) -> str:
    """An image of the bytes of a ``jpeg`` or ``png`` file."""
    style = "max-width:100%;height:auto;vertical-align:top;margin:2px 8px 2px 0"
    style += ";image-rendering:pixelated" if sharp else ""
    size = f' width="{int(width)}"' if width else ""
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
    return f'<img src="{source}" alt="{escape(alt)}" title="{escape(alt)}"{size} style="{style}">'


def beside(*parts: str) -> str:
    """Parts side by side, as far as there is room."""
    return f'<div style="display:flex;flex-wrap:wrap;gap:0 16px;align-items:flex-start">{"".join(parts)}</div>'


def names(values: Sequence[str], most: int = 12) -> str:
    """Join names into one text, cut after ``most``."""
    names = ", ".join(map(str, values[:most]))
    return names if len(values) <= most else _("{names} and {n} more").format(names=names, n=f"{len(values) - most:,}")


def percent(value: float | None) -> str:
    """``84.0 %``, or a dash where it is not known."""
    return "–" if value is None or value != value else f"{value:.1%}"
