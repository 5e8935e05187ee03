"""How long a model takes for an image."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from carvis.classifier import Classifier

_WARM_UP, _BATCHES = 2, 7


def milliseconds_per_image(
    clf: Classifier, batch_size: int = 16, watch: Callable[[int, int], object] | None = None
) -> float:
    """Measure the forward pass on this machine as it is now: the median over some batches, in milliseconds per image.

    Images of noise are used, ready in memory: reading and resizing are not part of it.

    Args:
        batch_size: images predicted at once.
        watch: called with (batches done, batches in all).
    """
    shape = (batch_size, *clf.probe_size, clf.channels)
    batch = clf.preprocess(np.random.default_rng(0).integers(0, 256, shape).astype(np.float32))
    times = []
    for turn in range(_WARM_UP + _BATCHES):
        begun = time.perf_counter()
        clf.predict_prepared(batch)
        times.append(time.perf_counter() - begun)
        if watch:
            watch(turn + 1, _WARM_UP + _BATCHES)
    return float(1000 * np.median(times[_WARM_UP:]) / batch_size)
