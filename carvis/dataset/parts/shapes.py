"""Boxes, outlines and run lengths, drawn as masks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from carvis.dataset.parts.parts import check_number, same_shape
from carvis.errors import TableError
from carvis.language import Message

_SUBPIXEL = 4
NO_BOX = Message("has no left < right and top < bottom")


@dataclass(frozen=True)
class Box:
    """A rectangle between edges, in pixels from the upper left corner: a pixel is in it where its middle is."""

    left: float
    top: float
    right: float
    bottom: float

    def paint(self, mask: NDArray[np.bool_]) -> None:
        """Add its pixels to a mask of the image's size."""
        edges = (self.top, self.bottom, self.left, self.right)
        first_row, last_row, first_column, last_column = (max(0, int(np.ceil(edge - 0.5))) for edge in edges)
        mask[first_row:last_row, first_column:last_column] = True

    def scaled(self, down: float, across: float) -> "Box":
        """Return the box in an image resized by these factors."""
        return Box(self.left * across, self.top * down, self.right * across, self.bottom * down)

    def facts(self) -> list[object]:
        """What identifies the box, as JSON can hold it."""
        return ["box", self.left, self.top, self.right, self.bottom]


@dataclass(frozen=True)
class Outline:
    """A polygon of (x, y) points, in pixels from the upper left corner of the image."""

    points: tuple[tuple[float, float], ...]

    def paint(self, mask: NDArray[np.bool_]) -> None:
        """Add its pixels to a mask of the image's size."""
        # Drawn at a multiple of the size, so that a pixel is in it where its middle is: OpenCV fills the edge too.
        height, width = mask.shape
        factor = _SUBPIXEL if height * width < 4e6 else 1
        # Only its bounding box: thousands of small outlines on a large image would each cost the whole image.
        points = np.array(self.points)
        left, top = np.clip(np.floor(points.min(0)) - 1, 0, (width, height)).astype(int)
        right, bottom = np.clip(np.ceil(points.max(0)) + 1, 0, (width, height)).astype(int)
        if right <= left or bottom <= top:
            return
        canvas = np.zeros(((bottom - top) * factor, (right - left) * factor), np.uint8)
        # OpenCV counts in 32 bits.
        corners = np.clip(np.round(((points - (left, top)) * factor - 0.5) * 16), -(2**29), 2**29).astype(np.int32)
        cv2.fillPoly(canvas, [corners], 1, cv2.LINE_8, 4)
        middle = factor // 2
        mask[top:bottom, left:right] |= canvas[middle::factor, middle::factor].astype(bool)

    def scaled(self, down: float, across: float) -> "Outline":
        """Return the outline in an image resized by these factors."""
        return Outline(tuple((x * across, y * down) for x, y in self.points))

    def facts(self) -> list[object]:
        """What identifies the outline, as JSON can hold it."""
        return ["outline", *map(list, self.points)]


@dataclass(frozen=True)
class Runs:
    """Lengths of runs outside and inside the part by turns, down the columns of an image (COCO's uncompressed RLE)."""

    counts: tuple[int, ...]
    size: tuple[int, int]

    def paint(self, mask: NDArray[np.bool_]) -> None:
        """Add its pixels to a mask of the image's size, or of another."""
        values = np.arange(len(self.counts)) % 2 == 1
        own = np.repeat(values, self.counts).reshape(self.size[::-1]).T
        if own.shape != mask.shape:
            interpolation = cv2.INTER_NEAREST_EXACT
            own = cv2.resize(own.astype(np.uint8), mask.shape[::-1], interpolation=interpolation).astype(bool)
        mask |= own

    def scaled(self, down: float, across: float) -> "Runs":
        """Return the runs unchanged, whatever the factors."""
        return self  # Runs contain the size they were drawn at.

    def facts(self) -> list[object]:
        """What identifies the runs, as JSON can hold it."""
        return ["runs", *self.counts, *self.size]


Shape = Box | Outline | Runs


@dataclass(frozen=True)
class Annotated:
    """The shapes on one image.

    Attributes:
        shapes: (part, shape) pairs.
        size: the (height, width) they were drawn at, if it is known.
        source: the file's name.
        absent: the parts that a person did not see in the image: of what is neither drawn nor absent nothing is known.
            None where all that is not drawn is absent.
    """

    shapes: tuple[tuple[str, Shape], ...]
    size: tuple[int, int] | None
    source: str
    absent: frozenset[str] | None = None

    def fitted(self, size: tuple[int, int]) -> list[tuple[str, Shape]]:
        """Return the shapes on the image as it is now, which may have been made smaller or larger since.

        Raises:
            TableError: they were drawn on an image of another shape.
        """
        down = across = 1.0
        if self.size and self.size != size:
            down, across = size[0] / self.size[0], size[1] / self.size[1]
            # A smaller or larger image keeps its shape.
            if not same_shape(self.size, size):
                raise TableError(
                    Message(
                        "{source} was drawn on an image of {width} x {height} pixels, not of {image_width} x"
                        " {image_height}: annotate the image of this data set.",
                        source=self.source,
                        width=self.size[1],
                        height=self.size[0],
                        image_width=size[1],
                        image_height=size[0],
                    )
                )
        return [(part, shape.scaled(down, across)) for part, shape in self.shapes]

    def draw(self, size: tuple[int, int], rest: str | None = None) -> dict[str, NDArray[np.bool_]]:
        """Draw each part as a mask of an image's size, and what none of them covers under the name ``rest``.

        Raises:
            TableError: they were drawn on an image of another shape.
        """
        shapes = self.fitted(size)
        check_number({part for part, _ in shapes}, self.source)
        masks: dict[str, NDArray[np.bool_]] = {}
        for part, shape in shapes:
            if part not in masks:
                masks[part] = np.zeros(size, bool)
            shape.paint(masks[part])
        if rest:
            masks[rest] = ~np.logical_or.reduce([*masks.values(), np.zeros(size, bool)])
        return masks


class Annotations(NamedTuple):
    """What a file or folder of annotations holds: the shapes by sample id, part names in order, notes on problems."""

    shapes: dict[str, Annotated]
    names: list[str]
    notes: list[Message]


def bounding_box(shape: Shape) -> Box:
    """Return the smallest box around a shape.

    Raises:
        TableError: it holds no pixel.
    """
    if isinstance(shape, Box):
        return shape
    if isinstance(shape, Outline):
        across, down = zip(*shape.points)
        return Box(min(across), min(down), max(across), max(down))
    mask = np.zeros(shape.size, bool)
    shape.paint(mask)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        raise TableError(Message("A shape holds no pixel."))
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def box_between(values: Sequence[float]) -> Box:
    """Make a box of left, top, right, bottom.

    Raises:
        ValueError: they are not four finite numbers in order.
    """
    left, top, right, bottom = (float(value) for value in values)
    if not np.isfinite([left, top, right, bottom]).all() or right <= left or bottom <= top:
        raise ValueError(NO_BOX)
    return Box(left, top, right, bottom)
