"""Images whose background was blacked out, sought by what is left of them."""

import numpy as np
from numpy.typing import NDArray

from carvis.dataset.health.candidates import Candidates
from carvis.progress import Progress, advance, no_progress

# Up to this value in every channel a pixel counts as black; JPEG leaves a little in what was black.
BLACK = 12
LEAST, MOST = 0.10, 0.92
LIKENESS = 0.90
_SIDE = 16
_BLOCK = 512


def shows(small: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where images show something: bool (N, S, S), False where they are black."""
    return np.greater(small.max(axis=3), BLACK)


def inner(visible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is left of motifs, bool (N, S, S), without their outermost pixels; beyond an image's frame counts as motif.

    The outermost pixels are mixed with black where small images are averages of large ones.
    """
    padded = np.pad(visible, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    size = visible.shape[1]
    shifted = [padded[:, down : down + size, across : across + size] for down in range(3) for across in range(3)]
    return np.asarray(np.logical_and.reduce(shifted))


def blacked_out(small: np.ndarray) -> np.ndarray:
    """Tell which images have so much black that their background may have been taken out: bool (N,)."""
    black = 1 - shows(small).mean(axis=(1, 2))
    return (black >= LEAST) & (black <= MOST)


def masked_correlation(values: np.ndarray, masks: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Correlation of each image with each other one over the places where the first shows something.

    Args:
        values, masks: float32 (n, P); values are zero where the mask is.
        others: float32 (m, P).

    Returns:
        float32 (n, m), 0 where either has no contrast there.
    """
    count = masks.sum(axis=1, keepdims=True)
    count = np.maximum(count, 1)
    total = values.sum(axis=1, keepdims=True)
    own = np.maximum((values**2).sum(axis=1, keepdims=True) - total**2 / count, 0)
    other_total = masks @ others.T
    spread = np.maximum(masks @ (others**2).T - other_total**2 / count, 0)
    product = values @ others.T - total * other_total / count
    scale = np.sqrt(own * spread)
    return np.where(scale > 1e-4 * count, product / np.maximum(scale, 1e-6), 0)


def candidates(
    small: np.ndarray,
    luminance: np.ndarray,
    masked: np.ndarray,
    progress: Progress = no_progress,
) -> Candidates:
    """Find the pairs of which one, its background blacked out, looks like the same part of the other.

    Args:
        small: uint8 (N, S, S, 3).
        luminance: float32 (N, S, S).
        masked: bool (N,), which images have their background blacked out.
    """
    rows = np.flatnonzero(masked)
    step = small.shape[1] // _SIDE
    coarse = luminance.reshape(-1, _SIDE, step, _SIDE, step).mean(axis=(2, 4))
    blocks = inner(shows(small)).reshape(-1, _SIDE, step, _SIDE, step)
    unmasked: NDArray[np.bool_] = np.asarray(blocks.all(axis=(2, 4)))
    flat = coarse.reshape(len(coarse), -1) / 255
    pairs = []
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        for mirrored in (False, True):
            turned = slice(None, None, -1) if mirrored else slice(None)
            masks = unmasked[part][:, :, turned].reshape(len(part), -1).astype(np.float32)
            values = (coarse[part][:, :, turned].reshape(len(part), -1) / 255) * masks
            likeness = masked_correlation(values, masks, flat)
            likeness[np.arange(len(part)), part] = 0
            i, j = np.nonzero(likeness >= LIKENESS)
            n = len(i)
            pairs.append((part[i], j, np.zeros(n, int), np.full(n, mirrored), likeness[i, j]))
        advance(progress, min(start + _BLOCK, len(rows)), len(rows))
    if not pairs:
        return Candidates(*(np.zeros(0, kind) for kind in (int, int, int, bool, np.float32)))
    return Candidates(*(np.concatenate(column) for column in zip(*pairs, strict=True)))
