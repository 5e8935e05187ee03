"""One image of a car: everything that does not depend on the class is drawn by lot, then the scene is rendered."""

import zlib
from collections.abc import Sequence

import cv2
import numpy as np

from carvis.demo.backdrops import OUTDOORS
from carvis.demo.bodies import BODY_SPECS
from carvis.demo.camera import Camera
from carvis.demo.canvas import SIZE, Canvas
from carvis.demo.car import FULL, draw_layers
from carvis.demo.effects import OCCLUDERS, develop, occlude
from carvis.demo.interiors import INDOORS
from carvis.demo.light import HOURS, Light, make_light
from carvis.demo.shell import Shell, shell

BACKDROPS = [*OUTDOORS, "garage", "studio"]
# Paint as display RGB, how metallic; the same list for every class.
PAINTS = (
    ((236, 238, 240), 0.1),
    ((186, 190, 196), 0.9),
    ((92, 97, 104), 0.9),
    ((26, 27, 31), 0.5),
    ((172, 24, 28), 0.4),
    ((96, 16, 26), 0.7),
    ((24, 62, 138), 0.6),
    ((92, 140, 186), 0.5),
    ((18, 76, 60), 0.6),
    ((132, 148, 96), 0.3),
    ((222, 176, 44), 0.2),
    ((206, 92, 32), 0.4),
    ((186, 164, 130), 0.6),
    ((94, 68, 52), 0.7),
)
_TINTS = {
    "noon": (1, 1, 1),
    "morning": (1.03, 0.98, 0.90),
    "evening": (0.96, 0.80, 0.68),
    "overcast": (0.86, 0.88, 0.90),
    "dusk": (0.42, 0.44, 0.56),
}
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def choose(rng: np.random.Generator) -> dict:
    """Draw by lot all that is independent of the class."""
    lot = rng.random
    hour = str(rng.choice(HOURS, p=[0.30, 0.20, 0.16, 0.22, 0.12]))
    far = lot() < 0.14
    rgb, metallic = PAINTS[rng.integers(len(PAINTS))]
    letters = "".join(rng.choice(list(_LETTERS), 4))
    digits = "".join(str(digit) for digit in rng.integers(0, 10, 4))
    plates = (f"{letters[:2]} {digits}", f"{digits[:3]} {letters[:3]}", f"{letters[:2]} {digits[:2]} {letters[2:]}")
    return {
        "hour": hour,
        "backdrop": str(rng.choice(BACKDROPS)),
        "yaw": float(np.clip(rng.normal(0, 6) if lot() < 0.32 else rng.uniform(-45, 45), -45, 45)),
        "distance": float(rng.uniform(5.2, 9.5)),
        "height": float(rng.uniform(0.85, 2.1)),
        "roll": float(rng.normal(0, 1.1)),
        "fill": float(rng.uniform(0.40, 0.56) if far else rng.uniform(0.68, 1.0)),
        "offset": tuple(float(value) for value in rng.uniform(-1, 1, 2)),
        "paint": tuple(float(value) for value in np.clip(np.array(rgb) + rng.normal(0, 7, 3), 8, 248)),
        "metallic": metallic,
        "dirt": float(rng.uniform(0.35, 0.95)) if lot() < 0.25 else float(rng.uniform(0, 0.2)),
        "plate": plates[rng.integers(3)],
        "plate_style": int(rng.choice(4, p=[0.55, 0.2, 0.15, 0.10])),
        "rim": int(rng.integers(4)),
        "bright_rim": bool(lot() < 0.7),
        "beam": bool(lot() < 0.35),
        "wet": bool(lot() < 0.16),
        "occluder": str(rng.choice(list(OCCLUDERS))) if lot() < 0.24 else None,
        "depth_blur": float(rng.uniform(0.5, 1.7)),
        "look": {
            "haze": float(rng.uniform(0.10, 0.34)) if lot() < 0.08 else 0.0,
            "rain": bool(lot() < 0.05),
            "gain": float(np.exp(rng.normal(0, 0.10))),
            "contrast": float(rng.uniform(0.84, 1.12)),
            "cast": [float(value) for value in 1 + rng.normal(0, 0.025, 3)],
            "blur": float(rng.uniform(0.8, 1.7)) if lot() < 0.16 else 0.0,
            "motion": float(rng.uniform(3, 7)) if lot() < 0.05 else 0.0,
            "noise": float(rng.uniform(4, 9)) if lot() < 0.15 else float(rng.uniform(0.5, 2.5)),
            "vignette": float(rng.uniform(0, 0.4)),
        },
        "quality": int(rng.integers(74, 95)),
    }


def _camera(lot: dict, parts: Shell) -> Camera:
    width, height = FULL * lot["fill"] * 0.94, FULL * lot["fill"] * 0.80
    dx, dy = lot["offset"]
    spare = FULL * (1.06 - lot["fill"]) * 0.5
    target = (FULL / 2 + dx * spare * 0.9, FULL * 0.545 + dy * spare * 0.5)
    return Camera.aim(lot["yaw"], lot["distance"], lot["height"], lot["roll"], parts.box, (width, height), target)


def _backdrop(kind: str, camera: Camera, light: Light, lot: dict, rng: np.random.Generator) -> np.ndarray:
    tint = np.array(_TINTS[lot["hour"]], np.float32)
    if kind in INDOORS:
        tint = np.full(3, 0.62 if light.dark or lot["hour"] == "dusk" else 1.0, np.float32) * rng.uniform(0.92, 1.06)
    canvas = Canvas(camera, SIZE / FULL, tint)
    (OUTDOORS | INDOORS)[kind](canvas, lot["hour"], rng)
    return cv2.GaussianBlur(canvas.image, (0, 0), lot["depth_blur"]).astype(np.float32)


def _shadow(camera: Camera, parts: Shell, light: Light, wheels: list[np.ndarray]) -> np.ndarray:
    """How much light reaches the ground, float32 (256, 256) in [0, 1]."""

    def fill(polygons: list[np.ndarray], blur: float) -> np.ndarray:
        mask = np.zeros((SIZE // 2, SIZE // 2), np.uint8)
        for points in polygons:
            outline = camera.polygon(points)
            if outline is not None:
                hull = cv2.convexHull(np.clip(outline / 4, -1000, 1000).astype(np.float32))
                cv2.fillPoly(mask, [np.round(hull * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return cv2.GaussianBlur(mask, (0, 0), blur).astype(np.float32) / 255

    flat = parts.footprint * [0.97, 0.94, 0]
    metre = float(camera.focal / 4 / np.linalg.norm(camera.position))
    dark = 0.80 * fill([flat], 0.055 * metre + 0.3) ** 0.8 + 0.30 * fill([flat * [1.07, 1.14, 0]], 0.16 * metre + 0.5)
    dark = np.maximum(dark, 0.85 * fill(wheels, 0.03 * metre + 0.3))
    if not light.panels and light.sun.max() > 0.6:
        slope = light.direction[:2] / max(light.direction[2], 0.36)
        cast = parts.silhouette.copy()
        cast[:, :2] -= cast[:, 2:] * slope
        cast[:, 2] = 0
        hull = cv2.convexHull(cast[:, :2].astype(np.float32))[:, 0]
        cast = np.concatenate([hull, np.zeros((len(hull), 1), np.float32)], 1)
        dark = np.maximum(dark, 0.55 * fill([cast], 0.03 * metre + 0.3))
    return cv2.resize(1 - np.clip(dark, 0, 0.9), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)


def _reflect(image: np.ndarray, car: np.ndarray, strength: float) -> np.ndarray:
    """Mirror the car in a glossy or wet floor, each column about the lowest pixel of the car in it."""
    columns = np.flatnonzero(car.any(0))
    foot = SIZE - 1 - car[::-1, columns].argmax(0)
    # Wheels and sill meet the floor at different depths; the smoothed line hides the steps between them.
    foot = cv2.blur(foot.astype(np.float32)[None], (5, 1))[0]
    depth = np.arange(1, 46)[:, None]
    below, above = (foot + depth).astype(int), (foot - depth).astype(int)
    rows, at = np.nonzero((below < SIZE) & (above >= 0))
    source, target = (above[rows, at], columns[at]), (below[rows, at], columns[at])
    layer: np.ndarray = np.zeros((SIZE, SIZE, 4), np.float32)
    layer[target] = np.concatenate([image[source], np.ones((len(rows), 1), np.float32)], 1)
    layer[target] *= (strength * (1 - rows / 46) * car[source])[:, None]
    layer = cv2.blur(layer, (3, 4))
    layer[car] = 0
    return image * (1 - layer[..., 3:]) + layer[..., :3]


def render(make: str, body: str, lamps: str, lot: dict, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Render a scene whose lots are drawn: uint8 image (256, 256, 3) and mask (256, 256)."""
    parts, spec = shell(body), BODY_SPECS[body]
    camera = _camera(lot, parts)
    kind = lot["backdrop"]
    light = make_light(lot["hour"], kind in INDOORS, lot["yaw"], rng)
    image = _backdrop(kind, camera, light, lot, rng)
    patch = np.array([(-0.14, -0.1, 0.0), (0.14, -0.1, 0.0), (0.14, 0.1, 0.0), (-0.14, 0.1, 0.0)])
    track = spec.half_width - 0.14
    patches = [patch + np.array([x, side * track, 0]) for x in spec.wheels for side in (1, -1)]
    image *= _shadow(camera, parts, light, patches)[..., None]
    car, cover, mask = draw_layers(make, body, lamps, lot, camera, parts, light)
    image += (car - image) * cover[..., None]
    strength = {"studio": 0.25, "showroom": 0.35, "garage": 0.22}.get(kind, 0.32 if lot["wet"] else 0.0)
    if strength:
        image = _reflect(image, cover > 0.5, strength)
    if lot["occluder"]:
        tint = np.array(_TINTS[lot["hour"]], np.float32)
        image = occlude(image, mask, lot["occluder"], tint * np.float32(0.92), rng)
    return develop(image, lot["look"], rng), mask


def draw_car(
    make: str,
    body: str,
    seed: int | Sequence[int],
    *,
    backdrop: str | None = None,
    lamps: str | None = None,
    **fixed: object,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one car.

    Args:
        make, body: names from ``MAKES`` or ``OTHER_MAKES``, and ``BODIES``.
        seed: an integer or a sequence of them; the same seed gives the same image.
        backdrop: one of the kinds of backdrop instead of the drawn one.
        lamps: the style of the headlamps instead of the body's own.
        fixed: any other lot of the scene, such as ``yaw=0`` or ``paint=(200, 30, 30)``, set instead of drawn.

    Returns:
        image uint8 (256, 256, 3) RGB, and mask uint8 (256, 256) of indices into ``PARTS``.
    """
    rng = np.random.default_rng(seed)
    lot = choose(rng) | fixed
    if backdrop is not None:
        lot["backdrop"] = backdrop
    return render(make, body, lamps or BODY_SPECS[body].lamps, lot, rng)


def seed_of(*parts: object) -> list[int]:
    """A seed from names and numbers, the same on every machine."""
    text = "\x1f".join(map(str, parts)).encode()
    return [zlib.crc32(text), zlib.adler32(text), len(text)]
