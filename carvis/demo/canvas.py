"""Small drawing aids for backdrops: smooth polygons, gradients and places on the ground seen by the camera."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import ArrayLike

from carvis.demo.camera import Camera

SIZE = 256


def mix(a: ArrayLike, b: ArrayLike, t: float) -> np.ndarray:
    """The colour a share ``t`` of the way from ``a`` to ``b``."""
    return np.asarray(a, np.float32) * (1 - t) + np.asarray(b, np.float32) * t


def vary(rgb: ArrayLike, rng: np.random.Generator, spread: float = 12.0) -> np.ndarray:
    """A colour a little lighter or darker and a little warmer or cooler."""
    return np.clip(np.asarray(rgb, np.float32) + rng.normal(0, spread) + rng.normal(0, spread / 4, 3), 0, 255)


class Canvas:
    """A backdrop in the making: ``image`` uint8 (256, 256, 3), the camera, and the horizon's row."""

    def __init__(self, camera: Camera, scale: float, tint: np.ndarray):
        self.image = np.zeros((SIZE, SIZE, 3), np.uint8)
        self.camera, self.scale, self.tint = camera, scale, tint
        self.horizon = camera.horizon * scale
        ahead = camera.axes[2].copy()
        ahead[2] = 0
        self.ahead = ahead / np.linalg.norm(ahead)
        self.right = np.array([self.ahead[1], -self.ahead[0], 0.0])

    def colour(self, rgb: ArrayLike) -> tuple[float, ...]:
        """A colour under the hour's light."""
        return tuple(float(value) for value in np.clip(np.asarray(rgb, np.float32) * self.tint, 0, 255))

    def gradient(self, top: float, bottom: float, first: ArrayLike, last: ArrayLike, power: float = 1.0) -> None:
        """Fill rows ``top`` to ``bottom`` from one colour to another."""
        start, stop = max(0, int(np.floor(top))), min(SIZE, int(np.ceil(bottom)))
        if stop <= start:
            return
        t = np.clip((np.arange(start, stop) - top) / max(bottom - top, 1e-3), 0, 1) ** power
        begin, end = np.array(self.colour(first)), np.array(self.colour(last))
        self.image[start:stop] = (begin + (end - begin) * t[:, None])[:, None]

    def polygon(self, points: ArrayLike, rgb: ArrayLike) -> None:
        """Fill a polygon given in pixels."""
        pixels = np.clip(np.asarray(points, np.float64), -4000, 4000)
        cv2.fillPoly(self.image, [np.round(pixels * 16).astype(np.int32)], self.colour(rgb), cv2.LINE_AA, 4)

    def box(self, left: float, top: float, right: float, bottom: float, rgb: ArrayLike) -> None:
        """Fill a rectangle."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], rgb)

    def blob(self, x: float, y: float, rx: float, ry: float, rgb: ArrayLike) -> None:
        """Fill an ellipse."""
        centre, axes = (round(x * 16), round(y * 16)), (round(max(rx, 0.3) * 16), round(max(ry, 0.3) * 16))
        cv2.ellipse(self.image, centre, axes, 0, 0, 360, self.colour(rgb), -1, cv2.LINE_AA, 4)

    def place(self, back: float, across: float, up: float = 0.0) -> np.ndarray:
        """A point in the world: metres behind the car as the camera sees it, to the right, and up."""
        return self.ahead * back + self.right * across + [0, 0, up]

    def pixel(self, back: float, across: float, up: float = 0.0) -> np.ndarray:
        """Where a place is seen, in pixels."""
        return self.camera.project(self.place(back, across, up)[None])[0][0] * self.scale

    def floor(self, corners: Iterable[tuple[float, float]], rgb: ArrayLike) -> None:
        """Fill a polygon lying on the ground, corners as (back, across)."""
        self.surface([(back, across, 0.0) for back, across in corners], rgb)

    def surface(self, corners: Iterable[tuple[float, float, float]], rgb: ArrayLike) -> None:
        """Fill a polygon in the world, corners as (back, across, up)."""
        visible = self.camera.polygon(np.array([self.place(*corner) for corner in corners]))
        if visible is not None:
            self.polygon(visible * self.scale, rgb)

    def speckle(self, top: float, rng: np.random.Generator, strength: float) -> None:
        """Roughen everything below a row, more towards the viewer."""
        start = int(np.clip(top, 0, SIZE - 1))
        rows = SIZE - start
        noise = rng.standard_normal((rows, SIZE), np.float32)
        noise += cv2.resize(rng.standard_normal((rows // 6 + 2, SIZE // 12), np.float32), (SIZE, rows)) * 1.4
        noise *= strength * np.linspace(0.4, 1, rows, dtype=np.float32)[:, None]
        self.image[start:] = np.clip(self.image[start:] + noise[..., None], 0, 255)
