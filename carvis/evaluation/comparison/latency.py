"""How long a model takes for an image."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from carvis.progress import Progress, advance, no_progress

if TYPE_CHECKING:
    from carvis.classifier import Classifier

_WARM_UP, _BATCHES = 2, 7


def milliseconds_per_image(clf: Classifier, batch_size: int = 16, progress: Progress = no_progress) -> float:
    """Measure the forward pass on this machine as it is now: the median over some batches, in milliseconds per image.

    Images of noise are used, ready in memory: reading and resizing are not part of it.

    Args:
        batch_size: images predicted at once.
        progress: called with (batches done, batches in all).

    Raises:
        StoppedError: ``progress`` asked to stop.
    """
    shape = (batch_size, *clf.probe_size, clf.channels)
    batch = clf.preprocess(np.random.default_rng(0).integers(0, 256, shape).astype(np.float32))
    times = []
    for turn in range(_WARM_UP + _BATCHES):
        start = time.perf_counter()
        clf.predict_prepared(batch)
        times.append(time.perf_counter() - start)
        advance(progress, turn + 1, _WARM_UP + _BATCHES)
    return float(1000 * np.median(times[_WARM_UP:]) / batch_size)
