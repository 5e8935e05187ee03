"""VGG16 an eighth as wide: the same layers and names, for small machines and the demo."""

import keras
import numpy as np

_BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))


def slim_vgg16(input_tensor: keras.KerasTensor, narrowing: int = 8, batch_norm: bool = False) -> keras.Model:
    """Return the convolutions and poolings of VGG16 with 1/``narrowing`` of its filters.

    Weights are drawn as He et al. (2015) propose for ReLU. Even so, thirteen convolutions hardly begin to learn from
    a few thousand images; with ``batch_norm`` each is followed by batch normalisation until ``fold_batch_norm``.
    """
    x = input_tensor
    for block, (convolutions, filters) in enumerate(_BLOCKS, 1):
        for i in range(1, convolutions + 1):
            name = f"block{block}_conv{i}"
            x = keras.layers.Conv2D(
                filters // narrowing,
                3,
                padding="same",
                activation=None if batch_norm else "relu",
                kernel_initializer="he_normal",
                name=name,
            )(x)
            if batch_norm:
                x = keras.layers.BatchNormalization(momentum=0.95, name=f"{name}_bn")(x)
                x = keras.layers.ReLU(name=f"{name}_relu")(x)
        x = keras.layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    return keras.Model(input_tensor, x, name="vgg16-slim-bn" if batch_norm else "vgg16-slim")


def fold_batch_norm(trained: keras.Model, plain: keras.Model) -> keras.Model:
    """Give a model the weights of its twin with batch normalisation, so that both predict alike.

    At inference batch normalisation is a factor and a sum a channel, which fit into the convolution before it:
    w' = w g / s and b' = (b - m) g / s + o with s the root of variance + epsilon, m the mean, g and o the learnt
    scale and offset (Jacob et al. 2018, equation 14, with the bias kept).

    Args:
        trained: the model with layers ``<name>_bn``.
        plain: the same model without them; it is filled and returned.
    """
    for layer in plain.layers:
        weights = trained.get_layer(layer.name).get_weights() if layer.weights else []
        if f"{layer.name}_bn" in {twin.name for twin in trained.layers}:
            norm = trained.get_layer(f"{layer.name}_bn")
            scale, offset, mean, variance = norm.get_weights()
            factor = scale / np.sqrt(variance + norm.epsilon)
            weights = [weights[0] * factor, (weights[1] - mean) * factor + offset]
        layer.set_weights(weights)
    return plain
