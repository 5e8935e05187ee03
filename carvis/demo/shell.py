"""The car's surfaces: hull, bonnet, cabin, mirrors, rails and wheels as meshes with atlas coordinates."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from carvis.demo import atlas
from carvis.demo.bodies import BODY_SPECS, Body
from carvis.demo.geometry import (
    Mesh,
    grid_normals,
    half_outline,
    join,
    mirror,
    spline,
    zone,
)

COUNTS = (18, 16, 3)
WALL_ROWS, BONNET_ROWS, CABIN_ROWS, ROOF_ROWS = 17, 8, 9, 6
# The cabin stands on the hull: along their seam it is drawn over it.
CABIN_FORWARD = 0.3
# Mirrors and rails lie outside of all else.
FITTINGS_FORWARD = 0.6


@dataclass(frozen=True)
class Shell:
    """Meshes of one body: ``outer`` (with wheel arches still closed) and ``wheels`` inside it.

    ``front_run`` and ``side_x`` tie the atlas to the body: the run along the outline at each side texel's x.
    """

    outer: Mesh
    wheels: Mesh
    outline_run: np.ndarray
    outline_x: np.ndarray
    cabin_run: np.ndarray
    cabin_x: np.ndarray
    box: np.ndarray
    footprint: np.ndarray
    silhouette: np.ndarray


def _run(half: np.ndarray) -> np.ndarray:
    steps = np.hypot(*np.diff(half[:, :2], axis=0).T)
    return np.concatenate([[0], np.cumsum(steps)])


def _hull_controls(body: Body) -> np.ndarray:
    """Control rings (7, C, 3) of the hull's wall from the sill to the edge of the bonnet, left half."""
    low, nose_z, belt = body.clearance, body.nose_z, body.belt_z
    middle = 0.45 * low + 0.55 * nose_z
    rows = [  # front inset, side inset, z at the nose, z at the side
        (0.20, 0.13, low, low),
        (0.06, 0.035, low + 0.05, low + 0.06),
        (0.0, 0.005, low + 0.17, low + 0.2),
        (0.01 * body.lean, 0.0, middle, 0.5 * (low + belt)),
        (0.07 * body.lean, 0.02, nose_z - 0.10, belt - 0.15),
        (0.12 * body.lean, 0.04, nose_z - 0.03, belt - 0.05),
        (0.20 * body.lean, 0.09, nose_z + 0.015, belt),
    ]
    rings = []
    for front, side, z_nose, z_side in rows:
        half = half_outline(body.nose - front, -body.nose + front, body.half_width - side, body.cap, body.power, COUNTS)
        x, y = half.T
        back = body.nose - front - x
        # The rounded front end counts less, so that the bonnet's edge stays low up to its corners.
        flat = np.where(back < body.cap, 0.35 * back, 0.35 * body.cap + back - body.cap)
        tau = np.clip(flat / (0.35 * body.cap + max(body.bonnet - body.cap, 0.0) + 0.25), 0, 1)
        z = z_nose + (z_side - z_nose) * (1 - (1 - tau) ** 1.5)
        z = z + body.belt_rise * np.clip((back - body.bonnet) / body.length, 0, 1) * (z_side > 0.6 * belt)
        rings.append(np.stack([x, y, z], 1))
    return np.stack(rings)


def _cabin_controls(body: Body) -> np.ndarray:
    """Control rings (4, C, 3) of the cabin from the belt to the roof's edge, left half."""
    belt, top = body.belt_z, body.height
    rows = [  # nose, tail, half-width, cap, z, drop at the sides
        (body.bonnet, body.cabin_rear, body.cabin_half, 0.42, belt + 0.035, 0.045),
        (
            0.66 * body.bonnet + 0.34 * body.roof_front,
            0.75 * body.cabin_rear + 0.25 * body.roof_rear,
            0.70 * body.cabin_half + 0.30 * body.roof_half + 0.02,
            0.36,
            belt + 0.34 * (top - 0.07 - belt),
            0.03,
        ),
        (
            0.33 * body.bonnet + 0.67 * body.roof_front - 0.01,
            0.42 * body.cabin_rear + 0.58 * body.roof_rear,
            0.38 * body.cabin_half + 0.62 * body.roof_half + 0.025,
            0.31,
            belt + 0.67 * (top - 0.07 - belt),
            0.02,
        ),
        (body.roof_front, body.roof_rear, body.roof_half, 0.26, top - 0.07, 0.015),
    ]
    rings = []
    for nose, tail, width, cap, z, drop in rows:
        half = half_outline(body.nose - nose, -body.nose + tail, width, cap, 2.7, COUNTS)
        height = z - drop * (half[:, 1] / width) ** 2
        rise = body.belt_rise * np.clip((body.nose - nose - half[:, 0]) / body.length, 0, 1) * (z < belt + 0.1)
        rings.append(np.concatenate([half, (height + rise)[:, None]], 1))
    return np.stack(rings)


def _shrink(ring: np.ndarray, inward: float, rise: float) -> np.ndarray:
    """A ring moved towards the middle line by a share ``inward`` of its size and lifted."""
    middle = (ring[0, 0] + ring[-1, 0]) / 2
    scaled = ring * [1 - inward, 1 - inward, 1] + [middle * inward, 0, rise]
    scaled[:, 2] += inward * (ring[:, 2].max() - ring[:, 2])
    return scaled


def _hull(body: Body, cabin_base: np.ndarray) -> tuple[Mesh, np.ndarray, np.ndarray]:
    controls = _hull_controls(body)
    wall = spline(controls, WALL_ROWS)
    t = np.linspace(0, 1, BONNET_ROWS + 1)[1:, None, None]
    target = _shrink(cabin_base, 0.02, -0.01)
    bonnet = wall[-1] + (target - wall[-1]) * t
    # A bonnet rises quickly behind its edge, then runs flat.
    bulge = np.sin(np.pi * t[..., 0]) * (1 - t[..., 0]) ** 0.5
    bonnet[..., 2] += body.crown * bulge * (1 - 0.5 * (wall[-1][:, 1] / body.half_width) ** 2)
    half = np.concatenate([wall, bonnet])
    grid = mirror(half)
    normals = grid_normals(grid)

    reference = controls[2]
    run = _run(reference)
    signed = np.concatenate([run[::-1], -run[1:]])
    columns = len(signed)
    middle = columns // 2
    reach = int(np.searchsorted(run, atlas.FRONT_REACH)) - 1
    front = slice(middle - reach, middle + reach + 1)
    left, right = slice(0, middle - reach + 1), slice(middle + reach, columns)
    rows = slice(0, WALL_ROWS)
    z = grid[rows, :, 2]
    across = np.broadcast_to(signed, z.shape)
    uv_front = atlas.front(across[:, front], z[:, front])
    meshes = [zone(grid, normals, uv_front, rows, front)]
    meshes += [zone(grid, normals, atlas.side(abs(across[:, part]), z[:, part]), rows, part) for part in (left, right)]
    top = slice(WALL_ROWS - 1, WALL_ROWS + BONNET_ROWS)
    share = np.broadcast_to(np.linspace(0, 1, BONNET_ROWS + 1)[:, None], grid[top, :, 0].shape)
    narrowing = np.broadcast_to(signed, share.shape)
    meshes.append(zone(grid, normals, atlas.bonnet(narrowing[:, front], share[:, front]), top, front))
    meshes += [zone(grid, normals, atlas.solid("paint"), top, part) for part in (left, right)]
    return join(meshes), run, reference[:, 0]


def _cabin(body: Body, controls: np.ndarray) -> tuple[Mesh, np.ndarray, np.ndarray]:
    wall = spline(controls, CABIN_ROWS)
    edge = wall[-1]
    roof = spline(
        np.stack([edge, _shrink(edge, 0.10, 0.035), _shrink(edge, 0.45, 0.06), _shrink(edge, 0.999, 0.07)]),
        ROOF_ROWS + 1,
    )[1:]
    grid = mirror(np.concatenate([wall, roof]))
    normals = grid_normals(grid)
    run = _run((controls[0] + controls[-1]) / 2)
    signed = np.concatenate([run[::-1], -run[1:]])
    columns, middle = len(signed), len(signed) // 2
    reach = int(np.searchsorted(run, atlas.CABIN_REACH)) - 1
    front = slice(middle - reach, middle + reach + 1)
    left, right = slice(0, middle - reach + 1), slice(middle + reach, columns)
    rows = slice(0, CABIN_ROWS)
    share = np.broadcast_to(np.linspace(0, 1, CABIN_ROWS)[:, None], grid[rows, :, 0].shape)
    across = np.broadcast_to(signed, share.shape)
    meshes = [zone(grid, normals, atlas.cabin_front(across[:, front], share[:, front]), rows, front, CABIN_FORWARD)]
    meshes += [
        zone(grid, normals, atlas.cabin_side(abs(across[:, part]), share[:, part]), rows, part, CABIN_FORWARD)
        for part in (left, right)
    ]
    top = slice(CABIN_ROWS - 1, CABIN_ROWS + ROOF_ROWS)
    meshes.append(zone(grid, normals, atlas.solid("paint"), top, slice(0, columns), CABIN_FORWARD))
    return join(meshes), run, (controls[0, :, 0] + controls[-1, :, 0]) / 2


def _blob(centre: ArrayLike, radii: ArrayLike, patch: str, power: float = 0.75) -> Mesh:
    """A rounded box, as for the door mirrors."""
    lift = np.linspace(-np.pi / 2, np.pi / 2, 8)[:, None]
    turn = np.linspace(0, -2 * np.pi, 15)[None]

    def squash(values: np.ndarray) -> np.ndarray:
        return np.sign(values) * np.abs(values) ** power

    unit = np.stack(
        [
            squash(np.cos(lift)) * squash(np.cos(turn)),
            squash(np.cos(lift)) * squash(np.sin(turn)),
            np.broadcast_to(squash(np.sin(lift)), (8, 15)),
        ],
        2,
    )
    grid = unit * np.asarray(radii) + np.asarray(centre)
    normals = unit**3 / np.array(radii)
    normals /= np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-9)
    return zone(grid, normals, atlas.solid(patch), slice(None), slice(None), FITTINGS_FORWARD)


def _tube(path: np.ndarray, radius: float, patch: str) -> Mesh:
    angle = np.linspace(0, 2 * np.pi, 9)
    spokes = np.stack([np.zeros(9), np.cos(angle), np.sin(angle)], 1)
    grid = path[:, None] + radius * spokes[None]
    normals = np.broadcast_to(spokes, grid.shape)
    return zone(grid, normals, atlas.solid(patch), slice(None), slice(None), FITTINGS_FORWARD)


def _fittings(body: Body, cabin: np.ndarray) -> list[Mesh]:
    base_x = body.nose - body.bonnet - 0.42
    meshes = []
    for side in (1, -1):
        y = side * (body.cabin_half + 0.13)
        z = body.belt_z + 0.085
        meshes.append(_blob((base_x, y, z), (0.06, 0.095, 0.062), "paint"))
        meshes.append(_blob((base_x, y - side * 0.09, z - 0.065), (0.05, 0.09, 0.028), "black"))
        if body.rails:
            edge = cabin[-1]
            inside = (edge[:, 0] < edge[0, 0] - 0.35) & (edge[:, 0] > edge[-1, 0] + 0.3)
            path = edge[inside] * [1, side, 1] + [0, -side * 0.035, 0.055]
            path[[0, -1], 2] -= 0.04
            meshes.append(_tube(path, 0.022, "rail"))
    return meshes


def _wheel(body: Body, x: float, side: int) -> Mesh:
    radius = body.wheel_radius
    outer = body.half_width - 0.035
    # Across the tread and round the shoulder to the hub: y and radius.
    profile = np.array(
        [
            (outer - 0.215, 0.30),
            (outer - 0.21, 0.93),
            (outer - 0.19, 1.0),
            (outer - 0.035, 1.0),
            (outer - 0.012, 0.965),
            (outer, 0.86),
            (outer - 0.006, 0.72),
            (outer - 0.035, 0.68),
            (outer - 0.045, 0.35),
            (outer - 0.03, 0.0),
        ]
    )
    angle = np.linspace(0, -2 * np.pi, 25) * side
    across, along = np.sin(angle)[None], np.cos(angle)[None]
    reach = profile[:, 1:] * radius
    grid = np.stack(
        [x + reach * across, np.broadcast_to(side * profile[:, :1], (len(profile), 25)), radius + reach * along], 2
    )
    normals = grid_normals(grid, closed=True)
    normals[-1] = [0, side, 0]
    uv = atlas.wheel(profile[:, 1:] * across * side, profile[:, 1:] * along)
    tread = zone(grid, normals, atlas.solid("rubber"), slice(0, 5), slice(None))
    return join([tread, zone(grid, normals, uv[4:], slice(4, None), slice(None))])


@lru_cache(maxsize=8)
def shell(name: str) -> Shell:
    """Build the meshes of a body by its name."""
    body = BODY_SPECS[name]
    controls = _cabin_controls(body)
    hull, outline_run, outline_x = _hull(body, controls[0])
    cabin, cabin_run, cabin_x = _cabin(body, controls)
    outer = join([hull, cabin, *_fittings(body, controls)])
    wheels = join([_wheel(body, x, side) for x in body.wheels for side in (1, -1)])
    roof = controls[-1]
    sill = _hull_controls(body)[3]
    footprint = np.concatenate([sill, sill[::-1] * [1, -1, 1]])
    silhouette = np.concatenate([footprint, roof, roof * [1, -1, 1]])
    # The box that frames the car narrows upwards; the corners of the roof stand for it.
    top = np.concatenate([roof[::6], roof[::6] * [1, -1, 1]])
    box = np.concatenate([footprint[::4] * [1, 1, 0], footprint[::4], top])
    return Shell(outer, wheels, outline_run, outline_x, cabin_run, cabin_x, box, footprint, silhouette)
