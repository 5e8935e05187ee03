"""How a map lies on the image: which part of it, mirrored or turned, the cells of a map stand for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Boxes that differ by less than this share of the image are the same one.
_SAME = 0.02
# A transformation is geometric where all but a few values, at the edges, follow it within this share of the image.
_FITS = 0.02
_LEAST_SHARE = 0.25
_FINEST = 8


@dataclass(frozen=True)
class Frame:
    """Where a map's edges lie on the image, as shares of the image's height and width.

    A map that is mirrored has its edges the other way round. Of a transposed map the rows run along the image's width.

    Attributes:
        top, bottom, left, right: the place on the image of the edge of the image's own axis.
        transposed: rows and columns are exchanged.
        trimmed: cells were cut off a map, not pixels off the image, as is done to make maps fit each other.
    """

    top: float = 0.0
    bottom: float = 1.0
    left: float = 0.0
    right: float = 1.0
    transposed: bool = False
    trimmed: bool = False

    @property
    def upright(self) -> bool:
        """Whether the map covers the image as it is."""
        return self == Frame(trimmed=self.trimmed)

    @property
    def _box(self) -> NDArray[np.float64]:
        return np.array([self.top, self.bottom, self.left, self.right])

    def within(self, outer: "Frame") -> "Frame":
        """Return this frame, which lies on a map, as one on the image, on which the map lies by ``outer``."""
        if outer.transposed:
            top, bottom, left, right = self.left, self.right, self.top, self.bottom
        else:
            top, bottom, left, right = self._box
        height, width = outer.bottom - outer.top, outer.right - outer.left
        return Frame(
            top=round(float(outer.top + top * height), 6),
            bottom=round(float(outer.top + bottom * height), 6),
            left=round(float(outer.left + left * width), 6),
            right=round(float(outer.left + right * width), 6),
            transposed=self.transposed != outer.transposed,
            trimmed=self.trimmed or outer.trimmed,
        )

    def joined(self, other: "Frame") -> "Frame | None":
        """Return the frame of two maps that are merged cell by cell; None where they do not lie alike."""
        if self.transposed != other.transposed:
            return None
        if np.abs(self._box - other._box).max() <= _SAME:
            return self if self.trimmed >= other.trimmed else other
        own, others = self._sorted_box(), other._sorted_box()
        alike = all((a[1] > a[0]) == (b[1] > b[0]) for a, b in zip(self._box.reshape(2, 2), other._box.reshape(2, 2)))
        if not (alike and (self.trimmed or other.trimmed)):
            return None
        # Maps trimmed to fit each other, as in a U-Net without padding: the part that both show.
        for small, big, frame in ((own, others, self), (others, own, other)):
            if (small[:, 0] >= big[:, 0] - _SAME).all() and (small[:, 1] <= big[:, 1] + _SAME).all():
                return frame
        return None

    def _sorted_box(self) -> NDArray[np.float64]:
        return np.sort(self._box.reshape(2, 2), axis=1)

    def point(self, y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the places on the image, as shares of its height and width, of places on the map, given likewise."""
        y, x = (x, y) if self.transposed else (y, x)
        return self.top + y * (self.bottom - self.top), self.left + x * (self.right - self.left)

    def turned_back(self, maps: np.ndarray) -> np.ndarray:
        """Mirror and turn maps back, (N, h, w, ...), so that they lie as the image does, each cell kept as it is."""
        if self.transposed:
            maps = np.swapaxes(maps, 1, 2)
        axes = tuple(axis for axis, turned in ((1, self.top > self.bottom), (2, self.left > self.right)) if turned)
        return np.ascontiguousarray(np.flip(maps, axes))

    def onto_image(self, maps: np.ndarray) -> np.ndarray:
        """Lay maps on the image as it is: (N, h, w, ...) mirrored and turned back.

        A map that covers a part of the image is laid on a grid of smaller cells that covers all of it, with 0 where
        the layer sees nothing.
        """
        if self.upright:
            return maps
        if self.transposed:
            maps = np.swapaxes(maps, 1, 2)
        sizes = maps.shape[1:3]
        for axis, (size, first, last) in enumerate(zip(sizes, (self.top, self.left), (self.bottom, self.right)), 1):
            maps = _along(maps, axis, size, first, last)
        return np.ascontiguousarray(maps)


def _along(maps: np.ndarray, axis: int, size: int, first: float, last: float) -> np.ndarray:
    """Lay one axis of maps on the image."""
    if {first, last} == {0.0, 1.0}:
        return np.flip(maps, axis) if first > last else maps
    count = _fitting(size, first, last)
    places = ((np.arange(count) + 0.5) / count - first) / (last - first) * size
    cells = np.floor(places + 1e-9).astype(int)
    inside = (cells >= 0) & (cells < size)
    sampled = np.take(maps, np.clip(cells, 0, size - 1), axis)
    shape = [1] * maps.ndim
    shape[axis] = count
    return np.where(inside.reshape(shape), sampled, np.zeros((), maps.dtype))


def _fitting(size: int, first: float, last: float) -> int:
    """Return how many equal cells the image is cut into so that the map's cells begin and end where those do."""
    cell, low = abs(last - first) / size, min(first, last)
    counts = np.arange(max(1, round(1 / cell)), _FINEST * max(1, round(1 / cell)) + 1)
    miss = np.maximum(np.abs(cell * counts - np.round(cell * counts)), np.abs(low * counts - np.round(low * counts)))
    miss = np.where(np.round(cell * counts) >= 1, miss, np.inf)
    fitting = np.flatnonzero(miss <= 0.05)
    return int(counts[fitting[0]] if len(fitting) else counts[np.argmin(miss)])


def ramps(height: int, width: int) -> NDArray[np.float32]:
    """Return four maps that probe how a step moves places: float32 (4, h, w): zeros, ones, row and column.

    A row or column is given by the place of its middle, as a share of the height or width.
    """
    rows, columns = (np.arange(side) + 0.5 for side in (height, width))
    down, along = np.meshgrid(rows / height, columns / width, indexing="ij")
    return np.stack([np.zeros_like(down), np.ones_like(down), down, along]).astype(np.float32)


def frame_of(before: tuple[int, int], after: np.ndarray, *, padded: bool = False, exact: bool = False) -> Frame | None:
    """Return how a step moves places, by its output for ``ramps``: None where it does not move them as a whole.

    A step that only shifts by less than a cell, or adds a border, counts as one that moves nothing.

    Args:
        before: height and width of the map that the step takes.
        after: float (4, h, w), what it makes of ``ramps(*before)``.
        padded: an added border counts: the map is larger than the image.
        exact: a shift by less than a cell and an added border count.
    """
    zeros, ones, down, along = np.asarray(after, np.float64)
    gain = ones - zeros
    typical = np.median(gain[np.abs(gain) > 1e-9]) if (np.abs(gain) > 1e-9).any() else 0.0
    if not np.isfinite(typical) or abs(typical) < 1e-9:
        return None
    regular = np.abs(gain - typical) <= 1e-3 * abs(typical)
    if regular.mean() < _LEAST_SHARE:
        return None
    height, width = gain.shape
    rows, columns = np.meshgrid((np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width, indexing="ij")
    basis = np.stack([np.ones(regular.sum()), rows[regular], columns[regular]], axis=1)
    edges = []
    crossed = []
    for place in (down, along):
        values = ((place - zeros) / typical)[regular]
        if not np.isfinite(values).all():
            return None
        fit = np.linalg.lstsq(basis, values, rcond=None)[0]
        if np.median(np.abs(basis @ fit - values)) > _FITS:
            return None
        across = abs(fit[1]) < abs(fit[2])
        slope, other = (fit[2], fit[1]) if across else (fit[1], fit[2])
        if abs(slope) < 2 * _FITS or abs(other) > _FITS * 2:
            return None
        edges += [fit[0] + other / 2, fit[0] + other / 2 + slope]
        crossed.append(across)
    if crossed not in ([False, True], [True, False]):
        return None
    slack = [1.01 / max(side, 1) for side in (before[0], before[0], before[1], before[1])]
    if not exact:
        edges = [_snapped(edge, tolerance, padded) for edge, tolerance in zip(edges, slack)]
    top, bottom, left, right = edges
    return Frame(top, bottom, left, right, transposed=crossed == [True, False])


def _snapped(edge: float, tolerance: float, padded: bool) -> float:
    for side in (0.0, 1.0):
        beyond = not padded and (edge < 0 if side == 0 else edge > 1)
        if abs(edge - side) <= tolerance or beyond:
            return side
    return round(float(edge), 6)
