"""Raw maps before they become heatmaps: made by a method, summed over a layer's calls, fused over layers."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from carvis.classifier.geometry.frame import Frame
from carvis.classifier.geometry.token_grid import TokenGrid
from carvis.explain.methods.fusion import fuse
from carvis.explain.methods.method import Method
from carvis.explain.methods.probe import Probe
from carvis.explain.status import influence
from carvis.images import resize


class RawMap(NamedTuple):
    """A signed map, float32 (h, w), and how far what it shows can change the score."""

    values: NDArray[np.float32]
    influence: float


def cam_maps(method: Method, activations: np.ndarray, gradients: np.ndarray, frame: Frame) -> list[RawMap]:
    """Make the maps of N images by a method of the CAM family, from (N, h, w, c) each."""
    maps = frame.onto_image(method.function(activations, gradients))
    if not method.takes_class:
        return [_own_influence(values) for values in maps]
    return [RawMap(values, influence(*pair)) for values, *pair in zip(maps, activations, gradients, strict=True)]


def attention_maps(
    method: Method,
    weights: Sequence[np.ndarray],
    gradients: Sequence[np.ndarray],
    read: NDArray[np.bool_],
    tokens: TokenGrid,
    frame: Frame,
) -> list[RawMap]:
    """Make the maps of N images by a method of attention weights (N, heads, T, T), or (N, T, T) of a single head."""
    weights, gradients = (
        [layer if layer.ndim == 4 else layer[:, None] for layer in layers] for layers in (weights, gradients)
    )
    relevance = method.function(weights, gradients, read)
    return [_own_influence(values) for values in frame.onto_image(tokens.lay(relevance))]


def probe_map(method: Method, probe: Probe) -> RawMap:
    """Make the map of one image by any other method."""
    return _own_influence(method.function(probe))


def summed(of_calls: Sequence[Sequence[RawMap]]) -> Sequence[RawMap]:
    """Sum the maps of all calls of a layer, image by image, as if their channels were those of one layer."""
    if len(of_calls) == 1:
        return of_calls[0]
    return [_sum(maps) for maps in zip(*of_calls, strict=True)]


def fused(of_layers: Sequence[Sequence[RawMap]]) -> Sequence[RawMap]:
    """Fuse the maps of several layers, from the shallowest to the deepest, image by image."""
    if len(of_layers) == 1:
        return of_layers[0]
    return [
        RawMap(fuse([raw.values for raw in maps]), max(raw.influence for raw in maps))
        for maps in zip(*of_layers, strict=True)
    ]


def _sum(maps: Sequence[RawMap]) -> RawMap:
    height, width = (max(sides) for sides in zip(*(raw.values.shape for raw in maps), strict=True))
    arrays = [
        raw.values if raw.values.shape == (height, width) else resize(raw.values, (height, width), "nearest")
        for raw in maps
    ]
    total = np.sum(np.stack(arrays), axis=0, dtype=np.float64)
    return RawMap(np.asarray(total, np.float32), sum(raw.influence for raw in maps))


def _own_influence(values: NDArray[np.float32]) -> RawMap:
    return RawMap(values, float(np.abs(values.astype(np.float64)).sum()))
