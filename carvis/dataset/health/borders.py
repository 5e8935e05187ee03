"""Bars and frames of one colour around what an image shows, which say nothing about it."""

import numpy as np

from carvis.dataset.health.backgrounds import BLACK, LEAST

# By how much a pixel may differ from a frame's colour in any channel; JPEG leaves a little beside an edge.
TOLERANCE = 20
# Share of a frame's line that may differ, such as dust or JPEG artefacts.
_STRAY = 0.02
# A frame ends at a straight edge: this share of the line where it ends differs from it.
_EDGE = 0.6
# The edge may be blurred over this share of the side; more would take the outline of a car for an edge.
_BLUR = 0.02
_LEAST_PART, _LEAST_PIXELS = 0.15, 24
_NESTED = 3


def framed_part(image: np.ndarray) -> tuple[int, int, int, int]:
    """Find what an image shows within bars or frames of one colour.

    A frame ends at a straight edge on its side; a plain backdrop, white or blacked out, ends at the outline of what
    stands before it, and is no frame.

    Args:
        image: uint8 (H, W, 3).

    Returns:
        (top, bottom, left, right) in pixels; the whole image where it has no frame, or where what a frame leaves is
        too small to be compared.
    """
    box = (0, image.shape[0], 0, image.shape[1])
    for _ in range(_NESTED):
        inner = _within(image, box)
        if inner == box:
            break
        box = inner
    return box


def unframed(image: np.ndarray) -> np.ndarray:
    """Cut bars and frames of one colour off an image."""
    top, bottom, left, right = framed_part(image)
    return image[top:bottom, left:right]


def _within(image: np.ndarray, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    top, bottom, left, right = box
    part = image[top:bottom, left:right]
    size = part.shape[:2]
    colours = [_colour(line) for line in (part[0], part[-1], part[:, 0], part[:, -1])]
    if all(colour is None for colour in colours):
        return box
    ends = [0, 0, 0, 0]  # Lines of the frame above, below, at the left and at the right.
    # The lines of one side are shorter once those across are known.
    for _ in range(2):
        for side, colour in enumerate(colours):
            if colour is not None:
                lines = _lines(part, side, ends)
                ends[side] = _first(lines, colour, ends[side], _STRAY, len(lines))
            if ends[0] + ends[1] >= size[0] or ends[2] + ends[3] >= size[1]:
                return box
    bars = [0, 0, 0, 0]
    for side, colour in enumerate(colours):
        if colour is not None and ends[side]:
            lines = _lines(part, side, ends)
            reach = min(len(lines), ends[side] + 2 + int(_BLUR * len(lines)))
            edge = _first(lines, colour, ends[side], _EDGE, reach)
            bars[side] = edge if edge < reach else 0
    inner = part[bars[0] : size[0] - bars[1], bars[2] : size[1] - bars[3]]
    black = [colour is not None and colour.max() <= BLACK for colour in colours]
    # A blacked-out background is not a frame, however straight the motif's edge: it is not a rectangle.
    if any(black) and (inner.max(axis=2) <= BLACK).mean() >= LEAST:
        bars = [0 if is_black else lines for lines, is_black in zip(bars, black, strict=True)]
    height, width = size[0] - bars[0] - bars[1], size[1] - bars[2] - bars[3]
    least = [max(_LEAST_PIXELS, _LEAST_PART * length) for length in image.shape[:2]]
    if height < least[0] or width < least[1]:
        return box
    return top + bars[0], bottom - bars[1], left + bars[2], right - bars[3]


def _colour(line: np.ndarray) -> np.ndarray | None:
    """The colour of a line of pixels that has only one."""
    colour = np.median(line, axis=0)
    return colour if _differing(line, colour) <= _STRAY else None


def _differing(line: np.ndarray, colour: np.ndarray) -> float:
    return float((np.abs(line - colour).max(axis=1) > TOLERANCE).mean())


def _lines(part: np.ndarray, side: int, ends: list[int]) -> np.ndarray:
    """The lines of pixels from a side inwards, each without what belongs to the frame across."""
    top, bottom, left, right = ends
    lines = part[:, left : part.shape[1] - right] if side < 2 else np.swapaxes(part[top : part.shape[0] - bottom], 0, 1)
    return lines[::-1] if side % 2 else lines


def _first(lines: np.ndarray, colour: np.ndarray, start: int, share: float, stop: int) -> int:
    """The first line of which more than a share differs from a colour."""
    for place in range(start, stop):
        if _differing(lines[place], colour) > share:
            return place
    return stop
