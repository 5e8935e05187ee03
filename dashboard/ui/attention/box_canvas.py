"""The canvas on which a person draws boxes: a component of ours.

Plotly's box selection would select and not draw, keeps no boxes to move, and has no touch; the page would need Plotly
for it alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from carvis.dataset.parts import Box, PartBox
from ui.state.widget_values import careful

_FOLDER = Path(__file__).parent
_MOST = 1_000
# Changes that a browser may have pending.
_MOST_CHANGES = 200


@dataclass(frozen=True)
class Change:
    """A change that a person made on the canvas.

    Attributes:
        number: counts the changes of a browser.
        sample: the image.
        before, boxes: all boxes on it before and after.
    """

    number: int
    sample: str
    before: tuple[PartBox, ...]
    boxes: tuple[PartBox, ...]


@cache
def _file(suffix: str) -> str:
    return (_FOLDER / f"box_canvas.{suffix}").read_text(encoding="utf-8")


def draw(content: dict[str, Any], key: str, take: Callable[[list[Change]], None]) -> None:
    """Draw the canvas.

    Args:
        content: what ``box_canvas.js`` reads: ``image`` (a data URL), ``alt``, ``sample``, ``width`` and ``height`` of
            the image itself, ``part``, ``boxes``, ``proposals``, ``colours`` by part, ``words``, and ``number`` of the
            last change that is kept.
        key: of the component.
        take: called with the changes that may not be kept yet, in order.
    """

    def changed() -> None:
        value = st.session_state[key].get("change")
        if value is not None:
            take(changes_in(value))

    component = st.components.v2.component("carvis_boxes", html=_file("html"), css=_file("css"), js=_file("js"))
    component(key=key, data=content, on_change_change=careful(changed))


def listed(boxes: tuple[PartBox, ...] | list[PartBox]) -> list[dict[str, Any]]:
    """Return boxes as the browser takes them."""
    return [{"part": part, "edges": [box.left, box.top, box.right, box.bottom]} for part, box in boxes]


def changes_in(value: object) -> list[Change]:
    """Return the changes that the browser hands over, without what is damaged."""
    entries = value.get("changes") if isinstance(value, dict) else None
    changes = []
    for entry in entries[:_MOST_CHANGES] if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or type(entry.get("number")) is not int:
            continue
        sample, before, boxes = entry.get("sample"), _boxes(entry.get("before")), _boxes(entry.get("boxes"))
        if isinstance(sample, str) and before is not None and boxes is not None:
            changes.append(Change(entry["number"], sample, before, boxes))
    return changes


def _boxes(value: object) -> tuple[PartBox, ...] | None:
    if not isinstance(value, list) or len(value) > _MOST:
        return None
    boxes = []
    for entry in value:
        part, edges = (entry.get("part"), entry.get("edges")) if isinstance(entry, dict) else (None, None)
        numbers = isinstance(edges, list) and len(edges) == 4 and all(map(_is_number, edges))
        if not isinstance(part, str) or not isinstance(edges, list) or not numbers:
            return None
        boxes.append(PartBox(part, Box(*(round(edge) for edge in edges))))
    return tuple(boxes)


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) < 1e9
