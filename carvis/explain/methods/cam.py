"""Class activation maps as pure functions of a layer's activations and the gradients of the score by them.

To add a method of this family, write one function of the same form and name it in ``METHODS``. All take

    activations: float array (N, h, w, c), the layer's output,
    gradients: float array (N, h, w, c), the gradient of one score a picture by that output,

and return float32 maps (N, h, w), signed, before any ReLU of their own: ``Heatmap.normalised`` applies it, so that
evidence against the class stays visible in the raw map.
"""

from collections.abc import Callable

import numpy as np


def grad_cam(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Weigh each channel by its mean gradient and sum the channels.

    Selvaraju et al., "Grad-CAM" (ICCV 2017), equations 1 and 2.
    """
    weights = gradients.mean(axis=(1, 2), dtype=np.float64)
    return _weighted(activations, weights)


def grad_cam_plus_plus(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Weigh each channel by its positive gradients, each by how little of the channel shares in it.

    Chattopadhay et al., "Grad-CAM++" (WACV 2018), equations 5 and 19. The score stands inside an exponential there;
    its value is a factor common to all channels and is left out.
    """
    slopes = gradients.astype(np.float64)
    square = slopes**2
    total = activations.sum(axis=(1, 2), keepdims=True, dtype=np.float64)
    below = 2 * square + total * square * slopes
    shares = np.divide(square, below, out=np.zeros_like(square), where=below != 0)
    weights = (shares * np.maximum(slopes, 0)).sum(axis=(1, 2))
    return _weighted(activations, weights)


def hires_cam(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Multiply activations and gradients place by place and sum the channels.

    Draelos and Carin, "Use HiResCAM instead of Grad-CAM" (2020), equation 4. Behind a last convolution that only
    linear layers follow, the map's sum is the score less the biases.
    """
    return np.einsum("nhwc,nhwc->nhw", activations, gradients, dtype=np.float64).astype(np.float32)


def layer_cam(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Weigh each place of each channel by its own positive gradient and sum the channels.

    Jiang et al., "LayerCAM" (IEEE TIP 2021), equations 6 and 7.
    """
    return hires_cam(activations, np.maximum(gradients, 0))


def eigen_cam(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Project the activations on their first principal direction, whatever the class.

    Muhammad and Yeasin, "Eigen-CAM" (IJCNN 2020), equations 3 and 4: the activations are not centred. A direction has
    no sign of its own; the one is taken in which the map's sum is positive.
    """
    count, height, width, channels = activations.shape
    flat = activations.reshape(count, height * width, channels).astype(np.float64)
    # The left vectors follow from the smaller of the two Gram matrices, which a full decomposition does not use.
    if height * width <= channels:
        values, vectors = np.linalg.eigh(flat @ flat.transpose(0, 2, 1))
        maps = vectors[:, :, -1] * np.sqrt(np.maximum(values[:, -1:], 0))
    else:
        _, vectors = np.linalg.eigh(flat.transpose(0, 2, 1) @ flat)
        maps = np.einsum("npc,nc->np", flat, vectors[:, :, -1])
    maps *= np.where(maps.sum(axis=1, keepdims=True) < 0, -1, 1)
    return maps.reshape(count, height, width).astype(np.float32)


def _weighted(activations: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.einsum("nhwc,nc->nhw", activations, weights).astype(np.float32)


METHODS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "grad-cam": grad_cam,
    "grad-cam++": grad_cam_plus_plus,
    "hirescam": hires_cam,
    "layercam": layer_cam,
    "eigen-cam": eigen_cam,
}

# What these show does not depend on the score: the gradients are not looked at.
CLASSLESS = {"eigen-cam"}
