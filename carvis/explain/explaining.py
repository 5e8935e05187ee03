"""``heatmaps``: maps of many pictures by one model, in batches."""

import weakref
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from carvis.classifier import Classifier
from carvis.dataset import Unreadable
from carvis.errors import ImageError, ModelError
from carvis.explain.cam import METHODS
from carvis.explain.heatmap import Heatmap, judge
from carvis.explain.tap import make_tap
from carvis.images import read_image

SCORES = ("logit", "probability")
_PREDICTED = -1

# A traced function costs a second and serves every picture after: one for each model, layer and score.
_taps: "weakref.WeakKeyDictionary[Classifier, dict]" = weakref.WeakKeyDictionary()


def heatmaps(
    clf: Classifier,
    images: np.ndarray | Iterable[str | Path],
    method: str = "grad-cam",
    target: str | int = "predicted",
    layer: str | None = None,
    *,
    score: str = "logit",
    labels: Sequence[str | int] | None = None,
    batch_size: int = 8,
    unreadable: Unreadable | None = None,
) -> list[Heatmap] | Iterator[Heatmap]:
    """Show where a model sees evidence for a class, one map a picture.

    Args:
        clf: the model with its class names, size and preprocessing.
        images: uint8 array (N, H, W, 3) or (N, H, W, 1) of any size; or an iterable of paths.
        method: a name in ``METHODS``.
        target: ``predicted``, ``true``, a class index or a class name.
        layer: a layer path with a map as output; None takes the last convolution (``clf.last_conv_layer``).
        score: ``logit``, the value before the final softmax or sigmoid, or ``probability``, the one after.
        labels: the true class of each picture, name or index, for ``target="true"``; for paths without labels
            it is the name of the folder that holds the picture.
        batch_size: pictures a forward pass.
        unreadable: where given, pictures that cannot be read are recorded there and left out.

    Returns:
        A list for an array, a generator for paths, whose memory stays flat.

    Raises:
        ModelError: no such layer, class or method, or a layer without a map.
        ImageError: a picture cannot be read and ``unreadable`` is None.
    """
    if method not in METHODS:
        raise ModelError(f"{method} is not a heatmap method: choose one of {', '.join(METHODS)}.")
    if score not in SCORES:
        raise ModelError(f"{score} is not a score: choose one of {', '.join(SCORES)}.")
    layer = layer or clf.last_conv_layer
    if layer is None:
        raise ModelError(f"{clf.name} has no convolution with a map larger than 1x1: no heatmap can be made of it.")
    tap = _tap(clf, layer, score)
    if target != "true":
        _class_index(clf, target, None)
    if isinstance(images, np.ndarray):
        stream = _from_array(clf, images, target, labels)
    else:
        stream = _from_paths(clf, images, target, labels, unreadable)
    maps = _explain(clf, tap, stream, method, layer, score, batch_size)
    return list(maps) if isinstance(images, np.ndarray) else maps


def _tap(clf: Classifier, layer: str, score: str):
    taps = _taps.setdefault(clf, {})
    if (layer, score) not in taps:
        found = clf.layer(layer)
        if len(getattr(found.output, "shape", ())) != 4:
            raise ModelError(f"{layer} of {clf.name} gives no map: choose one of {', '.join(clf.conv_layers)}.")
        taps[layer, score] = make_tap(clf.model, found, score)
    return taps[layer, score]


def _class_index(clf: Classifier, target: str | int, label: str | int | None) -> int:
    if target == "predicted":
        return _PREDICTED
    if target == "true":
        if label is None:
            raise ModelError("The true class is not known: give labels, or explain the predicted class.")
        return _class_index(clf, label, None)
    if isinstance(target, str):
        if target not in clf.class_names:
            raise ModelError(f"{target} is not a class of {clf.name}: choose one of {', '.join(clf.class_names)}.")
        return clf.class_names.index(target)
    if not 0 <= target < len(clf.class_names):
        raise ModelError(f"{clf.name} has no class {target}: its classes are 0 to {len(clf.class_names) - 1}.")
    return int(target)


def _from_array(clf, images, target, labels):
    for i, image in enumerate(images):
        label = None if labels is None else labels[i]
        yield clf.prepare([image])[0], _class_index(clf, target, label), None


def _from_paths(clf, paths, target, labels, unreadable):
    for i, path in enumerate(paths):
        try:
            image = read_image(path, clf.channels)
        except ImageError as error:
            if unreadable is None:
                raise
            unreadable.add(i, str(error))
            continue
        label = Path(path).parent.name if labels is None else labels[i]
        yield clf.prepare([image])[0], _class_index(clf, target, label), str(path)


def _explain(clf, tap, stream, method, layer, score, batch_size) -> Iterator[Heatmap]:
    stream = iter(stream)
    while batch := list(islice(stream, batch_size)):
        prepared = np.stack([image for image, _, _ in batch])
        targets = np.array([target for _, target, _ in batch], np.int32)
        activations, gradients, scores, output, chosen = (value.numpy() for value in tap(prepared, targets))
        raw = METHODS[method](activations, gradients)
        probabilities = clf.probabilities(output)
        for i, (_, _, source) in enumerate(batch):
            answer = int(probabilities[i].argmax())
            yield Heatmap(
                raw=raw[i],
                status=judge(raw[i], activations[i], gradients[i], float(scores[i]), score),
                target=int(chosen[i]),
                target_name=clf.class_names[chosen[i]],
                predicted=answer,
                predicted_name=clf.class_names[answer],
                score=float(scores[i]),
                score_kind=score,
                probabilities=probabilities[i],
                class_names=tuple(clf.class_names),
                layer=layer,
                method=method,
                model_name=clf.name,
                fingerprint=clf.fingerprint,
                preprocessing=clf.preprocessing,
                source=source,
            )
