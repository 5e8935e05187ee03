"""``heatmaps`` and ``heatmap_sets``: the heatmaps of many images by one model."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from carvis.classifier import Classifier
from carvis.dataset import Unreadable
from carvis.explain.batches import Heatmaps, Key
from carvis.explain.heatmap import Heatmap
from carvis.explain.layers import Layer
from carvis.explain.prepared_images import Label, images_of_array, images_of_files
from carvis.explain.request import HeatmapRequest
from carvis.explain.score import Precision, Score
from carvis.explain.target import Target

Files = Iterable[str | Path | bytes]


@overload
def heatmaps(
    clf: Classifier,
    images: np.ndarray,
    method: str = ...,
    target: Target = ...,
    layer: str | Sequence[str] | None = ...,
    *,
    score: Score = ...,
    labels: Sequence[Label] | None = ...,
    batch_size: int = ...,
    unreadable: Unreadable | None = ...,
    seed: int = ...,
    precision: Precision = ...,
) -> list[Heatmap]: ...
@overload
def heatmaps(
    clf: Classifier,
    images: Files,
    method: str = ...,
    target: Target = ...,
    layer: str | Sequence[str] | None = ...,
    *,
    score: Score = ...,
    labels: Sequence[Label] | None = ...,
    batch_size: int = ...,
    unreadable: Unreadable | None = ...,
    seed: int = ...,
    precision: Precision = ...,
) -> Iterator[Heatmap]: ...
def heatmaps(
    clf: Classifier,
    images: np.ndarray | Files,
    method: str = "grad-cam",
    target: Target = "predicted",
    layer: str | Sequence[str] | None = None,
    *,
    score: Score = "logit",
    labels: Sequence[Label] | None = None,
    batch_size: int = 8,
    unreadable: Unreadable | None = None,
    seed: int = 0,
    precision: Precision = "full",
) -> list[Heatmap] | Iterator[Heatmap]:
    """Show where a model sees evidence for a class, one heatmap per image.

    Args:
        clf: the model with its class names, size and preprocessing.
        images: uint8 array (N, H, W, 3) or (N, H, W, 1) of any size; or an iterable of paths,
            or of files' bytes, which are read as the model reads: their heatmaps lie on the upright image.
        method: a name in ``METHODS``.
        target: ``predicted``, ``true``, a class index or a class name, or a ``Contrast`` of two of them.
        layer: a layer path with a map as output; None or ``default`` is ``clf.default_layer``, ``last`` the last
            convolution (``clf.last_conv_layer``); several are fused to one heatmap. Of a layer that is called several
            times each call has a path, ``#*`` stands for all of them: ``vgg16#*/block5_conv3``. Methods at the input
            ignore it.
        score: ``logit``, the value before the final softmax or sigmoid, ``probability``, the one after, or
            ``log-probability``, its logarithm, which also stands in for a logit where there is none, as in the mean of
            several models; ``Heatmap.score_kind`` says which it was.
        labels: the true class of each image, name or index, for ``target="true"``; for paths without labels
            it is the first folder below the split (``carvis.dataset.label_of_path``).
        batch_size: images per forward pass.
        unreadable: where given, images that cannot be read are recorded there and skipped.
        seed: of the methods that draw noise; each image's noise depends on nothing else.
        precision: ``full``, or ``fast`` for convolutions in bfloat16 where the processor has units for it: several
            times faster for a VGG16, no faster for a MobileNet. Heatmaps of the last convolution keep their ranks
            (a correlation of 0.99 and more, as a rule); those of layers far below differ more, and a close prediction
            can change.

    Returns:
        A list for an array, a generator for paths, whose memory stays flat.

    Raises:
        ModelError: no such layer, class or method, a layer without a map, or a precision that cannot be had here.
        ImageError: an image cannot be read and ``unreadable`` is None.
    """
    layer = layer if layer is None or isinstance(layer, str) else tuple(layer)
    request = HeatmapRequest((method,), (target,), (layer,), score, seed, precision)
    sets = requested_sets(clf, images, request, labels, batch_size, unreadable)
    maps = (heatmap for heatmap_set in sets for heatmap in heatmap_set.values())
    return list(maps) if isinstance(images, np.ndarray) else maps


def heatmap_sets(
    clf: Classifier,
    images: np.ndarray | Files,
    methods: Sequence[str] = ("grad-cam",),
    targets: Sequence[Target] = ("predicted",),
    layers: Sequence[Layer] = (None,),
    *,
    score: Score = "logit",
    labels: Sequence[Label] | None = None,
    batch_size: int = 8,
    unreadable: Unreadable | None = None,
    seed: int = 0,
    precision: Precision = "full",
) -> Iterator[dict[Key, Heatmap]]:
    """Make the heatmaps of each image for several methods, targets and layers, as ``heatmaps`` makes one.

    One forward pass serves every method of the CAM family, every target and every layer.

    Returns:
        A generator of one dict per image, from (method, target, layer), as they were given, to the heatmap.

    Raises:
        ModelError, ImageError: as ``heatmaps``.
    """
    request = HeatmapRequest(tuple(methods), tuple(targets), tuple(layers), score, seed, precision)
    return requested_sets(clf, images, request, labels, batch_size, unreadable)


def requested_sets(
    clf: Classifier,
    images: np.ndarray | Files,
    request: HeatmapRequest,
    labels: Sequence[Label] | None = None,
    batch_size: int = 8,
    unreadable: Unreadable | None = None,
) -> Iterator[dict[Key, Heatmap]]:
    """Make the heatmaps of a request, as ``heatmap_sets``.

    Raises:
        ModelError, ImageError: as ``heatmaps``.
    """
    request.check(clf)
    explained = Heatmaps(clf, request)
    if isinstance(images, np.ndarray):
        return explained.of(images_of_array(clf, images, labels), batch_size)
    files = images_of_files(clf, images, labels, guess_labels=request.needs_label, unreadable=unreadable)
    return explained.of(files, batch_size)
