"""Neighbours of 100 images among 100,000 and 1,000,000, and layouts of 1,000 and 20,000 images.

Vectors are of a few hundred groups, as a classifier's are, and lie in a memory map, as kept embeddings do.

Why there is no index: on MobileNetV2 features of real photographs with jitter, in seconds of processor time (two
cores), 10 neighbours of 100 images:

| 1,000,000 vectors of 256         | build | memory | 100 images | recall@10 |
|----------------------------------|-------|--------|------------|-----------|
| exact, from the memory map       | 0     | blocks of 64 MB, and pages of the map | 1.5 (1 image: 0.35) | 1 |
| faiss-cpu 1.15, IVF4000 in half precision, 8 of 4000 lists | 80 | 0.83 GB | 0.06 | 0.999 |
| the same, 128 lists              | 80    | 0.83 GB | 0.43      | 0.999     |

| 100,000 vectors of 1280          | build | memory | 100 images | recall@10 |
|----------------------------------|-------|--------|------------|-----------|
| exact, from the memory map       | 0     | blocks of 64 MB, and pages of the map | 0.7 (1 image: 0.25) | 1 |
| scikit-learn, cosine             | 0     | a copy of all vectors | 2.1 | 1       |
| scikit-learn, Euclidean on units | 2.9   | 0.53 GB | 0.9       | 1         |
| usearch 2.26, HNSW in half precision, expansion 256 | 94 | 0.29 GB | 0.09 | 1 |

The index pays once more than 5,000 images are looked for among the same million. A page looks for one, and a model that
is trained on asks for another index.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

SIZES = ((100_000, 1280), (1_000_000, 256))
LAYOUTS = (1_000, 20_000)
QUERIES, GROUPS, AT_ONCE = 100, 300, 20_000


def vectors(n: int, d: int, seed: int = 1) -> Iterator[NDArray[np.float32]]:
    """Vectors without negative values, as behind a ReLU: around the centres of groups, a part at a time."""
    centres = np.random.default_rng(0).standard_normal((GROUPS, d), np.float32)
    rng = np.random.default_rng(seed)
    for start in range(0, n, AT_ONCE):
        part = min(AT_ONCE, n - start)
        noisy = centres[rng.integers(0, GROUPS, part)] + 0.5 * rng.standard_normal((part, d), np.float32)
        yield np.maximum(noisy, 0).astype(np.float16).astype(np.float32)


def measured(work: Callable[[], object]) -> str:
    """How long some work takes: by the clock, and by all processors together, which other work does not disturb."""
    process = psutil.Process()
    before, begun = process.cpu_times(), time.perf_counter()
    work()
    seconds, after = time.perf_counter() - begun, process.cpu_times()
    return f"{seconds:.2f} s ({after.user + after.system - before.user - before.system:.2f} s of processor time)"


def run() -> Iterator[str]:
    from carvis.feature_space import layout, nearest

    with tempfile.TemporaryDirectory() as folder:
        for n, d in SIZES:
            kept = np.lib.format.open_memmap(Path(folder) / "vectors.npy", "w+", np.float32, (n, d))
            for i, part in enumerate(vectors(n, d)):
                kept[i * AT_ONCE : i * AT_ONCE + len(part)] = part
            queries = next(vectors(QUERIES, d, seed=2))
            nearest(queries, kept, 10)
            for m in (1, QUERIES):
                taken = measured(lambda kept=kept, queries=queries, m=m: nearest(queries[:m], kept, 10))
                yield f"10 neighbours of {m} among {n:,} vectors of {d}: {taken}"
            del kept
    for n in LAYOUTS:
        points = np.concatenate(list(vectors(n, 1280)))
        made = []
        taken = measured(lambda points=points, made=made: made.append(layout(points)))
        yield f"layout of {n:,} vectors of 1280 by {made[0].method}: {taken}"
