"""The car alone, seen by a camera: colours, how much of each pixel it covers, and the parts."""

import cv2
import numpy as np

from carvis.demo.atlas import BODY, Sheet
from carvis.demo.bodies import BODY_SPECS, Body
from carvis.demo.camera import Camera
from carvis.demo.canvas import SIZE
from carvis.demo.light import Finish, Light, look_up_sheet, shade
from carvis.demo.rasteriser import Raster
from carvis.demo.shell import Shell
from carvis.demo.texture import class_sheet, draw_plate, draw_wheel

FULL = 2 * SIZE
_DARK = 11.0


def _sheet(make: str, body: str, lamps: str, lot: dict, camera: Camera, light: Light) -> Sheet:
    sheet = class_sheet(make, body, lamps, lot["beam"] or light.dark).copy()
    draw_plate(sheet, BODY_SPECS[body], lot["plate"], lot["plate_style"])
    draw_wheel(sheet, lot["rim"], lot["bright_rim"])
    if camera.focal / np.linalg.norm(camera.position) > 150:
        return sheet
    # Far away, half the size keeps fine patterns from flickering.
    half = Sheet.__new__(Sheet)
    size = (sheet.label.shape[1] // 2, sheet.label.shape[0] // 2)
    half.colour = cv2.resize(sheet.colour, size, interpolation=cv2.INTER_AREA)
    half.surface = cv2.resize(sheet.surface, size, interpolation=cv2.INTER_AREA)
    half.label = np.ascontiguousarray(sheet.label[::2, ::2])
    return half


def _arches(raster: Raster, parts: Shell, spec: Body, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of the shell's pixels ``at`` lie in a wheel arch's opening, and which at its lip (positions in ``at``)."""
    points = parts.outer.points
    reach = np.min([np.hypot(points[:, 0] - x, points[:, 2] - spec.wheel_radius) for x in spec.wheels], axis=0)
    near = (reach < 1.7 * spec.wheel_radius) & (np.abs(points[:, 1]) > 0.5 * spec.half_width)
    candidates = np.flatnonzero(near[raster.triangles].any(1)[raster.ids.ravel()[at] - 1])
    place = raster.interpolate(points, at[candidates])
    reach = np.min([np.hypot(place[:, 0] - x, place[:, 2] - spec.wheel_radius) for x in spec.wheels], axis=0)
    opening = spec.wheel_radius * 1.13
    flank = np.abs(place[:, 1]) > 0.55 * spec.half_width
    hole = flank & (reach < opening) & (place[:, 2] < spec.belt_z)
    lip = flank & ~hole & (reach < opening + (0.075 if spec.cladding else 0.028))
    return candidates[hole], candidates[lip]


def _halve(fine: np.ndarray) -> np.ndarray:
    """Average blocks of four pixels: uint32 (512 * 512,) of four bytes each to float32 (256 * 256, 4) in 0..1."""
    bytes_ = fine.view(np.uint8).reshape(FULL, FULL, 4)
    return cv2.resize(bytes_, (SIZE, SIZE), interpolation=cv2.INTER_AREA).reshape(-1, 4).astype(np.float32) / 255


def draw_layers(
    make: str, body: str, lamps: str, lot: dict, camera: Camera, parts: Shell, light: Light
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the car by itself.

    Returns:
        display RGB float32 (256, 256, 3), cover float32 (256, 256) in 0..1, parts uint8 (256, 256).
    """
    spec = BODY_SPECS[body]
    sheet = _sheet(make, body, lamps, lot, camera, light)
    outer, inner = Raster(parts.outer, camera, FULL), Raster(parts.wheels, camera, FULL)
    outer_at = np.flatnonzero(outer.ids)
    hole, lip = _arches(outer, parts, spec, outer_at)
    hole_outer = outer_at[hole]
    visible = np.ones(len(outer_at), bool)
    visible[hole] = False
    lip_at, outer_at = outer_at[lip], outer_at[visible]
    free = inner.ids.ravel() > 0
    free[outer_at] = False
    inner_at = np.flatnonzero(free)

    at = np.concatenate([outer_at, inner_at])
    uv = np.concatenate([outer.interpolate(parts.outer.uv, outer_at), inner.interpolate(parts.wheels.uv, inner_at)])
    colour, surface, label = look_up_sheet(sheet, uv)
    labels = np.zeros(FULL * FULL, np.uint8)
    labels[hole_outer] = BODY
    labels[at] = label

    # Light varies little within a pixel of the image, texture does: average the texture, then shade once a pixel.
    fine = np.zeros(FULL * FULL, np.uint32)
    fine[at] = colour.view(np.uint32).ravel()
    packed = np.full((len(at), 4), 255, np.uint8)
    packed[:, :3] = surface
    finish = np.zeros(FULL * FULL, np.uint32)
    finish[hole_outer] = 255 << 24
    finish[at] = packed.view(np.uint32).ravel()
    rim = fine[lip_at].view(np.uint8).reshape(-1, 4)
    fine[lip_at] = (rim * (0.30 if spec.cladding else 0.62)).astype(np.uint8).view(np.uint32).ravel()
    colour, surface = _halve(fine), _halve(finish)
    cover = surface[:, 3]

    # Where shell and wheel share a pixel, the shell's place and normal count: it is written last.
    chosen = np.full(SIZE * SIZE, -1, np.int32)
    for pixels in (inner_at, outer_at):
        chosen[(pixels // FULL // 2) * SIZE + (pixels % FULL) // 2] = pixels
    wheel = np.zeros(FULL * FULL, bool)
    wheel[inner_at] = True
    targets = np.flatnonzero(chosen >= 0)
    chosen = chosen[targets]
    wheel = wheel[chosen]
    values = np.empty((len(targets), 8), np.float32)
    for raster, mesh, part in ((outer, parts.outer, ~wheel), (inner, parts.wheels, wheel)):
        values[part] = raster.interpolate(np.concatenate([mesh.points, mesh.normals, mesh.uv], 1), chosen[part])
    points, normals, uv = values[:, :3], values[:, 3:6], values[:, 6:]
    coverage = np.maximum(cover[targets, None], 0.1)
    paint = Finish(lot["paint"], lot["metallic"], lot["dirt"])
    shaded = shade(
        colour[targets] / coverage, surface[targets, :3] / coverage, points, normals, uv, camera.position, light, paint
    )
    # Deep in the arch and under the sill little light is left.
    high = np.clip((points[wheel, 2] / spec.wheel_radius - 1.35) * 1.6, 0, 0.8)
    inward = np.clip((0.90 * spec.half_width - np.abs(points[wheel, 1])) * 6, 0, 0.75)
    shaded[wheel] *= (1 - np.maximum(high, inward))[:, None]
    image = np.full((SIZE * SIZE, 3), _DARK, np.float32)
    image[targets] = shaded
    parts_seen = np.ascontiguousarray(labels.reshape(FULL, FULL)[1::2, 1::2])
    return image.reshape(SIZE, SIZE, 3), cover.reshape(SIZE, SIZE), parts_seen
