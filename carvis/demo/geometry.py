"""Smooth surfaces as grids of points: rings lofted into a body, cut into textured zones of one triangle mesh."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mesh:
    """Triangles with what shading needs at each vertex.

    ``points`` and ``normals`` are float32 (V, 3) in metres (x to the nose, y to the car's left, z up);
    ``uv`` float32 (V, 2) in atlas pixels; ``triangles`` int32 (T, 3), counter-clockwise from outside. ``forward``
    float32 (T,) is how many metres nearer than it is a triangle counts when triangles are drawn over each other.
    """

    points: np.ndarray
    normals: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    forward: np.ndarray


def join(meshes: list[Mesh]) -> Mesh:
    """Put several meshes into one."""
    offsets = np.cumsum([0, *(len(mesh.points) for mesh in meshes[:-1])])
    return Mesh(
        np.concatenate([mesh.points for mesh in meshes]).astype(np.float32),
        np.concatenate([mesh.normals for mesh in meshes]).astype(np.float32),
        np.concatenate([mesh.uv for mesh in meshes]).astype(np.float32),
        np.concatenate([mesh.triangles + offset for mesh, offset in zip(meshes, offsets)]).astype(np.int32),
        np.concatenate([mesh.forward for mesh in meshes]),
    )


def spline(controls: np.ndarray, count: int, times: np.ndarray | None = None) -> np.ndarray:
    """Sample a Catmull-Rom curve through ``controls`` (K, ...) at ``count`` even steps, or at ``times`` in 0..K-1."""
    controls = np.asarray(controls, np.float64)
    last = len(controls) - 1
    times = np.linspace(0, last, count) if times is None else np.asarray(times, np.float64)
    start = np.clip(np.floor(times).astype(int), 0, last - 1)
    t = (times - start).reshape(-1, *([1] * (controls.ndim - 1)))
    padded = np.concatenate([2 * controls[:1] - controls[1:2], controls, 2 * controls[-1:] - controls[-2:-1]])
    p0, p1, p2, p3 = (padded[start + k] for k in range(4))
    return 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)


def half_outline(
    nose: float, tail: float, width: float, cap: float, power: float, counts: tuple[int, int, int] = (15, 14, 4)
) -> np.ndarray:
    """Return the left half of a rounded plan outline from the nose to the tail.

    Args:
        nose, tail: x of both ends.
        width: half the width.
        cap: length of the rounded front end; its curve is a superellipse of ``power``.
        counts: points on the front end, the straight side and the rear end.

    Returns:
        (sum(counts) + 1, 2) of x, y; the same index is the same place on every outline.
    """
    front, side, rear = counts

    def corner(length: float, power: float, count: int) -> np.ndarray:
        angle = np.linspace(0, np.pi / 2, 400)
        curve = np.stack([length * np.cos(angle) ** (2 / power), width * np.sin(angle) ** (2 / power)], 1)
        run = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
        distances = np.linspace(0, run[-1], count + 1)
        return np.stack([np.interp(distances, run, curve[:, 0]), np.interp(distances, run, curve[:, 1])], 1)

    rear_cap = min(0.5, 0.4 * (nose - tail - cap))
    first = corner(cap, power, front) + np.array([nose - cap, 0])
    middle = np.stack([np.linspace(nose - cap, tail + rear_cap, side + 1)[1:], np.full(side, width)], 1)
    last = (corner(rear_cap, 3.5, rear)[::-1] * [-1, 1] + [tail + rear_cap, 0])[1:]
    return np.concatenate([first, middle, last])


def mirror(half: np.ndarray) -> np.ndarray:
    """Complete half rings (R, C, 3), nose to tail on the left, to rings tail - left - nose - right - tail."""
    return np.concatenate([half[:, ::-1], half[:, 1:] * [1, -1, 1]], axis=1)


def grid_normals(grid: np.ndarray, closed: bool = False) -> np.ndarray:
    """Unit normals (R, C, 3) of a grid of points; ``closed`` where the first and last columns coincide."""
    rows = np.gradient(grid, axis=0)
    if closed:
        wrapped = np.concatenate([grid[:, -2:-1], grid, grid[:, 1:2]], 1)
        columns = (wrapped[:, 2:] - wrapped[:, :-2]) / 2
    else:
        columns = np.gradient(grid, axis=1)
    normals = np.cross(rows, columns)
    return normals / np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-9)


def grid_triangles(rows: int, columns: int) -> np.ndarray:
    """Triangles (T, 3) of a grid of ``rows`` x ``columns`` vertices numbered row by row."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    first = np.stack([corner, corner + columns, corner + 1], 1)
    second = np.stack([corner + 1, corner + columns, corner + columns + 1], 1)
    return np.concatenate([first, second])


def zone(
    grid: np.ndarray, normals: np.ndarray, uv: np.ndarray, rows: slice, columns: slice, forward: float = 0.0
) -> Mesh:
    """Cut a part of a grid into a mesh with its own atlas coordinates ``uv`` (r, c, 2)."""
    part = grid[rows, columns]
    height, width = part.shape[:2]
    coordinates = np.broadcast_to(uv, (height, width, 2)).reshape(-1, 2)
    triangles = grid_triangles(height, width)
    return Mesh(
        part.reshape(-1, 3),
        normals[rows, columns].reshape(-1, 3),
        coordinates,
        triangles,
        np.full(len(triangles), forward, np.float32),
    )
