"""Which frequencies the layers of a model hold when it looks at real pictures."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from carvis.classifier import Classifier
from carvis.dataset import Unreadable
from carvis.explain.keras.layer_outputs import layer_outputs
from carvis.explain.units.spectrum import Spectrum, mean_spectrum, ring_power


def activation_spectra(
    clf: Classifier,
    paths: Iterable[str | Path],
    layers: Sequence[str] | None = None,
    *,
    unreadable: Unreadable | None = None,
    watch: Callable[[int, int], bool | None] = lambda done, total: None,
) -> dict[str, Spectrum]:
    """Return the spectrum of each layer's activations, the mean over pictures and channels, in one pass over them.

    A map at the edge of which the picture breaks off holds some power at all frequencies for that alone.

    Args:
        paths: pictures; those that cannot be read are left out.
        layers: paths of layers with a map as output; None for all convolutions.
        unreadable: records the pictures left out.
        watch: called with the number of pictures done and to do; returns True to stop.

    Raises:
        ModelError: no such layer, or one without a map.
    """
    layers, paths = list(clf.conv_layers if layers is None else layers), [str(path) for path in paths]
    unreadable = unreadable if unreadable is not None else Unreadable()
    # For each layer the sum of the shares over maps, how many vary, and the side.
    sums: dict[str, list] = {}
    for places, outputs in layer_outputs(clf, paths, layers, batch_size=8, unreadable=unreadable):
        for layer, output in zip(layers, outputs, strict=True):
            count, height, width, depth = output.shape
            side = min(height, width)
            power = ring_power(np.moveaxis(output, 3, 1).reshape(count * depth, height, width))
            one = mean_spectrum(power, side)
            kept = sums.setdefault(layer, [0.0, 0, side])
            kept[0] += one.share * one.count
            kept[1] += one.count
        if watch(int(places[-1]) + 1, len(paths)):
            break
    return {layer: Spectrum(total / max(1, count), side, count) for layer, (total, count, side) in sums.items()}
