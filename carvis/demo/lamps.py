"""Headlamps as layers of polygons in metres from the lamp's anchor on the front (u outwards, z up)."""

import numpy as np

from carvis.demo.atlas import CHROME, LAMPS, LENS, LIGHT, PLASTIC, Sheet, front

HOUSING = (58, 63, 70)
REFLECTOR = (150, 156, 164)
SILVER = (214, 219, 226)
WHITE = (255, 252, 244)
AMBER = (236, 138, 30)


def _disc(u: float, z: float, r: float, squash: float = 1.0) -> list:
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return np.stack([u + r * np.cos(angle), z + squash * r * np.sin(angle)], 1).tolist()


def _projector(u: float, z: float, r: float) -> list:
    """A round lamp: chrome ring, bowl, lens and its lit heart."""
    return [
        (_disc(u, z, r), SILVER, CHROME),
        (_disc(u, z, 0.86 * r), REFLECTOR, LENS),
        (_disc(u, z, 0.62 * r), (92, 98, 108), LENS),
        (_disc(u, z, 0.46 * r), WHITE, "beam"),
    ]


def _blob(points: list, rounds: int = 2) -> list:
    """Round a polygon's corners by cutting them (Chaikin)."""
    corners = np.asarray(points, np.float64)
    for _ in range(rounds):
        after = np.roll(corners, -1, axis=0)
        corners = np.stack([0.78 * corners + 0.22 * after, 0.22 * corners + 0.78 * after], 1).reshape(-1, 2)
    return corners.tolist()


def _lens(points: list) -> list:
    corners = np.asarray(points)
    middle = corners.mean(0)
    return [(points, (20, 22, 25), PLASTIC), ((middle + (corners - middle) * 0.93).tolist(), HOUSING, LENS)]


def _band(path: list, width: float) -> list:
    """A strip of ``width`` along a path."""
    middle = np.asarray(path, np.float64)
    along = np.gradient(middle, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], 1)
    across *= width / 2 / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    return np.concatenate([middle + across, (middle - across)[::-1]]).tolist()


_ALMOND = _blob([[0.44, -0.06], [0.56, -0.11], [0.80, -0.08], [0.98, 0.06], [0.96, 0.13], [0.74, 0.115], [0.52, 0.05]])
_SLIM = _blob(
    [[0.44, -0.055], [0.62, -0.065], [1.02, -0.01], [1.16, 0.075], [0.98, 0.075], [0.60, 0.03], [0.45, 0.0]], 1
)
_BLOCK = _blob([[0.52, -0.10], [0.92, -0.10], [1.0, -0.07], [1.0, 0.10], [0.92, 0.115], [0.52, 0.105]], 1)
_TALL = _blob([[0.50, -0.16], [0.72, -0.17], [0.88, 0.0], [0.98, 0.25], [0.90, 0.27], [0.68, 0.10], [0.52, -0.02]])
_WEDGE = _blob([[0.46, -0.04], [1.0, 0.02], [1.08, 0.13], [0.80, 0.10]], 1)
_TILE = _blob([[0.50, -0.13], [0.72, -0.13], [0.72, 0.11], [0.50, 0.11]], 1)

STYLES = {
    "round": [
        *_lens(_ALMOND),
        *_projector(0.60, -0.018, 0.078),
        *_projector(0.78, 0.035, 0.062),
        (_band([[0.86, 0.03], [0.91, 0.06], [0.94, 0.095]], 0.03), AMBER, LENS),
    ],
    "slim": [
        *_lens(_SLIM),
        (_band([[0.60, -0.012], [0.70, -0.003]], 0.05), REFLECTOR, "beam"),
        (_band([[0.73, 0.0], [0.83, 0.01]], 0.05), REFLECTOR, "beam"),
        (_band([[0.86, 0.017], [0.96, 0.035]], 0.05), REFLECTOR, "beam"),
        (_band([[0.47, -0.04], [0.62, -0.048], [0.98, -0.002], [1.10, 0.055]], 0.018), WHITE, LIGHT),
    ],
    "block": [
        *_lens(_BLOCK),
        (_band([[0.80, -0.065], [0.57, -0.065], [0.57, 0.07], [0.80, 0.07]], 0.03), WHITE, LIGHT),
        ([[0.63, -0.028], [0.74, -0.028], [0.74, 0.035], [0.63, 0.035]], SILVER, "beam"),
        ([[0.77, -0.028], [0.88, -0.028], [0.88, 0.035], [0.77, 0.035]], SILVER, "beam"),
        (_band([[0.935, -0.06], [0.935, 0.075]], 0.045), AMBER, LENS),
    ],
    "tall": [
        *_lens(_TALL),
        *_projector(0.605, -0.088, 0.066),
        *_projector(0.735, 0.022, 0.062),
        (_band([[0.80, 0.10], [0.87, 0.18], [0.92, 0.23]], 0.045), AMBER, LENS),
    ],
    "ring": [
        *_lens(_disc(0.66, 0.0, 0.125)),
        *_projector(0.66, 0.0, 0.075),
        (_band(_disc(0.66, 0.0, 0.10), 0.016), WHITE, LIGHT),
    ],
    "split": [
        *_lens(_blob([[0.48, 0.045], [1.04, 0.085], [1.04, 0.13], [0.48, 0.09]], 1)),
        (_band([[0.52, 0.07], [1.0, 0.105]], 0.018), WHITE, LIGHT),
        *_lens(_disc(0.70, -0.06, 0.085)),
        *_projector(0.70, -0.06, 0.068),
    ],
    "wedge": [
        *_lens(_WEDGE),
        *_projector(0.80, 0.045, 0.05),
        (_band([[0.52, -0.02], [0.95, 0.025]], 0.018), WHITE, LIGHT),
        (_band([[0.92, 0.055], [1.03, 0.11]], 0.035), AMBER, LENS),
    ],
    "tile": [
        *_lens(_TILE),
        *_projector(0.61, 0.05, 0.045),
        *_projector(0.61, -0.065, 0.045),
        (_band([[0.535, -0.11], [0.535, 0.09]], 0.018), WHITE, LIGHT),
    ],
}
BODY_STYLES = ["round", "slim", "block", "tall"]
OTHER_STYLES = ["ring", "split", "wedge", "tile"]


def draw_lamps(sheet: Sheet, style: str, z: float, shift: float, beam: bool) -> None:
    """Draw both headlamps at height ``z``, ``shift`` metres further out, with the low beam on or off."""
    for sign in (1, -1):
        for points, rgb, material in STYLES[style]:
            corners = np.asarray(points)
            lit = material == "beam"
            finish = (LIGHT if beam else LENS) if lit else material
            rgb = WHITE if lit and beam else rgb
            sheet.polygon(front(sign * (corners[:, 0] + shift), z + corners[:, 1]), rgb, finish, LAMPS)
