"""Annotations that cannot be used: why, how many, and which is the first."""

import math
from typing import Any

from carvis.dataset.parts.shapes import Box, Runs, Shape
from carvis.language import Message
from carvis.tables.limits import MAX_SHAPES_OF_AN_IMAGE

MAX_COORDINATE = 1_000_000
NO_NUMBER = Message("has a coordinate that is not a number or beyond {most}", most=f"{MAX_COORDINATE:,}")
OUTSIDE = Message("lies outside its image")
TOO_MANY_SHAPES = Message("is one more than the {most} that an image may have", most=f"{MAX_SHAPES_OF_AN_IMAGE:,}")


class InvalidEntries:
    """Counts what cannot be used of one file by its reason.

    Args:
        file: its name.
    """

    def __init__(self, file: str):
        self.file = file
        self._count: dict[Message, int] = {}
        self._first: dict[Message, int] = {}

    def add(self, reason: Message, place: int) -> None:
        """Count one more.

        Args:
            reason: a sentence without its subject, one of few.
            place: its number in its list, from 0.
        """
        self._count[reason] = self._count.get(reason, 0) + 1
        self._first.setdefault(reason, place)

    def notes(self) -> list[Message]:
        """Say how many entries cannot be used and why, one sentence for each reason."""
        return [
            Message.of_number(
                "{n} entry of {file} could not be used, since it {why} (number {first} of its list): correct it.",
                "{n} entries of {file} could not be used, since each {why} (the first is number {first} of its list):"
                " correct them.",
                n,
                file=self.file,
                why=reason,
                first=self._first[reason] + 1,
            )
            for reason, n in self._count.items()
        ]


def number(value: Any) -> float:
    """Return a coordinate.

    Raises:
        ValueError: it is none that an image can have.
    """
    try:
        coordinate = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        raise ValueError(NO_NUMBER) from None
    if not abs(coordinate) <= MAX_COORDINATE:
        raise ValueError(NO_NUMBER)
    return coordinate


def inside(shape: Shape, size: tuple[int, int] | None) -> Shape:
    """Return a shape of which some lies in its image.

    Args:
        shape: in pixels of the image.
        size: (height, width) of the image; None where it is not known.

    Raises:
        ValueError: it lies outside.
    """
    if isinstance(shape, Runs):
        return shape
    height, width = size or (math.inf, math.inf)
    if isinstance(shape, Box):
        left, top, right, bottom = shape.left, shape.top, shape.right, shape.bottom
    else:
        across, down = zip(*shape.points)
        left, top, right, bottom = min(across), min(down), max(across), max(down)
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        raise ValueError(OUTSIDE)
    return shape
