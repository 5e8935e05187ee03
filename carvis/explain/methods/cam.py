"""Class activation maps as pure functions of a layer's activations and the gradients of the score by them.

To add a method, write one function of the same form and its entry in ``METHODS``. All take

    activations: float array (N, h, w, c), the layer's output,
    gradients: float array (N, h, w, c), the gradient of one score per image by that output,

and return float32 maps (N, h, w), signed, before any ReLU of their own: ``Heatmap.normalised`` applies it, so that
evidence against the class stays visible in the raw map.
"""

import numpy as np
from numpy.typing import NDArray

from carvis.explain.methods.method import Method
from carvis.language import Message


def grad_cam(activations: np.ndarray, gradients: np.ndarray) -> NDArray[np.float32]:
    """Weigh each channel by its mean gradient and sum the channels.

    Selvaraju et al., "Grad-CAM" (ICCV 2017), equations 1 and 2.
    """
    weights = gradients.mean(axis=(1, 2), dtype=np.float64)
    return _weighted(activations, weights)


def grad_cam_plus_plus(activations: np.ndarray, gradients: np.ndarray) -> NDArray[np.float32]:
    """Weigh each channel by its positive gradients, each by how little of the channel shares in it.

    Chattopadhay et al., "Grad-CAM++" (WACV 2018), equations 5 and 19. The score stands inside an exponential there;
    its value is a factor common to all channels and is omitted.
    """
    gradients = gradients.astype(np.float64)
    square = gradients**2
    total = activations.sum(axis=(1, 2), keepdims=True, dtype=np.float64)
    denominator = 2 * square + total * square * gradients
    shares = np.divide(square, denominator, out=np.zeros_like(square), where=denominator != 0)
    weights = (shares * np.maximum(gradients, 0)).sum(axis=(1, 2))
    return _weighted(activations, weights)


def hires_cam(activations: np.ndarray, gradients: np.ndarray) -> NDArray[np.float32]:
    """Multiply activations and gradients at each position and sum the channels.

    Draelos and Carin, "Use HiResCAM instead of Grad-CAM" (2020), equation 4. Behind a last convolution that only
    linear layers follow, the map's sum is the score less the biases.
    """
    return np.einsum("nhwc,nhwc->nhw", activations, gradients, dtype=np.float64).astype(np.float32)


def layer_cam(activations: np.ndarray, gradients: np.ndarray) -> NDArray[np.float32]:
    """Weigh each position of each channel by its own positive gradient and sum the channels.

    Jiang et al., "LayerCAM" (IEEE TIP 2021), equations 6 and 7.
    """
    return hires_cam(activations, np.maximum(gradients, 0))


def eigen_cam(activations: np.ndarray, gradients: np.ndarray) -> NDArray[np.float32]:
    """Project the activations on their first principal direction, independent of the class.

    Muhammad and Yeasin, "Eigen-CAM" (IJCNN 2020), equations 3 and 4: the activations are not centred. A direction has
    no sign of its own: it is chosen so that the map's sum is positive.
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


def _weighted(activations: np.ndarray, weights: np.ndarray) -> NDArray[np.float32]:
    return np.einsum("nhwc,nc->nhw", activations, weights).astype(np.float32)


METHODS = (
    Method(
        "grad-cam",
        grad_cam,
        "cam",
        Message("The layer's channels, each weighted by the mean gradient of the score."),
        "Selvaraju et al., Grad-CAM (ICCV 2017)",
    ),
    Method(
        "grad-cam++",
        grad_cam_plus_plus,
        "cam",
        Message("Grad-CAM with positive gradients only: better for several instances of the object."),
        "Chattopadhay et al., Grad-CAM++ (WACV 2018)",
    ),
    Method(
        "hirescam",
        hires_cam,
        "cam",
        Message("Each position of each channel weighted by its own gradient: exact if only linear layers follow."),
        "Draelos and Carin, Use HiResCAM instead of Grad-CAM (2020)",
    ),
    Method(
        "layercam",
        layer_cam,
        "cam",
        Message("HiResCAM with positive gradients only: finer heatmaps of early layers."),
        "Jiang et al., LayerCAM (IEEE TIP 2021)",
    ),
    Method(
        "eigen-cam",
        eigen_cam,
        "cam",
        Message("The layer's first principal component: the same for every class."),
        "Muhammad and Yeasin, Eigen-CAM (IJCNN 2020)",
        takes_class=False,
    ),
)
