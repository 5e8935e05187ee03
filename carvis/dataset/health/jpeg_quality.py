"""The quality that a JPEG was saved with, estimated from its quantisation table."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# The luminance table of ITU-T T.81, annex K.1, which libjpeg scales by the quality.
LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip


@lru_cache(maxsize=1)
def _scaled() -> NDArray[np.int_]:
    """The table at each quality from 1 to 100, int (100, 64), as libjpeg's ``jpeg_quality_scaling`` makes it."""
    quality = np.arange(1, 101)[:, None]
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    return np.clip((np.array(LUMINANCE) * scale + 50) // 100, 1, 255)


def jpeg_quality(table: Sequence[int]) -> float:
    """Return the quality, 1 to 100, whose table is nearest to a file's luminance table.

    It is exact for files that libjpeg wrote with its own tables, which nearly all programs do; for others, such as
    Photoshop's, it is the quality that costs as much detail.

    Args:
        table: 64 divisors in rows, as Pillow's ``quantization[0]`` gives them.
    """
    if len(table) != 64:
        return float("nan")
    return float(np.abs(_scaled() - np.asarray(table)).sum(axis=1).argmin() + 1)
