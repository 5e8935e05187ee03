"""Finding copies among 100,000 pictures, reading pictures, and a second check against the first."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from carvis.dataset.health import check_dataset
from carvis.dataset.health.candidates import candidates
from carvis.images import write_image
from tests.benchmarks.measuring import compare

MANY, PLANTED, FILES = 100_000, 1_000, 400


def run() -> Iterator[str]:
    """Yield a line for each measurement, on drawn noise."""
    yield _searched()
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        for i in range(FILES):
            picture = np.kron(rng.integers(0, 255, (16, 16, 3)), np.ones((14, 14, 1))).astype(np.uint8)
            write_image(Path(folder) / "noise" / ("train", "test")[i % 2] / "a" / f"{i:04}.jpg", picture)
        cache = Path(folder) / "cache"
        check_dataset(Path(folder) / "noise", cache=cache)
        yield compare(
            f"a second check of {FILES} pictures, a first",
            lambda: check_dataset(Path(folder) / "noise", cache=cache),
            lambda: check_dataset(Path(folder) / "noise"),
            pairs=3,
        )


def _searched() -> str:
    """Time the search among 100,000 small pictures, and count which of the planted copies it finds."""
    rng = np.random.default_rng(0)
    small = np.empty((MANY, 32, 32), np.float32)
    for i in range(MANY):
        # Amplitudes that fall with the frequency, as those of photographs do.
        coarse = sum(cv2.resize(rng.normal(0, 60 / side, (side, side)), (32, 32)) for side in (2, 4, 8, 16))
        small[i] = 128 + coarse
    last = MANY - PLANTED
    for i in range(PLANTED):
        cut = small[i][1:31, 2:32] if i % 2 else small[i][:, ::-1]
        small[last + i] = cv2.resize(np.ascontiguousarray(cut), (32, 32)) + rng.normal(0, 2, (32, 32))
    begun = time.perf_counter()
    found = candidates(small)
    seconds = time.perf_counter() - begun
    pairs = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    right = sum((i, last + i) in pairs or (last + i, i) in pairs for i in range(PLANTED))
    return (
        f"candidates among {MANY:,} pictures: {seconds:.0f} s, {right} of {PLANTED:,} planted crops and mirror images,"
        f" {len(found.first):,} candidates"
    )
