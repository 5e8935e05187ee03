"""Light: the hour's colours, what surfaces reflect, and the shading of every pixel of the car."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from carvis.demo.atlas import WIDTH, Sheet

_TO_LINEAR = (np.arange(256) / 255.0) ** 2.2
_TO_LINEAR = _TO_LINEAR.astype(np.float32)
_ENV = 72


@dataclass(frozen=True)
class Light:
    """Colours of light, linear RGB: ``sky``, ``horizon`` and ``ground`` round the car, ``sun`` from ``direction``."""

    name: str
    sky: np.ndarray
    horizon: np.ndarray
    ground: np.ndarray
    sun: np.ndarray
    direction: np.ndarray
    dark: bool = False
    panels: bool = False
    skyline: np.ndarray = field(default_factory=lambda: np.full(16, 0.04, np.float32))


# name: sky, horizon, ground, sun, height of the sun in degrees, dark
_HOURS = {
    "noon": ((0.42, 0.62, 0.95), (0.90, 0.95, 1.0), (0.30, 0.29, 0.27), (2.1, 2.0, 1.8), (38, 68), False),
    "morning": ((0.50, 0.62, 0.85), (1.0, 0.93, 0.82), (0.28, 0.26, 0.24), (2.2, 1.85, 1.4), (18, 36), False),
    "evening": ((0.36, 0.40, 0.62), (1.0, 0.66, 0.42), (0.22, 0.18, 0.16), (2.0, 1.15, 0.6), (8, 20), False),
    "overcast": ((0.78, 0.82, 0.88), (0.80, 0.82, 0.85), (0.30, 0.30, 0.30), (0.35, 0.35, 0.35), (45, 80), False),
    "dusk": ((0.17, 0.22, 0.40), (0.50, 0.38, 0.40), (0.12, 0.12, 0.13), (0.42, 0.36, 0.32), (25, 60), True),
}
INDOOR = ((0.85, 0.87, 0.90), (0.42, 0.43, 0.45), (0.28, 0.28, 0.29), (0.75, 0.75, 0.75), (50, 80), False)
HOURS = list(_HOURS)


def make_light(hour: str, indoor: bool, camera_yaw: float, rng: np.random.Generator) -> Light:
    """Choose the light of an hour, the sun mostly on the camera's side of the car."""
    sky, horizon, ground, sun, heights, dark = INDOOR if indoor else _HOURS[hour]
    turn = np.deg2rad(camera_yaw + rng.uniform(-95, 95))
    height = np.deg2rad(rng.uniform(*heights))
    direction = np.array([np.cos(turn) * np.cos(height), np.sin(turn) * np.cos(height), np.sin(height)])
    gain = rng.uniform(0.85, 1.12)
    if indoor and hour == "dusk":  # a garage by night
        gain *= 0.5
    skyline = np.clip(np.repeat(rng.uniform(0.02, 0.22, 8), 2) + rng.normal(0, 0.01, 16), 0.01, 0.4)
    lit = [np.array(values, np.float32) * gain for values in (sky, horizon, ground, sun)]
    return Light(
        hour, lit[0], lit[1], lit[2], lit[3], direction.astype(np.float32), dark, indoor, skyline.astype(np.float32)
    )


def reflected_world(light: Light) -> np.ndarray:
    """The world round the car as a round map, float32 (72, 72, 3); see ``_env_pixels`` for its projection."""
    steps = (np.arange(_ENV) / (_ENV - 1) - 0.5) * 4
    x, y = np.meshgrid(steps, steps)
    reach = np.clip(x * x + y * y, 0, 3.999)
    z = 1 - reach / 2
    scale = np.sqrt(1 - reach / 4)
    x, y = x * scale, y * scale
    blend = np.clip(z, 0, 1)[..., None] ** 0.55
    above = light.horizon * (1 - blend) + light.sky * blend * (1.15 if not light.panels else 0.25)
    if light.panels:  # strips of lamps under the ceiling
        strip = (np.abs(y) / np.maximum(z, 0.05) % 1.1 < 0.36) & (z > 0.25)
        above = above + strip[..., None] * light.sky * 2.0
    around = (np.arctan2(y, x) / (2 * np.pi) * 16) % 16
    edge = np.interp(around, np.arange(17), np.append(light.skyline, light.skyline[0]))
    below = light.ground * (0.20 + 0.55 * np.clip(-z, 0, 1))[..., None]
    wall = 0.42 * light.horizon * 0.5 + 0.35 * light.ground
    rise = np.clip((z - edge) / 0.05 + 0.5, 0, 1)[..., None]
    floor = np.clip(z / 0.04 + 0.5, 0, 1)[..., None]
    world = floor * (rise * above + (1 - rise) * wall) + (1 - floor) * below
    alignment = x * light.direction[0] + y * light.direction[1] + z * light.direction[2]
    world = world + (np.clip(alignment, 0, 1) ** 60)[..., None] * light.sun * 1.2
    return cv2.GaussianBlur(world.astype(np.float32), (3, 3), 0)


def _look_up(world: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Sample the round map at unit directions (N, 3)."""
    spread = np.sqrt(2.0 / np.maximum(1 + directions[:, 2], 1e-3))
    columns = ((directions[:, 0] * spread) / 4 + 0.5) * (_ENV - 1)
    rows = ((directions[:, 1] * spread) / 4 + 0.5) * (_ENV - 1)
    return _remap(world, columns, rows, cv2.INTER_LINEAR)


def _remap(image: np.ndarray, columns: np.ndarray, rows: np.ndarray, method: int) -> np.ndarray:
    count = len(columns)
    width = 256
    height = -(-count // width)
    places = np.zeros((2, height * width), np.float32)
    places[0, :count], places[1, :count] = columns, rows
    maps = places.reshape(2, height, width)
    mapped = cv2.remap(image, maps[0], maps[1], method, borderMode=cv2.BORDER_REPLICATE)
    return mapped.reshape(height * width, *image.shape[2:])[:count]


def dirt_noise() -> np.ndarray:
    """A fixed tile of soft spots, float32 (256, 256) in [0, 1]."""
    rng = np.random.default_rng(7)
    total = np.zeros((256, 256), np.float32)
    for cells, weight in ((8, 0.35), (32, 0.35), (96, 0.3)):
        tile = rng.random((cells, cells), np.float32)
        total += weight * cv2.resize(np.pad(tile, 1, "wrap"), (256, 256), interpolation=cv2.INTER_CUBIC)
    return np.clip((total - total.min()) / np.ptp(total), 0, 1)


_DIRT = dirt_noise()
_MUD = np.array([0.20, 0.155, 0.115], np.float32)


def look_up_sheet(sheet: Sheet, uv: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colour (N, 4), surface (N, 3) and label (N,), uint8, of a sheet (or one of half size) at atlas pixels (N, 2)."""
    shrink = WIDTH / sheet.label.shape[1]
    columns, rows = ((uv + 0.5) / shrink - 0.5).T
    return (
        _remap(sheet.colour, columns, rows, cv2.INTER_LINEAR),
        _remap(sheet.surface, columns, rows, cv2.INTER_LINEAR),
        _remap(sheet.label, columns, rows, cv2.INTER_NEAREST),
    )


@dataclass(frozen=True)
class Finish:
    """The car's paint (display RGB 0..255), how metallic (0..1) and how dirty (0..1) it is."""

    paint: tuple[float, float, float]
    metallic: float
    dirt: float


def shade(
    colour: np.ndarray,
    surface: np.ndarray,
    points: np.ndarray,
    normals: np.ndarray,
    uv: np.ndarray,
    eye: np.ndarray,
    light: Light,
    finish: Finish,
) -> np.ndarray:
    """Colour pixels of the car.

    Args:
        colour, surface: averages of the sheet's layers over each of N pixels, float32 in 0..1.
        points, normals, uv: where the pixels lie on the car; ``eye`` is the camera's place.

    Returns:
        float32 (N, 3), display RGB in 0..255.
    """
    share = colour[:, 3:]
    albedo = colour[:, :3] + np.array(finish.paint, np.float32) / 255 * share
    albedo = _TO_LINEAR.take(np.clip(albedo * 255, 0, 255).astype(np.uint8))
    mirror, gloss, glow = surface.T
    normals = normals / np.maximum(np.sqrt((normals * normals).sum(1, keepdims=True)), 1e-6)
    view = eye.astype(np.float32) - points
    view /= np.sqrt((view * view).sum(1, keepdims=True))
    facing = np.clip((normals * view).sum(1), 0, 1)
    mirrored = 2 * facing[:, None] * normals - view

    if finish.dirt > 0.05:
        # Mud thrown up from below and a film of dust on what faces up, broken by soft spots.
        spots = _DIRT[(uv[:, 1] * 0.7).astype(np.int32) & 255, (uv[:, 0] * 0.7).astype(np.int32) & 255]
        height = points[:, 2]
        mud = np.clip((0.75 - height) * 1.5 + (spots - 0.5) * 0.9, 0, 1)
        film = np.clip(0.30 + 0.35 * spots - 0.15 * height, 0, 1)
        cover = np.clip(finish.dirt * (0.85 * mud + 0.42 * film), 0, 0.86)[:, None]
        albedo += (_MUD - albedo) * cover
        clean = 1 - cover[:, 0]
        mirror, gloss, glow, share = mirror * clean, gloss * clean, glow * clean, share * clean[:, None]

    bright, low = 0.55 * light.sky + 0.45 * light.horizon, 0.5 * light.ground
    # Low and downward surfaces see less of the sky.
    open_sky = np.clip(0.45 + 0.9 * points[:, 2:], 0.4, 1.0)
    ambient = (low + (bright - low) * (normals[:, 2:] * 0.5 + 0.5)) * (0.64 * open_sky)
    lambert = np.maximum(normals @ light.direction, 0)[:, None]
    alignment = np.maximum(mirrored @ light.direction, 0)[:, None]
    ambient += light.sun * (0.80 * lambert + (alignment * alignment * alignment) ** 2 * share * (0.6 * finish.metallic))
    shaded = albedo * ambient
    graze = 1 - facing
    graze = (0.8 * graze * (graze * graze) ** 2)[:, None]
    fresnel = mirror[:, None] * (1 - graze) + gloss[:, None] * graze
    shaded += (
        _look_up(reflected_world(light), mirrored)
        * fresnel
        * np.clip(1.15 + normals[:, 2:] * 1.4, 0.1, 1)
        * (0.5 + 0.5 * open_sky)
    )
    for _ in range(8):
        alignment = alignment * alignment
    shaded += alignment * gloss[:, None] * light.sun * (0.1 if light.dark else 0.9)
    shaded += albedo * (glow * (1.5 if light.dark else 0.8))[:, None]
    return display(shaded)


_STEPS = 4096
# The table is finer in the shadows, where the curve is steep.
_CURVE = 6 * np.linspace(0, 1, _STEPS) ** 2
_CURVE = _CURVE * (1 + _CURVE / 6.0) / (1 + 0.52 * _CURVE)
_CURVE = (255 * np.clip(_CURVE, 0, 1) ** (1 / 2.2)).astype(np.float32)


def display(colour: np.ndarray) -> np.ndarray:
    """Linear light to display values 0..255 with soft highlights."""
    steps = np.sqrt(np.clip(colour, 0, 6) / 6) * (_STEPS - 1)
    return _CURVE.take(steps.astype(np.int32))


__all__ = ["HOURS", "Finish", "Light", "display", "look_up_sheet", "make_light", "shade"]
