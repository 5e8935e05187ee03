"""Radial power spectra of images and maps: their power by frequency."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from carvis.explain.filters import FilterPatterns

# The units of frequency: cycles per whole image or map, or per pixel of it.
Unit = Literal["image", "pixel"]
UNITS: tuple[Unit, ...] = get_args(Unit)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """How power is shared among rings of equal frequency, without the mean (frequency 0).

    Attributes:
        share: float64 (rings,), adds up to 1; all zero where nothing varies.
        side: the shorter side of what was analysed, in its own pixels. Ring k holds k cycles per image.
        count: how many images or channels it is the mean of, without those that are constant.
    """

    share: NDArray[np.float64]
    side: int
    count: int

    @property
    def per_image(self) -> NDArray[np.float64]:
        """The frequency of each ring in cycles per image: float64 (rings,)."""
        return np.arange(len(self.share), dtype=np.float64)

    @property
    def per_pixel(self) -> NDArray[np.float64]:
        """The frequency of each ring in cycles per pixel of what was analysed: float64 (rings,)."""
        return self.per_image / self.side

    @property
    def centroid(self) -> float:
        """The mean frequency in cycles per pixel, weighted by power; NaN where nothing varies."""
        return float(self.share @ self.per_pixel) if self.count else float("nan")

    @property
    def centroid_per_image(self) -> float:
        """The mean frequency in cycles per image, weighted by power; NaN where nothing varies."""
        return self.centroid * self.side

    def frequencies(self, unit: Unit) -> NDArray[np.float64]:
        """The frequency of each ring: float64 (rings,)."""
        return self.per_image if unit == "image" else self.per_pixel

    def mean_frequency(self, unit: Unit) -> float:
        """The mean frequency, weighted by power; NaN where nothing varies."""
        return self.centroid_per_image if unit == "image" else self.centroid


def ring_power(maps: NDArray) -> NDArray[np.float64]:
    """Return the power in each ring of the Fourier transform of each map: (N, h, w) to float64 (N, rings).

    A ring takes the frequencies that round to the same whole number of cycles along the shorter side, without the
    mean.
    """
    height, width = maps.shape[1:]
    side = min(height, width)
    centred = maps.astype(np.float64) - maps.mean(axis=(1, 2), keepdims=True, dtype=np.float64)
    power = np.abs(np.fft.fft2(centred)) ** 2
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    rings = np.rint(radius * side).astype(int).ravel()
    count = rings.max() + 1
    # All maps in one go: those of map n are counted in places n * count and on.
    places = rings + count * np.arange(len(maps))[:, None]
    sums = np.bincount(places.ravel(), power.ravel(), len(maps) * count)
    return sums.reshape(len(maps), count).astype(np.float64, copy=False)


def radial_spectrum(maps: NDArray) -> Spectrum:
    """Return the mean spectrum of maps, each counting alike: (N, h, w) or (N, h, w, c), each channel a map."""
    if maps.ndim == 4:
        return _of_images(maps)
    return mean_spectrum(ring_power(maps), min(maps.shape[1:]))


def _of_images(images: NDArray) -> Spectrum:
    # The colours of an image belong together: their power is added before it is shared out.
    power = np.sum([ring_power(images[..., channel]) for channel in range(images.shape[3])], axis=0)
    return mean_spectrum(power, min(images.shape[1:3]))


def mean_spectrum(power: NDArray[np.float64], side: int) -> Spectrum:
    """Return the mean spectrum of N images or channels with power (N, rings), without those that are constant."""
    total = power.sum(axis=1)
    varies = total > 1e-12 * max(1.0, total.max(initial=0.0))
    if not varies.any():
        return Spectrum(np.zeros(power.shape[1]), side, 0)
    return Spectrum((power[varies] / total[varies, None]).mean(axis=0), side, int(varies.sum()))


def white_noise(side: int) -> Spectrum:
    """Return the expected spectrum of white noise, the baseline for patterns."""
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    cells = np.bincount(np.rint(radius * side).astype(int).ravel()).astype(np.float64)
    cells[0] = 0
    return Spectrum(cells / cells.sum(), side, 1)


def pattern_spectrum(patterns: "FilterPatterns") -> Spectrum:
    """Return the mean spectrum of a layer's patterns, without those of dead filters."""
    alive = [index not in patterns.dead for index in patterns.filters]
    return radial_spectrum(patterns.images[np.array(alive, bool)])
