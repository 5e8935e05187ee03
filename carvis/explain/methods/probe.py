"""``Probe``: one image, one score of it, and the means of running the model on changed images."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

# Images per forward pass: sixteen of 299 x 299, fewer of larger ones.
_CHUNK, _VALUES_AT_ONCE = 16, 16 * 299 * 299 * 3

Images = NDArray[np.float32]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Probe:
    """What a method needs to know of one image and of the score it explains.

    Args:
        image: float32 (H, W, C), as the model takes it.
        black: float32 (H, W, C), a black image as the model takes it.
        activations: float32 (h, w, c) of the layer explained.
        scores: images (M, H, W, C) -> the score of each, (M,).
        gradients: images (M, H, W, C) -> the score's gradient by each, (M, H, W, C).
        seed: of whatever is random.
    """

    image: Images
    black: Images
    activations: NDArray[np.float32]
    scores: Callable[[Images], NDArray[np.float32]]
    gradients: Callable[[Images], Images]
    seed: int = 0

    def scores_of(self, change: Callable[[_T], np.ndarray], items: Iterable[_T]) -> NDArray[np.float32]:
        """Return the scores (M,) of the images that ``change`` makes of M items, without keeping them all."""
        return np.concatenate(list(_in_chunks(self.scores, change, items)))

    def mean_gradient(self, change: Callable[[int], np.ndarray], n: int) -> NDArray[np.float64]:
        """Return the mean gradient (H, W, C) by the images that ``change`` makes of 0 to n - 1."""
        return sum(part.sum(axis=0, dtype=np.float64) for part in _in_chunks(self.gradients, change, range(n))) / n


def _in_chunks(
    function: Callable[[Images], NDArray[np.float32]], change: Callable[[_T], np.ndarray], items: Iterable[_T]
) -> Iterator[NDArray[np.float32]]:
    chunk: list[Images] = []
    for item in items:
        chunk.append(change(item).astype(np.float32))
        if len(chunk) == min(max(_VALUES_AT_ONCE // chunk[0].size, 1), _CHUNK):
            yield function(np.stack(chunk))
            chunk = []
    if chunk:
        yield function(np.stack(chunk))
