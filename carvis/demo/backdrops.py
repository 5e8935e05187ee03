"""Backdrops outdoors: street, park, car park, coast, hills; each draws on a canvas with random numbers only."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from carvis.demo.canvas import SIZE, Canvas, mix, vary

SKIES = {
    "noon": ((96, 152, 218), (206, 226, 242)),
    "morning": ((128, 168, 212), (246, 228, 204)),
    "evening": ((98, 116, 168), (250, 184, 122)),
    "overcast": ((178, 186, 194), (214, 218, 222)),
    "dusk": ((34, 44, 80), (120, 96, 110)),
}


def _sky(canvas: Canvas, hour: str, rng: np.random.Generator, clouds: bool = True) -> None:
    zenith, haze = SKIES[hour]
    plain = canvas.tint
    canvas.tint = np.ones(3, np.float32)
    canvas.gradient(0, canvas.horizon + 1, vary(zenith, rng, 6), haze, 0.8)
    if clouds and hour != "overcast":
        for _ in range(rng.integers(0, 5)):
            x, y = rng.uniform(0, SIZE), rng.uniform(0.0, 0.7) * max(canvas.horizon, 20)
            light = mix(haze, (255, 255, 255) if hour != "dusk" else (90, 84, 110), 0.6)
            for _ in range(6):
                canvas.blob(x + rng.normal(0, 16), y + rng.normal(0, 2.5), rng.uniform(8, 20), rng.uniform(2, 5), light)
    canvas.tint = plain


def _tree(
    canvas: Canvas, back: float, across: float, rng: np.random.Generator, leaf: ArrayLike = (74, 112, 54)
) -> None:
    foot, top = canvas.pixel(back, across), canvas.pixel(back, across, rng.uniform(3.5, 6.5))
    tall = foot[1] - top[1]
    width = tall * rng.uniform(0.28, 0.42)
    canvas.box(foot[0] - tall * 0.03, foot[1] - tall * 0.5, foot[0] + tall * 0.03, foot[1], (78, 62, 48))
    middle = foot[1] - tall * 0.68
    tone = vary(leaf, rng, 10)
    for number in range(16):
        shade = mix(tone * 0.62, tone * 1.3, number / 15)
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.75)
        x = foot[0] + np.cos(angle) * reach * width - number * 0.004 * width
        y = middle + np.sin(angle) * reach * tall * 0.3 - (number - 8) * 0.012 * tall
        canvas.blob(x, y, width * rng.uniform(0.25, 0.45), tall * rng.uniform(0.10, 0.17), shade)


def _building(
    canvas: Canvas, back: float, left: float, right: float, up: float, rng: np.random.Generator, lit: bool
) -> None:
    walls = ((196, 176, 150), (168, 118, 92), (206, 200, 190), (150, 156, 160), (214, 190, 150), (128, 110, 104))
    wall = vary(walls[rng.integers(len(walls))], rng, 9)
    a, b = canvas.pixel(back, left, up), canvas.pixel(back, right, 0.0)
    canvas.box(a[0], a[1], b[0], b[1], wall)
    canvas.box(a[0], a[1], b[0], a[1] + 0.025 * (b[1] - a[1]) + 1, wall * 0.72)
    columns, floors = max(2, round((right - left) / 2.2)), max(1, round(up / 3))
    glass = vary((84, 100, 116), rng, 10)
    for floor in range(floors):
        for column in range(columns):
            x = left + (column + 0.28) * (right - left) / columns
            z = 0.9 + floor * up / floors
            low, high = canvas.pixel(back, x, z), canvas.pixel(back, x + 0.46 * (right - left) / columns, z + 1.5)
            if floor == 0 and low[1] - high[1] > 1:
                low = canvas.pixel(back, x, 0.35)
            pane = (250, 214, 140) if lit and rng.random() < 0.4 else glass * rng.uniform(0.8, 1.2)
            bright = canvas.tint
            if lit:
                canvas.tint = np.maximum(bright, 0.75)
            canvas.box(low[0], high[1], high[0], low[1], pane)
            canvas.tint = bright
            canvas.box(low[0] - 0.5, low[1], high[0] + 0.5, low[1] + 1.0, wall * 1.15)


def street(canvas: Canvas, hour: str, rng: np.random.Generator) -> None:
    """A road, a pavement and a row of houses."""
    _sky(canvas, hour, rng)
    road = vary((104, 105, 108), rng, 8)
    canvas.gradient(canvas.horizon, SIZE, road * 0.95, road * 1.05)
    wall = rng.uniform(5.5, 9.0)
    x = -16.0 - rng.uniform(0, 4)
    while x < 18:
        width = rng.uniform(4, 8)
        _building(canvas, wall + 1.5, x, x + width, rng.uniform(5, 13), rng, hour == "dusk")
        x += width + (rng.random() < 0.2) * 1.5
    pavement = vary((164, 160, 154), rng, 8)
    canvas.floor([(wall + 1.5, -22), (wall + 1.5, 22), (wall - 1.4, 22), (wall - 1.4, -22)], pavement)
    canvas.floor([(wall - 1.4, -22), (wall - 1.4, 22), (wall - 1.62, 22), (wall - 1.62, -22)], pavement * 0.72)
    if rng.random() < 0.6:
        for across in np.arange(-12, 12, 3.0):
            canvas.floor(
                [(-2.4, across), (-2.4, across + 1.6), (-2.55, across + 1.6), (-2.55, across)], (206, 206, 200)
            )
    for across in rng.uniform(-9, 9, rng.integers(0, 3)):
        _tree(canvas, wall - 0.6, across, rng)
    canvas.speckle(canvas.horizon + 6, rng, 3.0)


def park(canvas: Canvas, hour: str, rng: np.random.Generator) -> None:
    """Trees and a hedge behind a gravel drive."""
    _sky(canvas, hour, rng)
    grass = vary((98, 128, 66), rng, 9)
    canvas.gradient(canvas.horizon, SIZE, mix(grass, (150, 160, 130), 0.4), grass * 0.92)
    for _ in range(7):
        _tree(canvas, rng.uniform(16, 26), rng.uniform(-22, 22), rng, (84, 118, 78))
    for _ in range(rng.integers(3, 7)):
        _tree(canvas, rng.uniform(6, 12), rng.uniform(-11, 11), rng)
    hedge = vary((62, 94, 48), rng, 6)
    if rng.random() < 0.5:
        for across in np.arange(-14, 14, 0.55):
            foot, top = canvas.pixel(7, across), canvas.pixel(7, across, rng.uniform(0.85, 1.1))
            canvas.blob(foot[0], (foot[1] + top[1]) / 2, 6, (foot[1] - top[1]) / 2 + 1, hedge * rng.uniform(0.8, 1.15))
    drive = vary((168, 156, 136), rng, 8)
    canvas.floor([(3.4, -30), (3.2, 30), (-9, 30), (-9, -30)], drive)
    canvas.speckle(canvas.horizon + 3, rng, 5.0)


def _parked(canvas: Canvas, back: float, across: float, rng: np.random.Generator) -> None:
    """A plain car standing further back."""
    tone = vary(((150, 30, 30), (40, 60, 110), (200, 202, 204), (60, 62, 66), (180, 170, 150))[rng.integers(5)], rng, 8)
    unit = abs(canvas.pixel(back, across + 1)[0] - canvas.pixel(back, across)[0])
    x, y = canvas.pixel(back, across)
    roof = rng.uniform(1.3, 1.7)

    def at(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x + u * unit, y - v * unit) for u, v in points]

    canvas.blob(x, y, 1.0 * unit, 0.12 * unit, (46, 46, 48))
    for side in (-0.68, 0.68):
        canvas.polygon(
            at([(side - 0.13, 0.0), (side + 0.13, 0.0), (side + 0.13, 0.4), (side - 0.13, 0.4)]), (26, 26, 28)
        )
    canvas.polygon(at([(-0.86, 0.2), (0.86, 0.2), (0.9, 0.5), (0.84, 0.86), (-0.84, 0.86), (-0.9, 0.5)]), tone)
    canvas.polygon(at([(-0.76, 0.84), (0.76, 0.84), (0.56, roof), (-0.56, roof)]), tone * 0.9)
    canvas.polygon(at([(-0.66, 0.88), (0.66, 0.88), (0.5, roof - 0.08), (-0.5, roof - 0.08)]), (52, 62, 70))
    canvas.polygon(at([(-0.82, 0.58), (-0.52, 0.56), (-0.54, 0.72), (-0.8, 0.76)]), (150, 60, 56))
    canvas.polygon(at([(0.82, 0.58), (0.52, 0.56), (0.54, 0.72), (0.8, 0.76)]), (150, 60, 56))


def carpark(canvas: Canvas, hour: str, rng: np.random.Generator) -> None:
    """Marked bays, cars further back, lamp posts and a low building."""
    _sky(canvas, hour, rng)
    tar = vary((92, 93, 97), rng, 8)
    canvas.gradient(canvas.horizon, SIZE, tar * 1.1, tar * 0.95)
    _building(canvas, rng.uniform(30, 45), -45, 45, rng.uniform(5, 9), rng, hour == "dusk")
    for across in rng.uniform(-20, 20, 5):
        _tree(canvas, 26, across, rng)
    for across in np.arange(-15, 16, 2.6):
        if rng.random() < 0.6:
            _parked(canvas, 12, across, rng)
    for across in rng.uniform(-8, 8, 2):
        foot, top = canvas.pixel(15, across), canvas.pixel(15, across, 6.5)
        canvas.box(foot[0] - 0.9, top[1], foot[0] + 0.9, foot[1], (126, 128, 130))
        canvas.box(foot[0] - 6, top[1] - 1, foot[0] + 6, top[1] + 1, (140, 142, 144))
    shift = rng.uniform(-0.4, 0.4)
    for across in np.arange(-13, 14, 2.6) + 1.3 + shift:
        canvas.floor([(-2.6, across), (-2.6, across + 0.11), (3.0, across + 0.11), (3.0, across)], (208, 208, 204))
        canvas.floor([(9.0, across), (9.0, across + 0.11), (14.0, across + 0.11), (14.0, across)], (196, 196, 192))
    canvas.floor([(3.0, -20), (3.0, 20), (3.12, 20), (3.12, -20)], (208, 208, 204))
    canvas.speckle(canvas.horizon + 3, rng, 3.5)


def coast(canvas: Canvas, hour: str, rng: np.random.Generator) -> None:
    """The sea behind a promenade with a railing."""
    _sky(canvas, hour, rng)
    sea = vary((58, 112, 140), rng, 9)
    canvas.gradient(canvas.horizon, SIZE, mix(sea, SKIES[hour][1], 0.35), sea)
    for _ in range(60):
        y = canvas.horizon + 1 + rng.uniform(0, 1) ** 2 * 40
        x, w = rng.uniform(0, SIZE), rng.uniform(4, 18)
        canvas.box(x, y, x + w, y + 0.7, mix(sea, (235, 240, 240), 0.45))
    if rng.random() < 0.6:
        x, w = rng.uniform(-60, 260), rng.uniform(60, 140)
        points = [
            (x + t * w, canvas.horizon - 12 * np.sin(np.pi * t) * (1 + 0.2 * np.sin(9 * t)))
            for t in np.linspace(0, 1, 20)
        ]
        canvas.polygon(points, mix((86, 108, 96), SKIES[hour][1], 0.4))
    stone = vary((186, 176, 160), rng, 8)
    canvas.floor([(5.5, -40), (5.5, 40), (-9, 40), (-9, -40)], stone)
    canvas.floor([(5.5, -40), (5.5, 40), (5.0, 40), (5.0, -40)], stone * 0.86)
    for back in np.arange(-3.5, 5, 1.7):
        canvas.floor([(back, -40), (back, 40), (back + 0.035, 40), (back + 0.035, -40)], stone * 0.82)
    rail = vary((224, 226, 226), rng, 6) if rng.random() < 0.6 else np.array([70, 84, 90])
    for up in (0.45, 0.75, 1.05):
        canvas.surface([(5.3, -40, up), (5.3, 40, up), (5.3, 40, up + 0.05), (5.3, -40, up + 0.05)], rail)
    for across in np.arange(-14, 14, 1.5) + rng.uniform(0, 1):
        canvas.surface([(5.3, across, 0), (5.3, across + 0.07, 0), (5.3, across + 0.07, 1.1), (5.3, across, 1.1)], rail)
    canvas.speckle(canvas.horizon + 14, rng, 3.0)


def hills(canvas: Canvas, hour: str, rng: np.random.Generator) -> None:
    """Ridges, fields and a country road."""
    _sky(canvas, hour, rng)
    haze = SKIES[hour][1]
    x = np.linspace(0, SIZE, 48)
    for number, height in enumerate((46, 30, 16)):
        wave = np.sum([np.sin(x / rng.uniform(12, 60) + rng.uniform(0, 6)) * part for part in (0.5, 0.3, 0.2)], axis=0)
        ridge = canvas.horizon + 2 - height * rng.uniform(0.6, 1.2) * (0.7 + 0.4 * wave)
        tone = mix(vary((86, 112, 76), rng, 8), haze, 0.62 - 0.24 * number)
        canvas.polygon([*zip(x, ridge), (SIZE, canvas.horizon + 3), (0, canvas.horizon + 3)], tone)
    field = vary(((122, 138, 72), (176, 158, 92), (104, 126, 66))[rng.integers(3)], rng, 8)
    canvas.gradient(canvas.horizon, SIZE, mix(field, haze, 0.25), field)
    for _ in range(rng.integers(2, 8)):
        _tree(canvas, rng.uniform(14, 40), rng.uniform(-30, 30), rng)
    tar = vary((118, 116, 114), rng, 8)
    canvas.floor([(3.6, -40), (3.6, 40), (-9, 40), (-9, -40)], tar)
    canvas.floor([(3.4, -40), (3.4, 40), (3.28, 40), (3.28, -40)], (214, 212, 204))
    if rng.random() < 0.5:
        for across in np.arange(-20, 20, 2.4):
            canvas.surface(
                [(4.6, across, 0), (4.6, across + 0.09, 0), (4.6, across + 0.09, 0.9), (4.6, across, 0.9)],
                (120, 100, 78),
            )
        for up in (0.4, 0.75):
            canvas.surface([(4.6, -40, up), (4.6, 40, up), (4.6, 40, up + 0.08), (4.6, -40, up + 0.08)], (136, 114, 90))
    canvas.speckle(canvas.horizon + 3, rng, 4.0)


OUTDOORS = {"street": street, "park": park, "carpark": carpark, "coast": coast, "hills": hills}
