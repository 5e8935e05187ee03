"""Which steps of a model let distant places influence each other."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np

from carvis.classifier.flat_graph import Call, Shape
from carvis.classifier.geometry.call_outputs import outputs_of
from carvis.classifier.graph import Step

if TYPE_CHECKING:
    from carvis.classifier.geometry.spatial_layout import SpatialLayout

L = keras.layers
NORMALISING = (
    L.BatchNormalization, L.LayerNormalization, L.GroupNormalization, L.UnitNormalization, L.Normalization,
    L.RMSNormalization,
)  # fmt: skip
ATTENTION = (L.MultiHeadAttention, L.GroupQueryAttention, L.Attention, L.AdditiveAttention)
PRODUCTS = ("Matmul", "Einsum", "Dot", "Tensordot", "DotProductAttention")
_RECURRENT = (L.RNN, L.Bidirectional)
_BY_LAST_AXIS = (L.Dense, L.EinsumDense, L.Conv1D, L.SeparableConv1D, L.DepthwiseConv1D)


def learned(step: Step) -> bool:
    """Tell whether a layer has weights that detect features, and do not only normalise."""
    return bool(getattr(step, "weights", ())) and not isinstance(step, NORMALISING)


def foreign(step: Step) -> bool:
    """Tell whether a step is no part of Keras, so that only what it does shows what it is."""
    return not type(step).__module__.startswith("keras.")


def mixes(
    call: Call, signal: Sequence[int], shapes: Sequence[Shape], layouts: "dict[int, SpatialLayout]", weights: Collection
) -> bool:
    """Tell whether a step lets distant places influence each other, and still gives something at each of them.

    Args:
        signal: those of its sources that come from the image.
        shapes, layouts: of each tensor, by its number.
        weights: the numbers of tensors that attention weights are made from.
    """
    step = call.operation
    ranks = [len(shapes[source]) for source in signal]
    # A sum over places leaves one vector: attention that only pools.
    if len(call.shape) < 3 or max(ranks) < 3:
        return False
    if isinstance(step, (*ATTENTION, *_RECURRENT)):
        return call.shape[1] != 1
    if len(call.shape) == 3 and 1 in call.shape[1:]:
        return False
    if type(step).__name__ in PRODUCTS and len(signal) > 1:
        return any(source in weights for source in signal)
    if isinstance(step, _BY_LAST_AXIS):
        return any(layouts[source].kind in ("crossed", "lost") for source in signal)
    return learned(step) and foreign(step) and _reaches_far(call, [shapes[source] for source in signal])


def _reaches_far(call: Call, shapes: Sequence[Shape]) -> bool:
    """Probe whether a custom layer carries a change in one corner to the opposite one."""
    try:
        rng = np.random.default_rng(0)
        first = [rng.normal(size=(1, *shape[1:])).astype(np.float32) for shape in shapes]
        second = [values.copy() for values in first]
        for values in second:
            corner = values[(0, 0, 0) if values.ndim == 4 else (0, 0)]
            # Not the same change in each channel: normalisation would take it back.
            corner += rng.normal(size=corner.shape).astype(np.float32)
        before, after = (outputs_of(call, inputs)[0][0] for inputs in (first, second))
        opposite = (-1, -1) if before.ndim == 3 else (-1,)
        return bool(np.abs(before[opposite] - after[opposite]).max() > 1e-7)
    # A layer that cannot be probed is not known to mix.
    except Exception:
        return False
