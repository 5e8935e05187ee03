"""Class activation maps as pure functions of a layer's activations and the gradients of the score by them.

To add a method of this family, write one function of the same form and name it in ``METHODS``.
"""

from collections.abc import Callable

import numpy as np


def grad_cam(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Weigh each channel by its mean gradient and sum the channels.

    Selvaraju et al., "Grad-CAM" (ICCV 2017), equations 1 and 2 without the ReLU, which ``Heatmap.normalised``
    applies, so that evidence against the class stays visible in the raw map.

    Args:
        activations: float array (N, h, w, c), the layer's output.
        gradients: float array (N, h, w, c), the score's gradient by that output.

    Returns:
        float32 array (N, h, w), signed.
    """
    weights = gradients.mean(axis=(1, 2), dtype=np.float64)
    return np.einsum("nhwc,nc->nhw", activations, weights).astype(np.float32)


METHODS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "grad-cam": grad_cam,
}
