"""From a mesh to the triangle seen at each pixel, and vertex values interpolated there."""

import cv2
import numpy as np

from carvis.demo.camera import Camera
from carvis.demo.geometry import Mesh

SUBPIXEL = 4


class Raster:
    """The nearest triangle at every pixel: ``ids`` int32 (size, size), 0 where there is none.

    Painter's order over small triangles: exact for a convex body, and much faster here than a depth buffer.
    """

    def __init__(self, mesh: Mesh, camera: Camera, size: int):
        pixels, depth = camera.project(mesh.points)
        corners = pixels[mesh.triangles]
        edge1, edge2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        area = edge1[:, 0] * edge2[:, 1] - edge1[:, 1] * edge2[:, 0]
        facing = np.flatnonzero(area < -1e-6)
        order = facing[np.argsort(mesh.forward[facing] - depth[mesh.triangles[facing]].mean(1), kind="stable")]
        fixed = np.round(corners[order] * (1 << SUBPIXEL)).astype(np.int32)
        self.ids = np.zeros((size, size), np.int32)
        for number, triangle in enumerate(fixed, start=1):
            cv2.fillConvexPoly(self.ids, triangle, number, cv2.LINE_8, SUBPIXEL)
        self.triangles = mesh.triangles[order]
        self._corners, self._area = corners[order], area[order]

    def interpolate(self, values: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Vertex values (V, K) at flat pixel indices ``at``: float32 (N, K)."""
        values = values[self.triangles]
        origin, area = self._corners[:, 0], self._area
        edge1, edge2 = self._corners[:, 1] - origin, self._corners[:, 2] - origin
        # Each value is an affine function of the pixel inside its triangle: base + gx * x + gy * y.
        change1, change2 = values[:, 1] - values[:, 0], values[:, 2] - values[:, 0]
        gx = (change1 * edge2[:, 1:2] - change2 * edge1[:, 1:2]) / area[:, None]
        gy = (change2 * edge1[:, 0:1] - change1 * edge2[:, 0:1]) / area[:, None]
        base = values[:, 0] - gx * origin[:, 0:1] - gy * origin[:, 1:2]
        ids = self.ids.ravel()[at] - 1
        size = self.ids.shape[1]
        interpolated = gx.astype(np.float32).take(ids, 0)
        interpolated *= (at % size).astype(np.float32)[:, None]
        rise = gy.astype(np.float32).take(ids, 0)
        rise *= (at // size).astype(np.float32)[:, None]
        interpolated += rise
        interpolated += base.astype(np.float32).take(ids, 0)
        return interpolated
