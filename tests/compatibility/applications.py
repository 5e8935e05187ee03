"""Every model of ``keras.applications``: its smallest input, and the smallest member of each family."""

import inspect
from unittest import mock

import numpy as np

from tests.compatibility.trial import WRITERS, inputs_of, randomise, try_model

CLASSES = 10
# The least side that a family takes with its top; the rest takes 32.
_SIDES = {"Inception": 75, "Xception": 71}
FAMILIES = {
    "ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "InceptionResNetV2", "InceptionV3",
    "MobileNet", "MobileNetV2", "MobileNetV3Small", "NASNetMobile", "RegNetX002", "RegNetY002", "ResNet50",
    "ResNet50V2", "ResNetRS50", "VGG16", "Xception",
}  # fmt: skip
# The deepest families: the function that builds any of them, and its settings.
_SHALLOW: dict[str, tuple[str, dict] | None] = {
    "ConvNeXtTiny": ("ConvNeXt", {"depths": [1, 1, 2, 1], "projection_dims": [24, 48, 96, 192]}),
    "DenseNet121": ("DenseNet", {"blocks": [2, 2, 2, 2]}),
    "InceptionResNetV2": None,
    "NASNetMobile": ("NASNet", {
        "penultimate_filters": 96, "num_blocks": 1, "stem_block_filters": 8, "skip_reduction": False,
        "default_size": 224,
    }),
}  # fmt: skip


def names_of(writer: str) -> list[str]:
    """The public models of a Keras, smallest first as far as their names tell."""
    applications = WRITERS[writer].applications
    return sorted(name for name, item in vars(applications).items() if inspect.isfunction(item) and name[0].isupper())


def side_of(name: str) -> int:
    """The side of the smallest image that a model takes."""
    return next((side for start, side in _SIDES.items() if name.startswith(start)), 32)


def build(name: str, library, shallow: bool = False):
    """Build a model with ten classes and no stored weights.

    Args:
        shallow: repeat the blocks of the deepest families less often; they stay the same blocks.
    """
    side = side_of(name)
    make = getattr(library.applications, name)
    settings = {"minimalistic": False} if name.startswith("MobileNetV3") else {}
    settings |= {"weights": None, "classes": CLASSES, "input_shape": (side, side, 3)}
    if not shallow or name not in _SHALLOW:
        return make(**settings)
    module = inspect.getmodule(make)
    if _SHALLOW[name] is None:
        # Its numbers of blocks are written into the function: two of each kind.
        few = mock.patch.object(module, "range", lambda start, end: range(start, min(end, start + 2)), create=True)
        with few:
            return make(**settings)
    general, fewer = _SHALLOW[name]
    return getattr(module, general)(**fewer, **settings)


def images_for(model) -> list[np.ndarray]:
    """Images in the range that a model takes: 0 to 255 where it scales them itself."""
    scales = any(type(layer).__name__ in ("Rescaling", "Normalization") for layer in model.layers)
    batch = inputs_of(model, batch=6)
    # Noise alone looks the same to any layer that averages: dark, bright, coloured, smooth and striped images do not.
    for value in batch:
        value *= np.linspace(0.2, 1, 6)[:, None, None, None]
        value[1] = value[1] / 2 - 0.5
        value[2, ..., 0] = 0.9
        value[3] = np.linspace(-1, 1, value.shape[1])[:, None, None]
        value[4, :, ::2] = -0.8
    return [127.5 * (value + 1) if scales else value for value in batch]


def prepare(model) -> None:
    """Give a model random weights, and make it tell its images apart: else any model would equal any other.

    The moving statistics become those of the images, and the last layer is scaled so that the logits lie about one
    apart and no class stands out. The tolerance of 1e-5 is then far less than what parts the images.
    """
    randomise(model)
    images = images_for(model)[0]
    layers = [layer for layer in model._flatten_layers() if type(layer).__name__ == "BatchNormalization"]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    model(images, training=True)
    for layer, momentum in zip(layers, momenta):
        layer.momentum = momentum
        # A channel that hardly varies would amplify rounding, layer by layer.
        variance = np.asarray(layer.moving_variance)
        layer.moving_variance.assign(variance + 0.1 * variance.mean())
    last = next(layer for layer in reversed(model.layers) if len(layer.get_weights()) == 2)
    for step in range(2):
        logits = _logits(model, images)
        kernel, bias = last.get_weights()
        scale = 1 / np.ptp(logits, axis=0).max()
        # The biases do not part the images, whatever the kernel is.
        last.set_weights(
            [kernel * scale, (bias - logits.mean(0)) * scale] if step == 0 else [kernel, bias - logits.mean(0)]
        )


def _logits(model, images) -> np.ndarray:
    """The logarithms of the probabilities, their mean taken off: what enters the softmax, but for one number a row."""
    logits = np.log(np.maximum(np.float64(model(images, training=False)), 1e-30))
    return logits - logits.mean(-1, keepdims=True)


def try_application(name: str, writer: str, shallow: bool = False) -> dict:
    """Write a model with a Keras in both formats, open it with carvis and compare; ``shallow`` as ``build``."""
    # Keras 2 keeps all that was built in one graph, which slows down whatever is built after it.
    WRITERS[writer].backend.clear_session()
    WRITERS[writer].utils.set_random_seed(0)
    # Probabilities of some images differ by thousands of times the tolerance.
    return try_model(
        lambda library: build(name, library, shallow), writer, prepare=prepare, inputs=images_for, apart=0.05
    )
