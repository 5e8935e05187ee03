"""Heatmaps by perturbation: how the score changes when parts of the image are masked or occluded.

To add a method, write one function of a ``Probe`` that returns a float32 map, and its entry in ``METHODS``.
"""

import numpy as np
from numpy.typing import NDArray

from carvis.explain.methods.method import Method
from carvis.explain.methods.probe import Probe
from carvis.images import resize
from carvis.language import Message

OCCLUSION_CELLS = 16


def score_cam(probe: Probe) -> NDArray[np.float32]:
    """Weigh each channel by how well the image is recognised through it as a mask, and sum the channels.

    Wang et al., "Score-CAM" (CVPR Workshops 2020), definition 3 and algorithm 1: the mask is the channel, enlarged to
    the image and scaled to [0, 1]; the weights are the softmax of the scores' rise over the black image's.
    """
    from scipy.special import softmax

    channels = np.moveaxis(probe.activations, 2, 0).astype(np.float64)
    low = channels.min(axis=(1, 2), keepdims=True)
    spread = channels.max(axis=(1, 2), keepdims=True) - low
    # A constant channel masks nothing.
    live = np.flatnonzero(spread > 0)
    if not live.size:
        return np.zeros(channels.shape[1:], np.float32)
    masks = (channels[live] - low[live]) / spread[live]
    height, width = probe.image.shape[:2]

    def masked(mask: np.ndarray) -> NDArray[np.float32]:
        share = resize(mask.astype(np.float32), (height, width))[..., None]
        return probe.black + share * (probe.image - probe.black)

    rises = probe.scores_of(masked, masks) - probe.scores(probe.black[None])[0]
    return np.einsum("chw,c->hw", channels[live], softmax(rises)).astype(np.float32)


def occlusion(probe: Probe) -> NDArray[np.float32]:
    """Occlude the image patch by patch with its mean colour, and take how far the score falls.

    Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (ECCV 2014), section 4.2. The image is
    divided into at most 16 x 16 cells; a patch occludes 2 x 2 of them, and a cell's value is the mean fall over the
    patches that occlude it.
    """
    height, width = probe.image.shape[:2]
    rows, columns = min(OCCLUSION_CELLS, height), min(OCCLUSION_CELLS, width)
    tops = np.linspace(0, height, rows + 1).round().astype(int)
    lefts = np.linspace(0, width, columns + 1).round().astype(int)
    fill = probe.image.mean(axis=(0, 1))

    def occluded(patch: tuple[int, ...]) -> NDArray[np.float32]:
        row, column = patch
        image = probe.image.copy()
        image[
            tops[max(row - 1, 0)] : tops[min(row + 1, rows)],
            lefts[max(column - 1, 0)] : lefts[min(column + 1, columns)],
        ] = fill
        return image

    patches = list(np.ndindex(rows + 1, columns + 1))
    unoccluded = probe.scores(probe.image[None])[0]
    falls = unoccluded - probe.scores_of(occluded, patches).reshape(rows + 1, columns + 1)
    return ((falls[:-1, :-1] + falls[1:, :-1] + falls[:-1, 1:] + falls[1:, 1:]) / 4).astype(np.float32)


METHODS = (
    Method(
        "score-cam",
        score_cam,
        "perturbation",
        Message(
            "The layer's channels, each weighted by the score of the image masked by it. Slow: one forward "
            "pass per channel."
        ),
        "Wang et al., Score-CAM (CVPR Workshops 2020)",
    ),
    Method(
        "occlusion",
        occlusion,
        "perturbation",
        Message("Fall of the score when each region is occluded. Slow: 289 forward passes."),
        "Zeiler and Fergus, Visualizing and Understanding Convolutional Networks (ECCV 2014)",
        takes_layer=False,
    ),
)
