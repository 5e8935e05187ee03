"""Every model of ``keras.applications``: its smallest input, and the smallest member of each family."""

import inspect

import keras
import tf_keras

from tests.compatibility.trial import WRITERS

CLASSES = 10
# The least side that a family takes with its top; the rest takes 32.
_SIDES = {"Inception": 75, "Xception": 71}
FAMILIES = {
    "ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "InceptionResNetV2", "InceptionV3",
    "MobileNet", "MobileNetV2", "MobileNetV3Small", "NASNetMobile", "RegNetX002", "RegNetY002", "ResNet50",
    "ResNet50V2", "ResNetRS50", "VGG16", "Xception",
}  # fmt: skip


def names_of(writer: str) -> list[str]:
    """The public models of a Keras, smallest first as far as their names tell."""
    applications = WRITERS[writer].applications
    return sorted(name for name, item in vars(applications).items() if inspect.isfunction(item) and name[0].isupper())


def side_of(name: str) -> int:
    """The side of the smallest image that a model takes."""
    return next((side for start, side in _SIDES.items() if name.startswith(start)), 32)


def build(name: str, library):
    """Build a model with ten classes and no stored weights."""
    side = side_of(name)
    make = getattr(library.applications, name)
    settings = {"minimalistic": False} if name.startswith("MobileNetV3") else {}
    return make(weights=None, classes=CLASSES, input_shape=(side, side, 3), **settings)


assert {keras, tf_keras} == set(WRITERS.values())
