"""The fine-tuning lens: what fine-tuning changed in each filter of a layer, and what it left exactly as it was."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.classifier import Classifier
from carvis.dataset import Unreadable
from carvis.errors import ModelError
from carvis.explain.input_frame import turn_for, upright_maps
from carvis.explain.keras.layer_outputs import layer_outputs
from carvis.language import Message
from carvis.progress import Progress, no_progress


@dataclass(frozen=True)
class Pair:
    """A layer of one model and the layer of another that it corresponds to.

    Attributes:
        before, after: the layers' paths.
        same_weights: the two hold exactly the same weights.
        same: so does everything below them, and the two models take images alike: the outputs for any image and the
            filter patterns are identical.
        change: how far the weights moved, the length of the difference over the length of the first ones.
    """

    before: str
    after: str
    same_weights: bool
    same: bool
    change: float


def relative_change(before: NDArray[np.floating], after: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return how far each filter's weights moved: |after - before| / |before|, of (..., c) to float64 (c,).

    0 where nothing changed, infinite where all weights were 0 before.
    """
    first, second = (np.asarray(x, np.float64).reshape(-1, x.shape[-1]) for x in (before, after))
    moved, length = np.linalg.norm(second - first, axis=0), np.linalg.norm(first, axis=0)
    return np.divide(moved, length, out=np.where(moved > 0, np.inf, 0.0), where=length > 0)


def matching_layers(before: Classifier, after: Classifier) -> list[Pair]:
    """Find, for each convolution of one model, the one of another model that it became, in execution order.

    Layers match by path, else by name, and only where their kernels have one shape.

    Raises:
        ModelError: the models share no such layer.
    """
    candidates = {path: after.layer(path) for path in after.conv_layers}
    by_name = {path.rsplit("/", 1)[-1]: path for path in candidates}
    below = _EqualBelow(before, after)
    pairs = []
    for path in before.conv_layers:
        match = path if path in candidates else by_name.get(path.rsplit("/", 1)[-1])
        if match is None:
            continue
        old_layer, new_layer = before.layer(path), candidates[match]
        if [weight.shape for weight in old_layer.get_weights()] != [weight.shape for weight in new_layer.get_weights()]:
            continue
        equal = _equal(old_layer, new_layer)
        moved = np.concatenate(
            [(b - a).ravel() for a, b in zip(old_layer.get_weights(), new_layer.get_weights(), strict=True)]
        )
        length = np.linalg.norm(np.concatenate([weight.ravel() for weight in old_layer.get_weights()]))
        change = 0.0 if equal else float(np.linalg.norm(moved) / length) if length else float("inf")
        pairs.append(Pair(path, match, equal, equal and below.upto(path, match), change))
    if not pairs:
        raise ModelError(
            Message(
                "{before} and {after} share no convolution of the same name and size: choose a model and one "
                "fine-tuned from it.",
                before=before.name,
                after=after.name,
            )
        )
    return pairs


class _EqualBelow:
    """Tells whether all that comes before two layers is the same in both models."""

    def __init__(self, before: Classifier, after: Classifier):
        self._same_input = (before.input_words, before.channels) == (after.input_words, after.channels)
        self._layers = [
            [(call.path, call.operation) for call in clf.layer_graph.calls if _matters(call.operation)]
            for clf in (before, after)
        ]

    def upto(self, before: str, after: str) -> bool:
        first, second = (
            layers[: [path for path, _ in layers].index(path)]
            for layers, path in zip(self._layers, (before, after), strict=True)
        )
        return (
            self._same_input
            and len(first) == len(second)
            and all(_equal(old_layer, new_layer) for (_, old_layer), (_, new_layer) in zip(first, second, strict=True))
        )


def _matters(layer: keras.Operation) -> bool:
    """Tell whether a layer does anything at inference."""
    if not isinstance(layer, keras.Layer):
        return False
    augments = type(layer).__name__.startswith("Random")
    return not augments and not isinstance(layer, (keras.layers.InputLayer, keras.layers.Dropout))


def _equal(first: keras.Layer, second: keras.Layer) -> bool:
    weights = first.get_weights(), second.get_weights()
    return (
        type(first) is type(second)
        and _settings(first) == _settings(second)
        and len(weights[0]) == len(weights[1])
        and all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))
    )


def _settings(layer: keras.Layer) -> dict:
    """What a layer does besides its weights."""
    ignored = ("name", "trainable", "dtype", "seed")
    return {
        key: value
        for key, value in layer.get_config().items()
        if key not in ignored and not key.endswith(("_initializer", "_regularizer", "_constraint"))
    }


def weight_changes(before: Classifier, after: Classifier, pair: Pair) -> NDArray[np.float64]:
    """Return how far the weights of each filter of a layer moved, as ``relative_change``: float64 (c,)."""
    return relative_change(*(_columns(clf.layer(path)) for clf, path in ((before, pair.before), (after, pair.after))))


def _columns(layer: keras.Layer) -> NDArray[np.float32]:
    """Bring a convolution's weights to a column a filter; of a separable one, those that make its channels."""
    kernel = layer.get_weights()[0]
    if isinstance(layer, keras.layers.SeparableConv2D):
        kernel = layer.get_weights()[1]
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        kernel = kernel.reshape(*kernel.shape[:2], -1)
    columns = kernel.reshape(-1, kernel.shape[-1])
    bias = layer.get_weights()[-1]
    return np.concatenate([columns, bias[None]]) if layer.use_bias else columns


def activation_changes(
    before: Classifier,
    after: Classifier,
    pair: Pair,
    paths: Iterable[str | Path],
    *,
    unreadable: Unreadable | None = None,
    progress: Progress = no_progress,
) -> NDArray[np.float64]:
    """Return how differently each filter of a layer responds to images in the two models: float64 (c,).

    The mean of |after - before| over images and positions, divided by the mean of |before| + |after|: 0 where the two
    respond alike, 1 where one is 0 wherever the other is not.

    Args:
        paths: images; those that cannot be read are skipped.
        unreadable: records the skipped images.
        progress: called with the number of images done and to do; returns True to stop.

    Raises:
        ModelError: the two give maps of different size.
    """
    files = [str(path) for path in paths]
    unreadable = unreadable if unreadable is not None else Unreadable()
    moved = total = 0.0
    batches = (
        layer_outputs(clf, files, [layer], unreadable=unreadable)
        for clf, layer in ((before, pair.before), (after, pair.after))
    )
    for (places, (old_maps,)), (_, (new_maps,)) in zip(*batches):
        if before.orientation != after.orientation:
            # One of them sees some images lying on their side: places are compared on the upright image.
            old_maps, new_maps = (
                _upright(clf, files, places, maps) for clf, maps in ((before, old_maps), (after, new_maps))
            )
        if old_maps.shape != new_maps.shape:
            raise ModelError(
                Message(
                    "{before} and {after} have different input sizes: their activations cannot be compared.",
                    before=before.name,
                    after=after.name,
                )
            )
        moved = moved + np.abs(new_maps - old_maps).sum(axis=(0, 1, 2), dtype=np.float64)
        total = total + (np.abs(old_maps) + np.abs(new_maps)).sum(axis=(0, 1, 2), dtype=np.float64)
        if progress(int(places[-1]) + 1, len(files)):
            break
    return np.divide(moved, total, out=np.zeros_like(moved), where=np.asarray(total) > 0)


def _upright(
    clf: Classifier, paths: Sequence[str], places: NDArray[np.int64], maps: NDArray[np.float32]
) -> NDArray[np.float32]:
    upright = [upright_maps([values], turn_for(clf, paths[i]))[0] for i, values in zip(places, maps, strict=True)]
    if len({values.shape for values in upright}) > 1:
        raise ModelError(
            Message(
                "{model} reads images rotated by 90° to a non-square input: its activations cannot be compared.",
                model=clf.name,
            )
        )
    return np.stack(upright)


def tuning_table(
    before: Classifier,
    after: Classifier,
    pair: Pair,
    paths: Iterable[str | Path] = (),
    *,
    unreadable: Unreadable | None = None,
    progress: Progress = no_progress,
) -> pd.DataFrame:
    """Return one row a filter of a layer: filter, weight_change and, where images are given, activation_change.

    Arguments and errors as ``activation_changes``.
    """
    table = pd.DataFrame({"weight_change": weight_changes(before, after, pair)})
    table.insert(0, "filter", np.arange(len(table)))
    paths = list(paths)
    if paths:
        table["activation_change"] = activation_changes(
            before, after, pair, paths, unreadable=unreadable, progress=progress
        )
    return table
