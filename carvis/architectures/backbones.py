"""The backbones by name: what builds each, what it takes, and where its last block begins.

Adding one is adding one line to ``BACKBONES``. This module loads no Keras.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from carvis.classifier.card import read_card
from carvis.classifier.vocabulary import PreprocessingName
from carvis.errors import ModelError
from carvis.language import Message


@dataclass(frozen=True)
class Backbone:
    """A convolutional base.

    Args:
        application: its name in ``keras.applications``; None for what is built here.
        preprocessing: what its ImageNet weights take.
        blocks: how the names of the layers of each block begin, in order. Fine-tuning opens the last one;
            ``open_from`` may open more.
        input_size: default side of the image.
        untrained_preprocessing: what it takes without ImageNet weights, where that differs.
    """

    application: str | None
    preprocessing: PreprocessingName
    blocks: tuple[str, ...]
    input_size: int = 224
    untrained_preprocessing: PreprocessingName | None = None

    @property
    def last_block(self) -> str:
        """The last block, which fine-tuning opens by default."""
        return self.blocks[-1]


def _numbered(stem: str, first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{stem}{number}" for number in range(first, last + 1))


def _lettered(stem: str, counts: str) -> tuple[str, ...]:
    """Name the blocks of stages 1, 2, ... of so many blocks each: block1a, block2a, block2b, ..."""
    stages = enumerate(counts, 1)
    return tuple(f"{stem}{stage}{letter}" for stage, count in stages for letter in "abcdefgh"[: int(count)])


_VGG = _numbered("block", 1, 5)
_RESNET = tuple(f"conv{stage}_block{n}" for stage, count in zip("2345", "3463") for n in range(1, int(count) + 1))

BACKBONES: dict[str, Backbone] = {
    "vgg16": Backbone("VGG16", "caffe", _VGG, 256, "unit"),
    "vgg16-slim": Backbone(None, "unit", _VGG, 256),
    "vgg16-slim-bn": Backbone(None, "unit", _VGG, 256),
    "vgg19": Backbone("VGG19", "caffe", _VGG, 256, "unit"),
    "mobilenet_v2": Backbone("MobileNetV2", "tf", _numbered("block_", 1, 16)),
    "mobilenet_v3_small": Backbone("MobileNetV3Small", "none", _numbered("expanded_conv_", 1, 10)),
    "mobilenet_v3_large": Backbone("MobileNetV3Large", "none", _numbered("expanded_conv_", 1, 14)),
    "efficientnet_b0": Backbone("EfficientNetB0", "none", _lettered("block", "1223341")),
    "efficientnet_v2_b0": Backbone("EfficientNetV2B0", "none", _lettered("block", "122358")),
    "resnet50": Backbone("ResNet50", "caffe", _RESNET),
    "resnet50_v2": Backbone("ResNet50V2", "tf", _RESNET),
    "densenet121": Backbone("DenseNet121", "torch", tuple(f"conv{stage}_block1_" for stage in range(2, 6))),
    "xception": Backbone("Xception", "tf", _numbered("block", 2, 14), 299),
}


def find_backbone(name: str) -> Backbone:
    """Return the backbone of a name; ``MobileNetV2`` and ``mobilenet-v2`` are understood too.

    Raises:
        ModelError: there is none.
    """
    return BACKBONES[backbone_name(name)]


def backbone_name(name: str) -> str:
    """Return the known spelling of a backbone's name, such as ``vgg16`` for ``VGG-16``."""
    plain = {_plain(canonical): canonical for canonical in BACKBONES}
    if _plain(name) not in plain:
        raise ModelError(
            Message("There is no backbone {name}: choose one of {choices}.", name=name, choices=", ".join(BACKBONES))
        )
    return plain[_plain(name)]


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def preprocessing_for(recipe: str, backbone: str | None, weights: str | Path | None) -> PreprocessingName:
    """Name the preprocessing that fits a model to be built.

    A weights file with a card beside it says itself; any other file is taken for weights as Keras gives them out.
    """
    if backbone is None:
        return "unit"
    base = find_backbone(backbone)
    if weights in (None, "none"):
        return base.untrained_preprocessing or base.preprocessing
    card = read_card(weights) if weights != "imagenet" else None
    # A name that carvis does not know is refused when the run is prepared, rather than replaced here in silence.
    return cast(PreprocessingName, card.preprocessing) if card and card.preprocessing else base.preprocessing


def backbone_of(layer_names: Iterable[str]) -> str | None:
    """Recognise the backbone of a model by its layers' names, or None.

    The slim VGG16 and the full one have the same names, and so the same last block: ``vgg16`` stands for both.
    """
    names = {name.rpartition("/")[2] for name in layer_names}
    signs = {
        "vgg19": "block5_conv4",
        "vgg16": "block5_conv3",
        "mobilenet_v2": "block_16_project",
        "mobilenet_v3_large": "expanded_conv_14_project",
        "mobilenet_v3_small": "expanded_conv_10_project",
        "efficientnet_v2_b0": "block6h_project_conv",
        "efficientnet_b0": "block7a_project_conv",
        "resnet50_v2": "conv5_block3_preact_bn",
        "resnet50": "conv5_block3_3_bn",
        "densenet121": "conv5_block16_2_conv",
        "xception": "block14_sepconv2",
    }
    return next((name for name, sign in signs.items() if sign in names), None)
