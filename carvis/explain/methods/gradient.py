"""Heatmaps from the score's gradient at the input, averaged over several images.

To add a method, write one function of a ``Probe`` that returns a float32 map, and its entry in ``METHODS``.
"""

import numpy as np
from numpy.typing import NDArray

from carvis.explain.methods.method import Method
from carvis.explain.methods.probe import Probe
from carvis.language import Message

SMOOTH_SAMPLES, SMOOTH_NOISE = 16, 0.15
PATH_STEPS = 32


def smooth_grad(probe: Probe) -> NDArray[np.float32]:
    """Average the score's gradient over noisy versions of the image; at each pixel the largest channel counts.

    Smilkov et al., "SmoothGrad" (2017), with the noise at 15 % of the image's range; the absolute value, as there.
    """
    rng = np.random.default_rng(probe.seed)
    spread = SMOOTH_NOISE * float(probe.image.max() - probe.image.min())

    def noisy(_: int) -> NDArray[np.float32]:
        return probe.image + rng.normal(0, spread, probe.image.shape).astype(np.float32)

    mean = probe.mean_gradient(noisy, SMOOTH_SAMPLES)
    return np.abs(mean).max(axis=2).astype(np.float32)


def integrated_gradients(probe: Probe) -> NDArray[np.float32]:
    """Average the gradient on the straight path from black to the image, times the difference, summed over channels.

    Sundararajan et al., "Axiomatic Attribution for Deep Networks" (ICML 2017), equation 1, by the midpoint rule. The
    map's sum is the score less the score of black.
    """
    difference = probe.image - probe.black

    def blended(step: int) -> NDArray[np.float32]:
        return probe.black + (step + 0.5) / PATH_STEPS * difference

    mean = probe.mean_gradient(blended, PATH_STEPS)
    return (mean * difference).sum(axis=2).astype(np.float32)


METHODS = (
    Method(
        "smoothgrad",
        smooth_grad,
        "gradient",
        Message("Gradient of the score by the pixels, averaged over noisy versions of the image. Slow: 16 passes."),
        "Smilkov et al., SmoothGrad (2017)",
        takes_layer=False,
    ),
    Method(
        "integrated-gradients",
        integrated_gradients,
        "gradient",
        Message("Contribution of each pixel to the score, integrated from a black image. Slow: 32 passes."),
        "Sundararajan et al., Axiomatic Attribution for Deep Networks (ICML 2017)",
        takes_layer=False,
    ),
)
