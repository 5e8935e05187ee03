"""Heatmaps by probing: what the score does when the picture is masked, covered, blended or shaken.

To add a method of this family, write one function of a ``Probe`` that returns a float map, and name it in ``METHODS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from carvis.images import resize

OCCLUSION_CELLS = 16
SMOOTH_SAMPLES, SMOOTH_NOISE = 16, 0.15
PATH_STEPS = 32
# Images that the model is asked about at once: sixteen of 299 x 299, fewer of larger ones.
_CHUNK, _VALUES_AT_ONCE = 16, 16 * 299 * 299 * 3


@dataclass(frozen=True)
class Probe:
    """One picture, one score of it, and the means of asking the model again.

    Args:
        image: float32 (H, W, C), as the model takes it.
        black: float32 (H, W, C), a black picture as the model takes it.
        activations: float32 (h, w, c) of the layer explained.
        scores: pictures (M, H, W, C) -> the score of each, (M,).
        slopes: pictures (M, H, W, C) -> the score's gradient by each, (M, H, W, C).
        seed: of whatever is random.
    """

    image: np.ndarray
    black: np.ndarray
    activations: np.ndarray
    scores: Callable[[np.ndarray], np.ndarray]
    slopes: Callable[[np.ndarray], np.ndarray]
    seed: int = 0


def score_cam(probe: Probe) -> np.ndarray:
    """Weigh each channel by how well the picture is recognised through it as a mask, and sum the channels.

    Wang et al., "Score-CAM" (CVPR Workshops 2020), definition 3 and algorithm 1: the mask is the channel, enlarged to
    the picture and brought to [0, 1]; the weights are the softmax of the scores' rise over the black picture's.
    """
    channels = np.moveaxis(probe.activations, 2, 0).astype(np.float64)
    low = channels.min(axis=(1, 2), keepdims=True)
    spread = channels.max(axis=(1, 2), keepdims=True) - low
    # A channel that is the same everywhere masks nothing.
    live = np.flatnonzero(spread > 0)
    if not live.size:
        return np.zeros(channels.shape[1:], np.float32)
    masks = (channels[live] - low[live]) / spread[live]
    height, width = probe.image.shape[:2]

    def masked(mask: np.ndarray) -> np.ndarray:
        share = resize(mask.astype(np.float32), (height, width))[..., None]
        return probe.black + share * (probe.image - probe.black)

    rises = _asked(probe.scores, masked, masks) - probe.scores(probe.black[None])[0]
    weights = np.exp(rises - rises.max())
    return np.einsum("chw,c->hw", channels[live], weights / weights.sum()).astype(np.float32)


def occlusion(probe: Probe) -> np.ndarray:
    """Cover the picture patch by patch with its mean colour, and take how far the score falls.

    Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (ECCV 2014), section 4.2. The picture is
    cut into at most 16 x 16 cells; a patch covers 2 x 2 of them, and a cell's value is the mean fall over the patches
    that cover it.
    """
    height, width = probe.image.shape[:2]
    rows, columns = min(OCCLUSION_CELLS, height), min(OCCLUSION_CELLS, width)
    tops = np.linspace(0, height, rows + 1).round().astype(int)
    lefts = np.linspace(0, width, columns + 1).round().astype(int)
    fill = probe.image.mean(axis=(0, 1))

    def covered(place: tuple[int, int]) -> np.ndarray:
        row, column = place
        image = probe.image.copy()
        image[
            tops[max(row - 1, 0)] : tops[min(row + 1, rows)],
            lefts[max(column - 1, 0)] : lefts[min(column + 1, columns)],
        ] = fill
        return image

    places = list(np.ndindex(rows + 1, columns + 1))
    whole = probe.scores(probe.image[None])[0]
    falls = whole - _asked(probe.scores, covered, places).reshape(rows + 1, columns + 1)
    return ((falls[:-1, :-1] + falls[1:, :-1] + falls[:-1, 1:] + falls[1:, 1:]) / 4).astype(np.float32)


def smooth_grad(probe: Probe) -> np.ndarray:
    """Average the score's gradient over noisy copies of the picture; at each pixel the largest channel counts.

    Smilkov et al., "SmoothGrad" (2017), with the noise at 15 % of the picture's range; the absolute value, as there.
    """
    rng = np.random.default_rng(probe.seed)
    spread = SMOOTH_NOISE * float(probe.image.max() - probe.image.min())

    def noisy(_) -> np.ndarray:
        return probe.image + rng.normal(0, spread, probe.image.shape).astype(np.float32)

    mean = _mean(probe.slopes, noisy, SMOOTH_SAMPLES)
    return np.abs(mean).max(axis=2).astype(np.float32)


def integrated_gradients(probe: Probe) -> np.ndarray:
    """Average the gradient on the way from black to the picture, times the way, summed over the channels.

    Sundararajan et al., "Axiomatic Attribution for Deep Networks" (ICML 2017), equation 1, by the midpoint rule. The
    map's sum is the score less the score of black.
    """
    way = probe.image - probe.black

    def blended(step: int) -> np.ndarray:
        return probe.black + (step + 0.5) / PATH_STEPS * way

    mean = _mean(probe.slopes, blended, PATH_STEPS)
    return (mean * way).sum(axis=2).astype(np.float32)


def _asked(ask: Callable, make: Callable, items) -> np.ndarray:
    """Ask the model about images made one by one, a chunk at a time, so that memory stays flat."""
    return np.concatenate(list(_chunks(ask, make, items)))


def _mean(ask: Callable, make: Callable, n: int) -> np.ndarray:
    """Return the mean of what the model says of n images, in float64, without keeping them all."""
    return sum(part.sum(axis=0, dtype=np.float64) for part in _chunks(ask, make, range(n))) / n


def _chunks(ask: Callable, make: Callable, items) -> Iterator[np.ndarray]:
    held: list[np.ndarray] = []
    for item in items:
        held.append(make(item).astype(np.float32))
        if len(held) == min(max(_VALUES_AT_ONCE // held[0].size, 1), _CHUNK):
            yield ask(np.stack(held))
            held = []
    if held:
        yield ask(np.stack(held))


METHODS: dict[str, Callable[[Probe], np.ndarray]] = {
    "score-cam": score_cam,
    "occlusion": occlusion,
    "smoothgrad": smooth_grad,
    "integrated-gradients": integrated_gradients,
}
