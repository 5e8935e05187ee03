"""Test-time augmentation: several views of an image, whose probabilities are averaged."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from carvis.errors import CarvisError
from carvis.language import Message

Augmentation = Literal["none", "mirror", "crops", "mirror+crops"]
AUGMENTATIONS: tuple[Augmentation, ...] = get_args(Augmentation)
# Of an image's sides.
CROP = 7 / 8
_VIEWS: dict[str, int] = {"none": 1, "mirror": 2, "crops": 6, "mirror+crops": 12}


def check_augmentation(augment: str) -> None:
    """Make sure that there is such an augmentation.

    Raises:
        CarvisError: there is none.
    """
    if augment not in AUGMENTATIONS:
        raise CarvisError(
            Message(
                "There is no augmentation {name}: choose one of {choices}.",
                name=augment,
                choices=", ".join(AUGMENTATIONS),
            )
        )


def n_views(augment: Augmentation) -> int:
    """Return how many views of an image go through a model."""
    return _VIEWS[augment]


def views(image: NDArray[np.uint8], augment: Augmentation) -> list[NDArray[np.uint8]]:
    """Return the views of an image (H, W, C), itself first.

    ``mirror`` adds its mirror image, ``crops`` the four corners and the centre at 7/8 of its sides, ``mirror+crops``
    both and the mirrored crops.

    Source: Krizhevsky, Sutskever and Hinton, ImageNet Classification with Deep Convolutional Neural Networks (2012),
    section 4.1: ten crops of 7/8, averaged.
    """
    found = [image, *(_crops(image) if "crops" in augment else ())]
    return found + [view[:, ::-1] for view in found] if "mirror" in augment else found


def _crops(image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    height, width = image.shape[:2]
    h, w = max(round(height * CROP), 1), max(round(width * CROP), 1)
    middle = ((height - h) // 2, (width - w) // 2)
    corners = [(top, left) for top in (0, height - h) for left in (0, width - w)]
    return [image[top : top + h, left : left + w] for top, left in [*corners, middle]]


def augmentation_cost(augment: Augmentation) -> Message:
    """Say what an augmentation does and how many passes an image takes."""
    if augment == "none":
        return Message("Each image goes through each model once.")
    return Message(
        "Augmentation {name}: {n} views of each image go through each model, which takes about {n} times as long.",
        name=augment,
        n=n_views(augment),
    )
