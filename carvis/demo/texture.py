"""The finished texture sheet of a car: front, sides, windows, bonnet and wheels drawn on the atlas."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike

from carvis.demo import atlas
from carvis.demo.atlas import BODY, CHROME, GLASS, GLOSSY, PLASTIC, PLATE, RUBBER, WHEELS, WINDSCREEN, Material, Sheet
from carvis.demo.bodies import BODY_SPECS, Body
from carvis.demo.emblems import draw_emblem
from carvis.demo.grilles import draw_grille
from carvis.demo.lamps import draw_lamps
from carvis.demo.makes import MAKE_SPECS, Make
from carvis.demo.shell import Shell, shell

BLACK = (22, 23, 25)
SEAM = Material(paint=0.28, mirror=0.02, gloss=0.1)
GLASS_RGB = (20, 27, 31)


def _seam(sheet: Sheet, points: np.ndarray, width: float = 2.2) -> None:
    """A gap between panels: a dark line."""
    sheet.line(points, width, (10, 10, 12), SEAM)


def _curve(corners: ArrayLike, rounds: int = 3) -> np.ndarray:
    """Round an open path's corners."""
    points = np.asarray(corners, np.float64)
    for _ in range(rounds):
        inner = np.stack([0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]], 1)
        points = np.concatenate([points[:1], inner.reshape(-1, 2)[1:-1], points[-1:]])
    return points


def _front(sheet: Sheet, make: Make, body: Body) -> None:
    low, high, half = body.intake
    wing = [
        (-half, low),
        (half, low),
        (half * 1.08, (low + high) / 2),
        (half * 0.9, high),
        (-half * 0.9, high),
        (-half * 1.08, (low + high) / 2),
    ]
    if body.cladding:
        band = np.array([(-1.5, 0), (1.5, 0), (1.5, body.clearance + 0.13), (-1.5, body.clearance + 0.13)])
        sheet.polygon(atlas.front(*band.T), BLACK, PLASTIC, BODY)
        plate = np.array([(-0.42, low - 0.06), (0.42, low - 0.06), (0.5, low - 0.005), (-0.5, low - 0.005)])
        sheet.polygon(atlas.front(*plate.T), (150, 153, 157), GLOSSY, BODY)
    sheet.polygon(atlas.front(*np.array(wing).T), (15, 16, 18), PLASTIC, BODY)
    for z in np.linspace(low, high, 4)[1:-1]:
        sheet.line(atlas.front(np.array([-half, half]), np.array([z, z])), 2.4, (44, 46, 50), PLASTIC)
    for sign in (1, -1):  # vents beside the intake, with a fin
        vent = np.array(
            [(half + 0.10, low + 0.02), (half + 0.28, low + 0.05), (half + 0.30, high + 0.04), (half + 0.17, high)]
        )
        sheet.polygon(atlas.front(sign * vent[:, 0], vent[:, 1]), (18, 19, 21), PLASTIC, BODY)
        _seam(sheet, atlas.front(sign * np.array([0.86, 1.0, 1.25]), np.array([0.6, 0.56, 0.55]) * body.nose_z), 1.8)
    lip = make.seat == "lip"
    low, high, half = body.grille
    low, high = (low - 0.035, high - 0.10) if lip else (low, high)
    centre = atlas.front(0.0, (low + high) / 2)
    size = np.array([half * make.wide, (high - low) / 2 * make.tall]) * atlas.FRONT_SCALE
    draw_grille(sheet, make, centre, size)
    seat_z = body.nose_z - 0.075 if lip else (low + high) / 2
    draw_emblem(sheet, make.emblem, atlas.front(0.0, seat_z), emblem_radius(body) * atlas.FRONT_SCALE)


def emblem_radius(body: Body) -> float:
    """Half the size of the emblem on a body, in metres."""
    return 0.085 if body.nose_z < 0.9 else 0.095


def _sides(sheet: Sheet, body: Body, parts: Shell) -> None:
    def at(x: ArrayLike, z: ArrayLike) -> np.ndarray:
        return atlas.side(np.interp(-np.asarray(x), -parts.outline_x, parts.outline_run), z)

    low, belt = body.clearance, body.belt_z
    if body.cladding:
        sheet.polygon(
            at(np.array([2.2, -2.3, -2.3, 2.2]), np.array([0.0, 0.0, low + 0.15, low + 0.15])), BLACK, PLASTIC, BODY
        )
    else:
        sheet.line(at(np.array([2.2, -2.3]), np.array([low + 0.05, low + 0.05])), 6, (14, 15, 16), PLASTIC)
    for crease, strength in ((belt - 0.20, 0.82), (low + 0.27, 0.86)):
        x = np.linspace(body.nose - 0.7, -body.nose + 0.3, 30)
        points = at(x, crease + 0.02 * np.cos((x - 0.2) * 1.2))
        sheet.line(points, 6, (8, 8, 10), Material(paint=strength, mirror=0.05, gloss=1.0))
    for number, back in enumerate(body.doors):
        edge = body.nose - back
        tilt = 0.05 if number == 0 else 0.0
        _seam(sheet, at(*_curve([(edge + tilt, low + 0.16), (edge, 0.5 * (low + belt)), (edge - 0.02, belt + 0.1)]).T))
        if number:
            handle = at(np.array([edge + 0.10, edge + 0.30]), np.array([belt - 0.12, belt - 0.12]))
            sheet.line(handle + np.array([0, 3]), 6, (12, 12, 14), SEAM)
            sheet.line(handle, 5, (255, 255, 255), Material(paint=0.9, mirror=0.2, gloss=1.0))
    if body.doors:
        x = np.array([body.nose - body.doors[0], body.nose - body.doors[-1]])
        _seam(sheet, at(x, np.array([low + 0.16, low + 0.16])))


def _glass(sheet: Sheet, points: np.ndarray, frame: bool = True) -> None:
    if frame:
        sheet.line(points, 5.0, (12, 13, 14), GLOSSY, BODY, closed=True)
    mask, x, y = atlas.polygon_mask(points)
    shade = np.linspace(0.75, 1.25, mask.shape[0])[:, None, None] * np.array(GLASS_RGB) * np.ones((1, mask.shape[1], 1))
    sheet.stamp(mask, x, y, shade, GLASS, WINDSCREEN)


def _windows(sheet: Sheet, body: Body, parts: Shell) -> None:
    corner = parts.cabin_run[18]  # the end of the rounded front: half the windscreen's outline
    post = 0.80 * corner
    screen = _curve(
        [(0.0, 0.035), (post * 0.6, 0.03), (post, 0.05), (post, 0.55), (post * 0.985, 0.93), (0.0, 0.955)], 2
    )
    outline = np.concatenate([screen, (screen * [-1, 1])[::-1]])
    _glass(sheet, atlas.cabin_front(*outline.T))
    _interior(sheet, post)

    first, last = 0.97 * corner, parts.cabin_run[-1]
    back = np.interp(-(body.nose - body.doors[-1]), -parts.cabin_x, parts.cabin_run)
    stop = min(back + 0.75, last - 0.55)
    window = _curve(
        [
            (first - 0.02, 0.12),
            (first + 0.02, 0.18),
            (first + 0.16, 0.86),
            (first + 0.3, 0.91),
            (stop - 0.25, 0.91),
            (stop - 0.05, 0.80),
            (stop + 0.1, 0.16),
            (stop, 0.12),
            (first - 0.02, 0.12),
        ],
        2,
    )
    pillars = [np.interp(-(body.nose - pillar), -parts.cabin_x, parts.cabin_run) for pillar in body.pillars]
    for place in (lambda u, t: atlas.cabin_front(u, t), lambda u, t: atlas.cabin_front(-u, t), atlas.cabin_side):
        _glass(sheet, place(*window.T))
        for u in pillars:
            if u < stop - 0.05:
                bar = np.array([(u - 0.05, 0.08), (u + 0.05, 0.08), (u + 0.035, 0.93), (u - 0.035, 0.93)])
                sheet.polygon(place(*bar.T), (13, 14, 15), GLOSSY, BODY)


def _interior(sheet: Sheet, post: float) -> None:
    """What shows through the windscreen: dashboard, wheel, headrests, mirror; wipers before it."""
    dim = Material(mirror=0.08, gloss=1.0)

    def shape(points: ArrayLike, rgb: ArrayLike) -> None:
        sheet.polygon(atlas.cabin_front(*np.asarray(points, np.float64).T), rgb, dim)

    shape(
        [(-post * 0.94, 0.06), (post * 0.94, 0.06), (post * 0.9, 0.16), (post * 0.3, 0.20), (-post * 0.9, 0.17)],
        (44, 46, 50),
    )
    for u in (0.36, -0.36):
        shape(
            _curve(
                [(u - 0.17, 0.18), (u - 0.16, 0.5), (u - 0.08, 0.6), (u + 0.08, 0.6), (u + 0.16, 0.5), (u + 0.17, 0.18)]
            ),
            (36, 40, 43),
        )
        shape(_curve([(u - 0.09, 0.6), (u - 0.10, 0.78), (u + 0.10, 0.78), (u + 0.09, 0.6)]), (40, 44, 47))
    angle = np.linspace(0.05, np.pi - 0.05, 24)
    wheel = np.stack([0.36 + 0.17 * np.cos(angle), 0.15 + 0.24 * np.sin(angle)], 1)
    sheet.line(atlas.cabin_front(*wheel.T), 4.0, (9, 10, 11), dim)
    shape([(-0.11, 0.83), (0.11, 0.83), (0.10, 0.92), (-0.10, 0.92)], (8, 9, 10))
    # Two slanting gleams make the pane read as glass.
    for start, wide in ((-0.62, 0.20), (-0.34, 0.07)):
        gleam = np.array([(start, 0.10), (start + wide, 0.10), (start + wide + 0.34, 0.90), (start + 0.34, 0.90)]) * [
            post / 0.75,
            1,
        ]
        mask, x, y = atlas.polygon_mask(atlas.cabin_front(*gleam.T))
        sheet.stamp(mask // 3, x, y, (70, 80, 88), Material(mirror=0.30, gloss=1.0))
    for start, end in ((0.05, 0.62), (-0.6, -0.04)):
        arm = np.array([(start, 0.025), (end, 0.085)])
        sheet.line(atlas.cabin_front(*arm.T), 3.0, (10, 10, 11), PLASTIC)


def _bonnet(sheet: Sheet) -> None:
    def at(points: ArrayLike) -> np.ndarray:
        return atlas.bonnet(*np.asarray(points, np.float64).T)

    cowl = at([(-1.3, 0.93), (1.3, 0.93), (1.3, 1.02), (-1.3, 1.02)])
    sheet.polygon(cowl, (16, 17, 18), PLASTIC, BODY)
    _seam(sheet, at([(u, 0.015) for u in np.linspace(-0.9, 0.9, 9)]), 2.0)
    for sign in (1, -1):
        _seam(sheet, at(_curve([(sign * 0.84, 0.015), (sign * 0.94, 0.1), (sign * 0.86, 0.93)])), 2.6)
        crease = at([(sign * 0.42, 0.06), (sign * 0.56, 0.90)])
        sheet.line(crease, 3.5, (10, 10, 12), Material(paint=0.86, mirror=0.05, gloss=1.0))
        sheet.line(crease - [sign * 3, 0], 2.5, (255, 255, 255), Material(paint=0.85, mirror=0.05, gloss=1.0))


def draw_wheel(sheet: Sheet, rim: int, bright: bool) -> None:
    """Draw a tyre's side wall and one of the rims 0..3 on the wheel's square of the atlas."""
    part, drawn = _wheel_part(), _wheel(rim, bright)
    sheet.colour[part], sheet.surface[part], sheet.label[part] = drawn


def _wheel_part() -> tuple[slice, slice]:
    x, y, radius = atlas.WHEEL
    reach = round(radius * 1.12)
    return slice(y - reach, y + reach), slice(x - reach, x + reach)


@lru_cache(maxsize=8)
def _wheel(rim: int, bright: bool) -> tuple[np.ndarray, ...]:
    sheet = Sheet()
    centre, radius = np.array(atlas.WHEEL[:2], np.float64), atlas.WHEEL[2]
    metal = ((188, 192, 197), Material(mirror=0.22, gloss=0.7)) if bright else ((66, 69, 74), GLOSSY)
    sheet.disc(centre, radius * 1.1, (27, 27, 28), RUBBER, WHEELS)
    sheet.disc(centre, radius * 0.84, (34, 34, 35), RUBBER, WHEELS)
    sheet.disc(centre, radius * 0.72, metal[0], metal[1], WHEELS)
    sheet.disc(centre, radius * 0.655, (12, 12, 13), PLASTIC, WHEELS)
    sheet.disc(centre, radius * 0.42, (58, 56, 54), GLOSSY, WHEELS)
    spokes, thick, paired = ((5, 0.115, False), (10, 0.05, False), (5, 0.05, True), (7, 0.085, False))[rim]
    for angle in 2 * np.pi * np.arange(spokes) / spokes + 0.31:
        for shift in (-0.11, 0.11) if paired else (0.0,):
            along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
            inner, outer = 0.12 * along + 0.6 * shift * across, 0.70 * along + 1.2 * shift * across
            bar = np.stack(
                [
                    inner - thick * across,
                    outer - 0.8 * thick * across,
                    outer + 0.8 * thick * across,
                    inner + thick * across,
                ]
            )
            sheet.polygon(centre + radius * bar, metal[0], metal[1], WHEELS)
    sheet.disc(centre, radius * 0.17, metal[0], metal[1], WHEELS)
    sheet.disc(centre, radius * 0.11, (30, 31, 34), GLOSSY, WHEELS)
    return tuple(layer[_wheel_part()].copy() for layer in (sheet.colour, sheet.surface, sheet.label))


def _solids(sheet: Sheet) -> None:
    finishes = {
        "black": (BLACK, PLASTIC, BODY),
        "rubber": ((24, 24, 25), RUBBER, WHEELS),
        "rail": ((150, 154, 160), CHROME, BODY),
        "glass": (GLASS_RGB, GLASS, WINDSCREEN),
    }
    for name, (rgb, material, label) in finishes.items():
        x, y = atlas.SOLIDS[name]
        sheet.polygon(
            np.array([(x - 1, y - 1), (x + 21, y - 1), (x + 21, y + 21), (x - 1, y + 21)]), rgb, material, label
        )


@lru_cache(maxsize=6)
def class_sheet(make: str, body: str, lamps: str, beam: bool) -> Sheet:
    """The sheet of a class without what changes from image to image (plate and rims)."""
    sheet = Sheet()
    spec = BODY_SPECS[body]
    _solids(sheet)
    _sides(sheet, spec, shell(body))
    _windows(sheet, spec, shell(body))
    _bonnet(sheet)
    _front(sheet, MAKE_SPECS[make], spec)
    draw_lamps(sheet, lamps, spec.lamp_z, 0.0 if spec.nose_z < 0.9 else 0.02, beam)
    return sheet


def draw_plate(sheet: Sheet, body: Body, text: str, style: int) -> None:
    """Draw the number plate; ``style`` 0..3 sets its colours."""
    ground, ink = (
        ((243, 244, 240), (22, 24, 30)),
        ((246, 214, 74), (20, 20, 20)),
        ((240, 243, 244), (20, 92, 58)),
        ((32, 34, 40), (228, 230, 232)),
    )[style]
    width, height = 0.255, 0.056
    corners = np.array([(-width, -height), (width, -height), (width, height), (-width, height)])
    sheet.polygon(atlas.front(corners[:, 0] * 1.05, body.plate_z + corners[:, 1] * 1.2), (26, 27, 29), PLASTIC, PLATE)
    matt = Material(mirror=0.03, gloss=0.25)
    points = atlas.front(corners[:, 0], body.plate_z + corners[:, 1])
    sheet.polygon(points, ground, matt, PLATE)
    x, y = np.floor(points.min(0)).astype(int)
    room = (round(2 * width * atlas.FRONT_SCALE), round(2 * height * atlas.FRONT_SCALE))
    letters = np.zeros((80, 560), np.uint8)
    cv2.putText(letters, text, (20, 64), cv2.FONT_HERSHEY_SIMPLEX, 2.2, 255, 9, cv2.LINE_AA)
    inked = np.flatnonzero(letters.any(0))
    letters = letters[:, inked[0] : inked[-1] + 1]
    wide = min(round(letters.shape[1] * room[1] / 80), round(0.92 * room[0]))
    small = np.zeros((room[1], room[0]), np.uint8)
    left = (room[0] - wide) // 2
    small[:, left : left + wide] = cv2.resize(letters, (wide, room[1]), interpolation=cv2.INTER_AREA)
    sheet.stamp(small, int(x), int(y), ink, matt, PLATE)


__all__ = ["CHROME", "class_sheet", "draw_plate", "draw_wheel", "emblem_radius"]
