"""A pinhole camera that looks at a car standing at the origin."""

from dataclasses import dataclass

import numpy as np

NEAR = 0.3


@dataclass(frozen=True)
class Camera:
    """Where the camera stands, its axes (rows right, down, ahead), focal length and centre in pixels."""

    position: np.ndarray
    axes: np.ndarray
    focal: float
    centre: tuple[float, float]

    @staticmethod
    def aim(
        yaw: float, distance: float, height: float, roll: float, box: np.ndarray, frame: tuple, target: tuple
    ) -> "Camera":
        """Look at the car so that its ``box`` fills a wanted part of the image.

        Args:
            yaw: degrees to the car's left of its nose; ``distance`` and ``height`` in metres; ``roll`` in degrees.
            box: (N, 3) points around the car.
            frame: width and height in pixels that the projected box may fill.
            target: pixel that the middle of the projected box falls on.
        """
        angle = np.deg2rad(yaw)
        position = np.array([distance * np.cos(angle), distance * np.sin(angle), height])
        ahead = np.array([0.0, 0.0, 0.62]) - position
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, [0, 0, 1.0])
        right /= np.linalg.norm(right)
        down = np.cross(ahead, right)
        turn = np.deg2rad(roll)
        axes = np.stack([np.cos(turn) * right + np.sin(turn) * down, np.cos(turn) * down - np.sin(turn) * right, ahead])
        plain, _ = Camera(position, axes, 1.0, (0.0, 0.0)).project(box)
        low, high = plain.min(0), plain.max(0)
        focal = min(frame[0] / (high[0] - low[0]), frame[1] / (high[1] - low[1]))
        middle = focal * (low + high) / 2
        return Camera(position, axes, focal, (target[0] - middle[0], target[1] - middle[1]))

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return pixels (N, 2) and depth (N,) of points (N, 3)."""
        rotated = (np.asarray(points, np.float64) - self.position) @ self.axes.T
        depth = np.maximum(rotated[:, 2], 1e-3)
        return rotated[:, :2] * (self.focal / depth)[:, None] + self.centre, rotated[:, 2]

    def polygon(self, points: np.ndarray) -> np.ndarray | None:
        """Project a polygon (N, 3), cut off what lies behind the camera; None where nothing is left."""
        points = np.asarray(points, np.float64)
        depth = (points - self.position) @ self.axes[2] - NEAR
        clipped = []
        for i in range(len(points)):
            j = (i + 1) % len(points)
            if depth[i] > 0:
                clipped.append(points[i])
            if (depth[i] > 0) != (depth[j] > 0):
                t = depth[i] / (depth[i] - depth[j])
                clipped.append(points[i] + t * (points[j] - points[i]))
        return self.project(np.array(clipped))[0] if len(clipped) > 2 else None

    @property
    def horizon(self) -> float:
        """Row of the horizon at the image's middle column."""
        far = np.array([self.axes[2][0], self.axes[2][1], 0.0])
        pixels, _ = self.project((self.position + far / np.linalg.norm(far) * 1e5)[None])
        return float(pixels[0, 1])
