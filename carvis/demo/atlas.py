"""One sheet of texture for the whole car: where each zone lies on it, and how to draw on it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

HEIGHT, WIDTH = 632, 1280
# Texels a metre and extents of each zone.
FRONT_REACH, FRONT_SCALE, FRONT_TOP = 1.22, 240, 1.25
SIDE_SCALE = 155
CABIN_REACH, CABIN_SCALE = 1.12, 200
CABIN_Y, CABIN_H = 298, 156
CABIN_SIDE_SCALE = 150
BONNET_Y, BONNET_H = 464, 160
WHEEL = (1130, 410, 100)
SOLIDS = {name: (1020 + 24 * i, 540) for i, name in enumerate(("paint", "black", "rubber", "rail", "glass"))}

BACKGROUND, BODY, WINDSCREEN, GRILLE, LAMPS, EMBLEM, PLATE, WHEELS = range(8)
PARTS = ["background", "body", "windscreen", "grille", "lamps", "emblem", "plate", "wheels"]


def _stack(x: ArrayLike, y: ArrayLike) -> np.ndarray:
    return np.stack(np.broadcast_arrays(np.asarray(x, np.float32), np.asarray(y, np.float32)), -1)


def front(u: ArrayLike, z: ArrayLike) -> np.ndarray:
    """Atlas pixels of the hull's front: ``u`` metres along the outline from the middle, ``z`` above the ground."""
    return _stack(300 + FRONT_SCALE * np.asarray(u), 2 + FRONT_SCALE * (FRONT_TOP - np.asarray(z)))


def side(u: ArrayLike, z: ArrayLike) -> np.ndarray:
    """Atlas pixels of the hull's side, the same for left and right."""
    return _stack(610 + SIDE_SCALE * (np.asarray(u) - 0.9), 2 + FRONT_SCALE * (FRONT_TOP - np.asarray(z)))


def cabin_front(u: ArrayLike, t: ArrayLike) -> np.ndarray:
    """Atlas pixels of the windscreen's side of the cabin: ``t`` from the belt (0) to the roof's edge (1)."""
    return _stack(240 + CABIN_SCALE * np.asarray(u), CABIN_Y + CABIN_H * (1 - np.asarray(t)))


def cabin_side(u: ArrayLike, t: ArrayLike) -> np.ndarray:
    """Atlas pixels of the cabin's side windows."""
    return _stack(490 + CABIN_SIDE_SCALE * (np.asarray(u) - 0.8), CABIN_Y + CABIN_H * (1 - np.asarray(t)))


def bonnet(u: ArrayLike, t: ArrayLike) -> np.ndarray:
    """Atlas pixels of the bonnet: ``t`` from its leading edge (0) to the windscreen (1)."""
    return _stack(300 + FRONT_SCALE * np.asarray(u), BONNET_Y + BONNET_H * (1 - np.asarray(t)))


def wheel(across: ArrayLike, up: ArrayLike) -> np.ndarray:
    """Atlas pixels of a wheel's face, both coordinates in shares of the tyre's radius."""
    return _stack(WHEEL[0] + WHEEL[2] * np.asarray(across), WHEEL[1] - WHEEL[2] * np.asarray(up))


def solid(name: str) -> np.ndarray:
    """Atlas pixel in the middle of a plain patch."""
    return np.array(SOLIDS[name], np.float32) + 10


@dataclass(frozen=True)
class Material:
    """How a surface takes light.

    ``paint``: share of the car's paint in its colour; ``mirror``: reflection seen head on; ``gloss``: strength of
    reflections; ``glow``: light of its own.
    """

    paint: float = 0.0
    mirror: float = 0.04
    gloss: float = 0.0
    glow: float = 0.0


PAINT = Material(paint=1.0, mirror=0.05, gloss=1.0)
PLASTIC = Material(mirror=0.03, gloss=0.18)
GLOSSY = Material(mirror=0.05, gloss=0.8)
CHROME = Material(mirror=0.62, gloss=1.0)
GLASS = Material(mirror=0.08, gloss=1.0)
RUBBER = Material(gloss=0.0)
LENS = Material(mirror=0.05, gloss=0.7)
LIGHT = Material(mirror=0.04, gloss=0.5, glow=1.0)


def _finish(material: Material) -> np.ndarray:
    return 255 * np.array([material.mirror * material.gloss, material.gloss, material.glow], np.float32)


class Sheet:
    """The atlas as layers, all uint8.

    ``colour`` (H, W, 4): display RGB times the share that is not paint, and the share of paint; ``surface`` (H, W, 3):
    mirror times gloss, gloss, glow; ``label`` (H, W): part. All layers but the label may be averaged.
    """

    def __init__(self, shape: tuple[int, int] = (HEIGHT, WIDTH)):
        self.colour: np.ndarray = np.zeros((*shape, 4), np.uint8)
        self.surface: np.ndarray = np.zeros((*shape, 3), np.uint8)
        self.label: np.ndarray = np.full(shape, BODY, np.uint8)
        self.fill_all(PAINT)

    def fill_all(self, material: Material) -> None:
        """Fill the whole sheet with a material."""
        self.colour[...] = (*(round(128 * (1 - material.paint)),) * 3, round(255 * material.paint))
        self.surface[...] = np.round(_finish(material))

    def copy(self) -> "Sheet":
        """Return a sheet that can be drawn on without changing this one."""
        other = Sheet.__new__(Sheet)
        other.colour, other.surface, other.label = self.colour.copy(), self.surface.copy(), self.label.copy()
        return other

    def stamp(
        self, mask: np.ndarray, x: int, y: int, rgb: ArrayLike, material: Material, label: int | None = None
    ) -> None:
        """Lay a colour on through a mask, uint8 (h, w), whose top left lies at (x, y)."""
        top, left = max(y, 0), max(x, 0)
        bottom, right = min(y + mask.shape[0], self.label.shape[0]), min(x + mask.shape[1], self.label.shape[1])
        if bottom <= top or right <= left:
            return
        part = (slice(top, bottom), slice(left, right))
        inner = (slice(top - y, bottom - y), slice(left - x, right - x))
        mask = mask[inner]
        weight = mask[..., None].astype(np.float32) / 255
        tone = np.asarray(rgb, np.float32)
        tone = tone[inner] if tone.ndim == 3 else tone
        colour = np.concatenate(
            [
                np.broadcast_to(tone * (1 - material.paint), (*mask.shape, 3)),
                np.full((*mask.shape, 1), 255 * material.paint, np.float32),
            ],
            axis=2,
        )
        surface = _finish(material)
        self.colour[part] = self.colour[part] * (1 - weight) + colour * weight + 0.5
        self.surface[part] = self.surface[part] * (1 - weight) + surface * weight + 0.5
        if label is not None:
            self.label[part][mask > 127] = label

    def polygon(self, points: np.ndarray, rgb: ArrayLike, material: Material, label: int | None = None) -> None:
        """Fill a polygon (N, 2) in atlas pixels."""
        mask, x, y = polygon_mask(points)
        self.stamp(mask, x, y, rgb, material, label)

    def line(
        self,
        points: np.ndarray,
        width: float,
        rgb: ArrayLike,
        material: Material,
        label: int | None = None,
        closed: bool = False,
    ) -> None:
        """Draw a line through points (N, 2) in atlas pixels."""
        mask, x, y = line_mask(points, width, closed)
        self.stamp(mask, x, y, rgb, material, label)

    def disc(
        self, centre: ArrayLike, radius: float, rgb: ArrayLike, material: Material, label: int | None = None
    ) -> None:
        """Fill a disc."""
        angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        self.polygon(np.asarray(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], 1), rgb, material, label)


def polygon_mask(points: np.ndarray, pad: int = 2) -> tuple[np.ndarray, int, int]:
    """Rasterise a polygon with smooth edges: its mask and where the mask's top left lies."""
    points = np.asarray(points, np.float64)
    corner = np.floor(points.min(0)).astype(int) - pad
    size = np.ceil(points.max(0)).astype(int) + pad - corner + 1
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillPoly(mask, [np.round((points - corner) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask, int(corner[0]), int(corner[1])


def line_mask(points: np.ndarray, width: float, closed: bool = False) -> tuple[np.ndarray, int, int]:
    """Rasterise a line of ``width`` pixels with smooth edges."""
    points = np.asarray(points, np.float64)
    scale = 4
    pad = int(np.ceil(width)) + 2
    corner = np.floor(points.min(0)).astype(int) - pad
    size = np.ceil(points.max(0)).astype(int) + pad - corner + 1
    mask = np.zeros((size[1] * scale, size[0] * scale), np.uint8)
    path = np.round((points - corner) * scale * 16).astype(np.int32)
    cv2.polylines(mask, [path], closed, 255, max(1, round(width * scale)), cv2.LINE_8, 4)
    return cv2.resize(mask, (size[0], size[1]), interpolation=cv2.INTER_AREA), int(corner[0]), int(corner[1])
