"""What lies between the car and the file: things in front of it, blur, haze, rain, exposure, noise."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike

from carvis.demo.canvas import SIZE, mix, vary

Points = Sequence[tuple[float, float]]


class _Layer:
    """Things in front of the car, as colour and cover."""

    def __init__(self) -> None:
        self.rgb = np.zeros((SIZE, SIZE, 3), np.uint8)
        self.cover = np.zeros((SIZE, SIZE), np.uint8)

    def polygon(self, points: ArrayLike, rgb: ArrayLike) -> None:
        fixed = [np.round(np.asarray(points, np.float64) * 16).astype(np.int32)]
        colour = tuple(np.asarray(rgb, np.float64).tolist())
        # The colour reaches a little beyond the cover, so that soft edges do not turn dark.
        cv2.polylines(self.rgb, fixed, True, colour, 3, cv2.LINE_8, 4)
        cv2.fillPoly(self.rgb, fixed, colour, cv2.LINE_8, 4)
        cv2.fillPoly(self.cover, fixed, 255, cv2.LINE_AA, 4)

    def blob(self, x: float, y: float, rx: float, ry: float, rgb: ArrayLike, turn: float = 0.0) -> None:
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        u, v = rx * np.cos(angle), ry * np.sin(angle)
        self.polygon(
            np.stack([x + u * np.cos(turn) - v * np.sin(turn), y + u * np.sin(turn) + v * np.cos(turn)], 1), rgb
        )


def _post(layer: _Layer, rng: np.random.Generator) -> None:
    x, width = rng.uniform(30, 226), rng.uniform(7, 15)
    tone = vary(((96, 100, 104), (140, 118, 90), (60, 64, 66), (170, 170, 168))[rng.integers(4)], rng, 8)
    tilt = rng.normal(0, 2)
    for part in range(5):
        left, right = x + width * part / 5, x + width * (part + 1) / 5
        shade = tone * (0.7 + 0.5 * np.sin(np.pi * (part + 1.0) / 6))
        layer.polygon([(left + tilt, -2), (right + tilt, -2), (right, 258), (left, 258)], shade)
    if rng.random() < 0.4:
        layer.polygon(
            [(x + tilt - 2, 40), (x + tilt + width + 2, 40), (x + tilt + width + 2, 62), (x + tilt - 2, 62)],
            vary((200, 60, 50), rng, 10),
        )


def _branch(layer: _Layer, rng: np.random.Generator) -> None:
    side = rng.choice([-1, 1])
    x, y = (0 if side > 0 else SIZE), rng.uniform(0, 120)
    leaf = vary((72, 112, 48), rng, 12)
    for _ in range(rng.integers(2, 4)):
        angle = rng.uniform(0.0, 0.8)
        length = rng.uniform(70, 150)
        ends = np.array([(x + side * length * t * np.cos(angle), y + length * t * np.sin(angle)) for t in (0, 1)])
        normal = np.array([-np.sin(angle), side * np.cos(angle)]) * 1.6
        layer.polygon(
            [ends[0] - normal, ends[0] + normal, ends[1] + normal * 0.4, ends[1] - normal * 0.4], (82, 64, 46)
        )
        for t in rng.uniform(0.15, 1.05, 16):
            px, py = ends[0] + t * (ends[1] - ends[0]) + rng.normal(0, 6, 2)
            layer.blob(
                px, py, rng.uniform(5, 9), rng.uniform(2.2, 3.8), leaf * rng.uniform(0.65, 1.25), rng.uniform(0, 3)
            )


def _neighbour(layer: _Layer, rng: np.random.Generator) -> None:
    """The tail of another car reaching into the image."""
    side = rng.choice([-1, 1])
    tone = vary(((168, 34, 34), (38, 62, 120), (206, 208, 210), (54, 56, 60), (120, 130, 110))[rng.integers(5)], rng, 8)
    reach, top = rng.uniform(34, 74), rng.uniform(110, 150)

    def at(points: Points) -> Points:
        return [((u * reach if side > 0 else SIZE - u * reach), top + v * (250 - top)) for u, v in points]

    layer.polygon(at([(-0.2, 0.9), (0.72, 0.9), (0.72, 1.05), (-0.2, 1.05)]), (30, 30, 32))
    layer.polygon(
        at([(-0.2, 0), (0.45, 0.0), (0.62, 0.08), (0.86, 0.36), (1.0, 0.46), (1.0, 0.8), (0.92, 0.93), (-0.2, 0.93)]),
        tone,
    )
    layer.polygon(at([(-0.2, 0.05), (0.43, 0.05), (0.57, 0.11), (0.76, 0.35), (-0.2, 0.35)]), (44, 54, 62))
    layer.polygon(at([(0.78, 0.44), (1.0, 0.47), (1.0, 0.64), (0.84, 0.62)]), (176, 40, 36))
    layer.polygon(at([(-0.2, 0.74), (0.99, 0.74), (0.99, 0.77), (-0.2, 0.77)]), tone * 0.7)


def _person(layer: _Layer, rng: np.random.Generator) -> None:
    """Somebody walking past, seen from behind the shoulder."""
    x, tall = rng.uniform(20, 236), rng.uniform(150, 220)
    foot = rng.uniform(235, 290)
    coat, legs = vary((70, 74, 92), rng, 30), vary((46, 46, 54), rng, 12)
    skin = vary((196, 156, 128), rng, 20)

    def at(points: Points) -> Points:
        return [(x + u * tall, foot - v * tall) for u, v in points]

    layer.polygon(at([(-0.09, 0.48), (-0.005, 0.48), (-0.04, 0.02), (-0.10, 0.02)]), legs)
    layer.polygon(at([(0.0, 0.48), (0.09, 0.48), (0.11, 0.02), (0.05, 0.02)]), legs * 0.85)
    layer.polygon(at([(-0.12, 0.80), (-0.06, 0.835), (0.06, 0.835), (0.12, 0.80), (0.115, 0.44), (-0.115, 0.44)]), coat)
    layer.polygon(at([(-0.115, 0.80), (-0.15, 0.62), (-0.14, 0.44), (-0.10, 0.44), (-0.10, 0.7)]), coat * 0.85)
    layer.polygon(at([(0.115, 0.80), (0.15, 0.62), (0.14, 0.44), (0.10, 0.44), (0.10, 0.7)]), coat * 0.8)
    layer.blob(x, foot - 0.92 * tall, 0.058 * tall, 0.075 * tall, skin)
    layer.blob(x, foot - 0.945 * tall, 0.062 * tall, 0.062 * tall, vary((60, 46, 36), rng, 16))


OCCLUDERS = {"post": _post, "branch": _branch, "neighbour": _neighbour, "person": _person}


def occlude(image: np.ndarray, mask: np.ndarray, kind: str, tint: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put something before the car; what it hides becomes background in ``mask``.

    Args:
        image: float32 (256, 256, 3). mask: uint8 (256, 256), changed in place.
    """
    layer = _Layer()
    OCCLUDERS[kind](layer, rng)
    blur = rng.uniform(0.3, 1.2)
    rgb = cv2.GaussianBlur(layer.rgb, (0, 0), blur).astype(np.float32)
    cover = cv2.GaussianBlur(layer.cover, (0, 0), blur).astype(np.float32)[..., None] / 255
    mask[cover[..., 0] > 0.5] = 0
    return image * (1 - cover) + rgb * tint * cover


def develop(image: np.ndarray, settings: dict, rng: np.random.Generator) -> np.ndarray:
    """From the scene to the image: haze, rain, exposure, colour cast, blur and noise.

    Args:
        image: float32 (256, 256, 3) in 0..255.
        look: ``haze`` 0..1, ``rain`` bool, ``gain``, ``contrast``, ``cast`` (3,), ``blur`` pixels, ``motion``
            pixels, ``noise`` grey levels, ``vignette`` 0..1.

    Returns:
        uint8 (256, 256, 3).
    """
    if settings["haze"] > 0:
        image = mix(image, (206, 210, 214), settings["haze"])
    if settings["rain"]:
        drops = np.zeros((SIZE, SIZE), np.uint8)
        slant = rng.uniform(-5, 5)
        for x, y, run in rng.uniform([-10, -10, 6], [266, 256, 16], (90, 3)):
            cv2.line(drops, (int(x), int(y)), (int(x + slant * run / 10), int(y + run)), 120, 1, cv2.LINE_AA)
        image = image + (cv2.GaussianBlur(drops, (3, 3), 0).astype(np.float32) * 0.45)[..., None]
    if settings["motion"] > 1:
        kernel = np.zeros((1, int(settings["motion"]) | 1), np.float32) + 1
        image = cv2.filter2D(image, -1, kernel / kernel.size, borderType=cv2.BORDER_REFLECT)
    if settings["blur"] > 0.2:
        image = cv2.GaussianBlur(image, (0, 0), settings["blur"])
    middle = np.float32(118)
    image = (image - middle) * settings["contrast"] + middle
    image *= (settings["gain"] * np.asarray(settings["cast"])).astype(np.float32)
    if settings["vignette"] > 0:
        steps = np.linspace(-1, 1, SIZE, dtype=np.float32) ** 2
        image *= (1 - settings["vignette"] * 0.5 * (steps[:, None] + steps[None]))[..., None]
    if settings["noise"] > 0:
        grain = rng.standard_normal((SIZE, SIZE, 1), np.float32) * np.float32(0.8 * settings["noise"])
        tinted = rng.standard_normal((SIZE // 2, SIZE // 2, 3), np.float32) * np.float32(0.6 * settings["noise"])
        image = image + (grain + cv2.resize(tinted, (SIZE, SIZE)))
    return np.clip(np.round(image), 0, 255).astype(np.uint8)
