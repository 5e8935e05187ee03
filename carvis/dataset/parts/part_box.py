"""What a person drew on one image: boxes with the names of parts, and the parts that are not visible."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from carvis.dataset.parts.parts import REST
from carvis.dataset.parts.shapes import Box
from carvis.errors import TableError
from carvis.language import Message

LONGEST_PART = 40


class PartBox(NamedTuple):
    """A box with the name of its part."""

    part: str
    box: Box


@dataclass(frozen=True)
class ImageParts:
    """What was drawn on one image; of a part that is neither drawn nor absent, nobody has said anything yet.

    Attributes:
        boxes: in pixels of the upright image; several may have one part.
        absent: the parts that are not visible.
        size: (height, width) of the upright image.
        sha256: of the image's file.
    """

    boxes: tuple[PartBox, ...]
    absent: frozenset[str]
    size: tuple[int, int]
    sha256: str

    @property
    def visible(self) -> frozenset[str]:
        """The parts that have a box."""
        return frozenset(part for part, _ in self.boxes)

    @property
    def annotated(self) -> frozenset[str]:
        """The parts that were drawn or marked as not visible."""
        return self.visible | self.absent


def part_name(text: str) -> str:
    """Return the name of a part as it is kept: composed characters, single spaces, 1 to 40 printable characters.

    Raises:
        TableError: nothing is left, it is too long, it cannot be printed, or it is the name of what no part covers.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 0 < len(name) <= LONGEST_PART or not name.isprintable() or name.casefold() == REST:
        raise TableError(
            Message(
                "{name!r} cannot be the name of a part: use 1 to {most} printable characters, and not {rest!r}.",
                name=name[:LONGEST_PART],
                most=LONGEST_PART,
                rest=REST,
            )
        )
    return name


def part_names(images: Mapping[str, ImageParts]) -> list[str]:
    """Return the names of the parts in some images, those that have boxes first."""
    ordered = [images[sample] for sample in sorted(images)]
    drawn = (part for image in ordered for part, _ in image.boxes)
    marked = (part for image in ordered for part in sorted(image.absent))
    return list(dict.fromkeys((*drawn, *marked)))


def whole_box(box: Box, size: tuple[int, int]) -> Box:
    """Return a box in whole pixels, cut at the edges of its image.

    Args:
        box: in pixels.
        size: (height, width) of the image.

    Raises:
        TableError: no pixel of the image is left, or it has no numbers.
    """
    height, width = size
    edges = (box.left, box.top, box.right, box.bottom)
    # NaN and infinity fail the comparison.
    if all(abs(edge) < 1e9 for edge in edges):
        left, right = (min(max(round(edge), 0), width) for edge in (box.left, box.right))
        top, bottom = (min(max(round(edge), 0), height) for edge in (box.top, box.bottom))
        if left < right and top < bottom:
            return Box(left, top, right, bottom)
    raise TableError(
        Message(
            "The box {box} holds no pixel of its image ({width} x {height}).",
            box=", ".join(f"{edge:g}" for edge in edges),
            width=width,
            height=height,
        )
    )


def merged_change(
    stored: ImageParts | None, before: ImageParts | None, boxes: Iterable[PartBox], absent: Iterable[str]
) -> tuple[tuple[PartBox, ...], frozenset[str]]:
    """Apply what changed since ``before`` to what is stored now, which another window may have changed meanwhile.

    Args:
        stored: what is kept now.
        before: what the person started from.
        boxes, absent: what the person has now.

    Returns:
        The boxes, those kept before first, and the parts that are not visible: none of them has a box.
    """
    mine, marks = tuple(dict.fromkeys(boxes)), frozenset(absent)
    old = set(before.boxes) if before else set()
    kept = stored.boxes if stored else ()
    deleted = old - set(mine)
    merged = [box for box in kept if box not in deleted]
    merged += [box for box in mine if box not in old and box not in merged]
    old_marks = before.absent if before else frozenset()
    kept_marks = stored.absent if stored else frozenset()
    marked = (kept_marks - (old_marks - marks)) | (marks - old_marks)
    return tuple(merged), marked - {part for part, _ in merged}
