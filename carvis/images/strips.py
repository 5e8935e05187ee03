"""Going through a large image a strip of rows at a time, so that what is made on the way stays small."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_PIXELS = 1 << 20
Pixel = TypeVar("Pixel", bound=np.generic)


def strips(height: int, width: int) -> Iterator[slice]:
    """Yield the rows of an image in strips of about a million pixels."""
    rows = max(1, _PIXELS // max(1, width))
    for start in range(0, height, rows):
        yield slice(start, min(start + rows, height))


def by_strips(function: Callable[..., NDArray[Pixel]], *arrays: NDArray[Any]) -> NDArray[Pixel]:
    """Apply a function of pixels that do not depend on each other, as if to the whole arrays at once.

    Args:
        function: takes strips of the arrays, (rows, W, ...) each, and returns (rows, W, ...).
        arrays: of one height and width; they are left as they are.
    """
    height, width = arrays[0].shape[:2]
    result: NDArray[Pixel] | None = None
    for rows in strips(height, width):
        part = function(*(array[rows] for array in arrays))
        if result is None:
            result = np.empty((height, *part.shape[1:]), part.dtype)
        result[rows] = part
    return function(*arrays) if result is None else result
