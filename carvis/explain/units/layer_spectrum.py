"""The frequencies in the activations of a model's layers on real images."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from carvis.classifier import Classifier
from carvis.dataset import Unreadable
from carvis.explain.keras.layer_outputs import layer_outputs
from carvis.explain.units.spectrum import Spectrum, mean_spectrum, ring_power
from carvis.progress import Progress, no_progress


def activation_spectra(
    clf: Classifier,
    paths: Iterable[str | Path],
    layers: Sequence[str] | None = None,
    *,
    unreadable: Unreadable | None = None,
    progress: Progress = no_progress,
) -> dict[str, Spectrum]:
    """Return the spectrum of each layer's activations, the mean over images and channels, in one pass over them.

    The edge of a map alone gives some power at all frequencies.

    Args:
        paths: images; those that cannot be read are skipped.
        layers: paths of layers with a map as output; None for all convolutions.
        unreadable: records the skipped images.
        progress: called with the number of images done and to do; returns True to stop.

    Raises:
        ModelError: no such layer, or one without a map.
    """
    layers, files = list(clf.conv_layers if layers is None else layers), [str(path) for path in paths]
    unreadable = unreadable if unreadable is not None else Unreadable()
    # For each layer the sum of the shares over maps, how many vary, and the side.
    sums: dict[str, list] = {}
    for places, outputs in layer_outputs(clf, files, layers, batch_size=8, unreadable=unreadable):
        for layer, output in zip(layers, outputs, strict=True):
            count, height, width, depth = output.shape
            side = min(height, width)
            power = ring_power(np.moveaxis(output, 3, 1).reshape(count * depth, height, width))
            batch = mean_spectrum(power, side)
            total = sums.setdefault(layer, [0.0, 0, side])
            total[0] += batch.share * batch.count
            total[1] += batch.count
        if progress(int(places[-1]) + 1, len(files)):
            break
    return {layer: Spectrum(share / max(1, count), side, count) for layer, (share, count, side) in sums.items()}
