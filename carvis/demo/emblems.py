"""Emblems as layers of polygons in a box of -1..1 (x to the right, y up), drawn from the back to the front."""

import numpy as np

from carvis.demo.atlas import CHROME, EMBLEM, GLOSSY, Sheet

SILVER = (226, 229, 233)
INK = (24, 26, 32)


def _arc(cx: float, cy: float, rx: float, ry: float, start: float = 0.0, end: float = 360.0, count: int = 36) -> list:
    angle = np.deg2rad(np.linspace(start, end, count))
    return np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], 1).tolist()


def _regular(count: int, radius: float, turn: float = 90.0, squeeze: float = 1.0) -> list:
    angle = np.deg2rad(turn + 360.0 / count * np.arange(count))
    return np.stack([radius * squeeze * np.cos(angle), radius * np.sin(angle)], 1).tolist()


def _drop(r: float) -> list:
    lower = _arc(0, -0.28 * r, 0.72 * r, 0.72 * r, 160, 380)
    return [*lower, [0.0, r]]


def _box(w: float, h: float, x: float = 0.0, y: float = 0.0) -> list:
    return [[x - w, y - h], [x + w, y - h], [x + w, y + h], [x - w, y + h]]


def _wave(r: float, low: float, high: float) -> list:
    x = np.linspace(-r, r, 30)
    top = np.stack([x, high + 0.2 * np.sin(x * 4.2)], 1)
    bottom = np.stack([x, low + 0.2 * np.sin(x * 4.2)], 1)[::-1]
    return np.concatenate([top, bottom]).tolist()


def _moon() -> list:
    outer = _arc(-0.05, 0, 0.78, 0.78, 50, 310)
    inner = _arc(0.28, 0, 0.60, 0.66, 295, 65)
    return outer + inner


EMBLEMS = {
    "drop": [
        (_drop(1.05), SILVER, CHROME),
        (_drop(0.80), (22, 66, 158), GLOSSY),
        ([[-0.09, -0.9], [0.09, -0.9], [0.03, 0.55], [-0.03, 0.55]], SILVER, CHROME),
    ],
    "hexagon": [
        (_regular(6, 1.02, 0), SILVER, CHROME),
        (_regular(6, 0.80, 0), (176, 24, 32), GLOSSY),
        (_regular(6, 0.46, 30), SILVER, CHROME),
        (_regular(6, 0.24, 30), (176, 24, 32), GLOSSY),
    ],
    "crescent": [
        (_arc(0, 0, 1.0, 1.0), SILVER, CHROME),
        (_arc(0, 0, 0.86, 0.86), INK, GLOSSY),
        ([[p[0] * 0.86, p[1] * 0.86] for p in _moon()], (238, 184, 52), GLOSSY),
        (_arc(0.34, 0, 0.2, 0.2), (238, 184, 52), GLOSSY),
    ],
    "wave": [
        (_box(0.94, 0.94), SILVER, CHROME),
        (_box(0.78, 0.78), (18, 118, 84), GLOSSY),
        (_wave(0.78, 0.10, 0.38), (240, 244, 244), GLOSSY),
        (_wave(0.78, -0.48, -0.20), (240, 244, 244), GLOSSY),
    ],
    "sail": [
        ([[0, 1.08], [1.05, -0.86], [-1.05, -0.86]], SILVER, CHROME),
        ([[-0.06, 0.72], [-0.06, -0.66], [-0.76, -0.66]], INK, GLOSSY),
        ([[0.10, 0.46], [0.74, -0.66], [0.10, -0.66]], (228, 100, 24), GLOSSY),
    ],
    "hourglass": [
        (_box(0.8, 1.0), SILVER, CHROME),
        (_box(0.66, 0.86), (98, 20, 92), GLOSSY),
        ([[-0.56, 0.76], [0.56, 0.76], [0.08, 0], [0.56, -0.76], [-0.56, -0.76], [-0.08, 0]], SILVER, CHROME),
    ],
    "petals": [
        (_arc(0, 0, 1, 1), INK, GLOSSY),
        *((_arc(0.5 * x, 0.5 * y, 0.36, 0.36), (232, 120, 150), GLOSSY) for x, y in ((1, 0), (0, 1), (-1, 0), (0, -1))),
        (_arc(0, 0, 0.24, 0.24), SILVER, CHROME),
    ],
    "shield": [
        ([[-0.85, 0.95], [0.85, 0.95], [0.85, -0.1], [0, -1.05], [-0.85, -0.1]], SILVER, CHROME),
        ([[-0.68, 0.78], [0.68, 0.78], [0.68, -0.06], [0, -0.82], [-0.68, -0.06]], (20, 100, 150), GLOSSY),
        ([[-0.68, 0.78], [-0.30, 0.78], [0.60, -0.16], [0.34, -0.46], [-0.68, 0.40]], (240, 220, 80), GLOSSY),
    ],
    "steps": [
        (
            [[-1, -0.8], [1, -0.8], [1, 0.9], [0.36, 0.9], [0.36, 0.34], [-0.3, 0.34], [-0.3, -0.24], [-1, -0.24]],
            SILVER,
            CHROME,
        ),
        (
            [
                [-0.8, -0.62],
                [0.82, -0.62],
                [0.82, 0.72],
                [0.54, 0.72],
                [0.54, 0.16],
                [-0.12, 0.16],
                [-0.12, -0.42],
                [-0.8, -0.42],
            ],
            (200, 40, 40),
            GLOSSY,
        ),
    ],
    "eye": [
        (_arc(0, -0.62, 1.18, 1.22, 32, 148) + _arc(0, 0.62, 1.18, 1.22, 212, 328), SILVER, CHROME),
        (_arc(0, 0, 0.46, 0.46), (20, 60, 70), GLOSSY),
        (_arc(0, 0, 0.2, 0.2), (90, 220, 220), GLOSSY),
    ],
    "ladder": [
        (_box(0.78, 1.0), (150, 30, 30), GLOSSY),
        (_box(0.10, 0.84, -0.46), SILVER, CHROME),
        (_box(0.10, 0.84, 0.46), SILVER, CHROME),
        *((_box(0.46, 0.10, 0, y), SILVER, CHROME) for y in (-0.5, 0.0, 0.5)),
    ],
    "cloud": [
        (_box(0.98, 0.7), (60, 120, 200), GLOSSY),
        (_arc(-0.38, -0.12, 0.36, 0.34), (250, 250, 252), GLOSSY),
        (_arc(0.08, 0.12, 0.42, 0.42), (250, 250, 252), GLOSSY),
        (_arc(0.48, -0.14, 0.32, 0.30), (250, 250, 252), GLOSSY),
        (_box(0.5, 0.16, 0.05, -0.3), (250, 250, 252), GLOSSY),
    ],
    "fan": [
        (_regular(8, 1.0, 22.5), (30, 32, 36), GLOSSY),
        *(
            ([[0, -0.74], [x - 0.17, y], [x + 0.17, y]], (250, 212, 40), GLOSSY)
            for x, y in ((-0.52, 0.38), (0.0, 0.74), (0.52, 0.38))
        ),
    ],
}


def draw_emblem(sheet: Sheet, name: str, centre: np.ndarray, radius: float) -> None:
    """Draw an emblem round ``centre`` (atlas pixels)."""
    for number, (points, rgb, material) in enumerate(EMBLEMS[name]):
        corners = centre + np.asarray(points) * [radius, -radius]
        if number == 0:
            sheet.polygon(centre + np.asarray(points) * [radius * 1.1, -radius * 1.1], (18, 19, 22), GLOSSY, EMBLEM)
        sheet.polygon(corners, rgb, material, EMBLEM)
