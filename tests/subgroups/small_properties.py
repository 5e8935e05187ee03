"""Properties and evaluations of images that do not exist, for tests of slices."""

import hashlib

import numpy as np
import pandas as pd

from carvis.subgroups import ImageProperties
from tests.evaluation.small_evaluations import evaluation


def names(n):
    return [f"test/x/{i:05d}.jpg" for i in range(n)]


def sha256(ids):
    return np.array([hashlib.sha256(name.encode()).hexdigest() for name in ids])


def drawn(n, seed=0):
    """Properties of ``n`` images that have nothing to do with each other; half of the images are of each class."""
    # Not the numbers that a test draws with the same seed.
    rng = np.random.default_rng([7, seed])
    ids = names(n)
    table = pd.DataFrame(
        {
            "brightness": rng.uniform(0, 255, n),
            "contrast": rng.uniform(10, 90, n),
            "sharpness": rng.uniform(0, 900, n),
            "quality": rng.integers(40, 96, n).astype(float),
            "label": np.where(np.arange(n) % 2 == 0, "a", "b").astype(object),
            "format": rng.choice(["JPEG", "PNG"], n).astype(object),
        },
        index=ids,
    )
    return ImageProperties(table, np.arange(n), sha256(ids))


def evaluated(known, wrong, name="model"):
    """An evaluation in which some of the images are wrong; the classes are a and b."""
    rows = []
    for sample, label, is_wrong in zip(known.table.index, known.table["label"], wrong):
        says_a = (label == "a") != is_wrong
        rows.append((sample, label, (0.9, 0.1) if says_a else (0.1, 0.9)))
    return evaluation(name, ["a", "b"], rows)
