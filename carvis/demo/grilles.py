"""Grilles: an outline filled with a pattern of bars, in a box of -1..1 (x to the right, y up)."""

import cv2
import numpy as np

from carvis.demo.atlas import CHROME, GLOSSY, GRILLE, PLASTIC, Sheet, line_mask, polygon_mask
from carvis.demo.makes import Make

METAL = {"chrome": ((205, 209, 214), CHROME), "dark": ((92, 96, 102), GLOSSY), "black": ((40, 42, 46), GLOSSY)}


def _oval() -> list:
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], 1).tolist()


def _rounded(width: float, height: float, radius: tuple[float, float], y: float = 0.0) -> list:
    points = []
    for quarter, (sx, sy) in enumerate([(1, 1), (-1, 1), (-1, -1), (1, -1)]):
        for step in range(6):
            angle = np.pi / 2 * (quarter + step / 5)
            points.append(
                [
                    sx * (width - radius[0]) + radius[0] * np.cos(angle),
                    y + sy * (height - radius[1]) + radius[1] * np.sin(angle),
                ]
            )
    return points


OUTLINES: dict[str, list[list]] = {
    "trapeze": [[[-0.78, 1], [0.78, 1], [0.92, 0.9], [1.0, -0.55], [0.88, -1], [-0.88, -1], [-1, -0.55], [-0.92, 0.9]]],
    "hexagon": [[[-0.72, 1], [0.72, 1], [1, 0.1], [0.66, -1], [-0.66, -1], [-1, 0.1]]],
    "bowl": [[[-1, 1], [1, 1], [1, 0.55], [0.84, -0.5], [0.6, -0.95], [-0.6, -0.95], [-0.84, -0.5], [-1, 0.55]]],
    "stacked": [_rounded(0.80, 0.40, (0.10, 0.24), 0.58), _rounded(1.0, 0.40, (0.10, 0.24), -0.56)],
    "slot": [_rounded(1, 0.9, (0.14, 0.9))],
    "oval": [_oval()],
    "block": [_rounded(1, 1, (0.1, 0.2))],
}


def _comb(scale: float) -> list:
    """Edges of a honeycomb whose cells are ``scale`` high, in texels."""
    lines = []
    radius = scale / np.sqrt(3)
    for row in range(-14, 15):
        for column in range(-20, 21):
            centre = np.array([column * 1.5 * radius, (row + 0.5 * (column % 2)) * scale])
            angle = np.deg2rad([120, 60, 0, -60])
            lines.append(centre + radius * np.stack([np.cos(angle), np.sin(angle)], 1))
    return lines


def _strokes(pattern: str, half: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Lines (points in texels from the middle) and widths of a pattern in a box of half size ``half``."""
    w, h = half
    if pattern == "slats":
        count = max(5, round(2 * w / 13))
        return [(np.array([[x, -h], [x, h]]), 4.2) for x in np.linspace(-w, w, count + 2)[1:-1]]
    if pattern == "bars":
        count = max(3, round(2 * h / 12))
        return [(np.array([[-w, y], [w, y]]), 4.2) for y in np.linspace(-h, h, count + 2)[1:-1]]
    if pattern == "comb":
        return [(line, 2.2) for line in _comb(14.0)]
    if pattern == "wire":
        reach = int((w + h) / 12) + 1
        rising = [(np.array([[k * 12 - h, -h], [k * 12 + h, h]]), 2.0) for k in range(-reach, reach)]
        return rising + [(line * [1, -1], width) for line, width in rising]
    raise ValueError(f"unknown pattern {pattern!r}")


def draw_grille(sheet: Sheet, make: Make, centre: np.ndarray, half: np.ndarray) -> None:
    """Draw a make's grille round ``centre``, ``half`` its half width and height, all in atlas pixels."""
    rgb, metal = METAL[make.metal]
    for outline in OUTLINES[make.outline]:
        corners = centre + np.asarray(outline) * half * [1, -1]
        if make.frame:
            sheet.line(corners, 7.0, (14, 15, 17), PLASTIC, GRILLE, closed=True)
        inside, x, y = polygon_mask(corners)
        shade = np.linspace(9, 26, inside.shape[0])[:, None, None] * np.ones((1, inside.shape[1], 3))
        sheet.stamp(inside, x, y, shade, PLASTIC, GRILLE)
        bars = np.zeros_like(inside)
        for points, width in _strokes(make.pattern, half):
            mask, left, top = line_mask(centre + points * [1, -1], width)
            _paste_max(bars, mask, left - x, top - y)
        bars = cv2.multiply(bars, inside, scale=1 / 255)
        rows = np.linspace(1.12, 0.80, inside.shape[0])[:, None, None]
        sheet.stamp(bars, x, y, np.clip(np.array(rgb) * rows, 0, 255) * np.ones((1, inside.shape[1], 1)), metal, GRILLE)
        if make.frame:
            bright, finish = METAL["chrome"] if make.metal == "chrome" else ((120, 124, 130), GLOSSY)
            sheet.line(corners, 3.6, bright, finish, GRILLE, closed=True)


def _paste_max(target: np.ndarray, source: np.ndarray, x: int, y: int) -> None:
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + source.shape[0], target.shape[0]), min(x + source.shape[1], target.shape[1])
    if bottom > top and right > left:
        part = target[top:bottom, left:right]
        np.maximum(part, source[top - y : bottom - y, left - x : right - x], out=part)
