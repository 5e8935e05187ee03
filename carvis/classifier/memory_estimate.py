"""How much memory a model needs for one image, estimated from its shapes before anything is computed."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import psutil

from carvis.errors import ModelError
from carvis.language import Message

if TYPE_CHECKING:
    import keras
    import numpy as np

    from carvis.classifier.flat_graph import Call

Outputs = TypeVar("Outputs")
_MAX_SIZES = 64
# Most models are far below, and a query of the system takes longer than the comparison.
_NEGLIGIBLE = 100_000_000
_CGROUP = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


class MemoryEstimate(NamedTuple):
    """What a model takes for one image, in bytes.

    Attributes:
        step: the most that one layer takes and gives at a time.
        total: the outputs of all layers together.
        products: multiplications, about.
    """

    step: int
    total: int
    products: int = 0


class TooLargeError(ModelError):
    """A model takes more memory for one image than there is, or than it may."""


def free_memory() -> int:
    """Return how many bytes this process can still allocate, within a container's limit."""
    free = psutil.virtual_memory().available
    for limit, used in _CGROUP:
        try:
            unused = int(Path(limit).read_text()) - int(Path(used).read_text())
        # No such limit ("max"), or no such file.
        except (OSError, ValueError):
            continue
        # The kernel's file cache counts as used, but is freed on demand.
        free = min(free, max(unused, 0) + _file_cache(Path(limit).parent))
    return free


def _file_cache(folder: Path) -> int:
    try:
        facts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return int(facts.get("inactive_file", facts.get("total_inactive_file", 0)))
    except (OSError, ValueError):
        return 0


def estimate_memory(model: "keras.Model", size: tuple[int, int]) -> MemoryEstimate:
    """Estimate what a model needs for one image of a size (height, width).

    A size that only the image decides counts as 1, and so does what a layer takes inside itself.
    """
    # Files are inspected without TensorFlow, which this import loads.
    from carvis.classifier.flat_graph import FlatGraph

    try:
        graph = FlatGraph(model, size)
    # For an unknown kind of graph only the estimate is lost.
    except Exception:
        return MemoryEstimate(0, 0)
    sizes = [_bytes(shape) for shape in graph.shapes]
    steps = [sum(sizes[tensor] for tensor in {*call.sources, *call.outputs}) for call in graph.calls]
    return MemoryEstimate(max(steps, default=0), sum(sizes), sum(_products(call, graph.shapes) for call in graph.calls))


def _products(call: "Call", shapes: list) -> int:
    """Estimate the multiplications of a call: each weight of a convolution counts at each position of its map."""
    step = call.operation
    # Inputs compute nothing, and operations that are no layers have no weights.
    if call.is_input or not hasattr(step, "count_params"):
        return 0
    maps = [shapes[tensor] for tensor in (*call.sources, *call.outputs) if len(shapes[tensor]) == 4]
    places = max((math.prod(side or 1 for side in shape[1:3]) for shape in maps), default=1)
    window = math.prod(getattr(step, "pool_size", None) or (0,))
    pooled = window * sum(_bytes(shapes[tensor]) // 4 for tensor in call.outputs)
    return places * (step.count_params() if step.built else 0) + pooled


def _bytes(shape: Sequence[int | None]) -> int:
    # Of one image, in float32; what stands first is the batch.
    return 4 * math.prod(side or 1 for side in shape[1:])


def check_memory(estimate: MemoryEstimate, name: object) -> None:
    """Refuse a model that needs more memory for one image than is free.

    Raises:
        TooLargeError: it takes more.
    """
    if estimate.step > _NEGLIGIBLE and estimate.step > (free := free_memory()):
        raise TooLargeError(
            Message(
                "{name} needs {needed} of memory for one image, but {free} are free: choose a smaller input"
                " size (--input-size) where the model allows it, or use a machine with more memory.",
                name=name,
                needed=gigabytes(estimate.step),
                free=gigabytes(free),
            )
        )


def check_batch(estimate: MemoryEstimate, n: int, name: object) -> None:
    """Refuse a batch that needs more memory than is free.

    Raises:
        TooLargeError: it would.
    """
    if estimate.step * n > _NEGLIGIBLE and estimate.step * n > (free := free_memory()):
        raise TooLargeError(
            Message(
                "{name} needs {needed} of memory for a batch of {n} images, but {free} are free: choose a"
                " smaller batch (--batch-size) or smaller images.",
                name=name,
                needed=gigabytes(estimate.step * n),
                n=n,
                free=gigabytes(free),
            )
        )


def within_memory(
    model: "keras.Model", run: "Callable[[Any], Outputs]", name: object
) -> "Callable[[np.ndarray], Outputs]":
    """Return a function of a batch of images (N, h, w, c) that refuses a batch too large for the free memory."""
    estimates: dict[tuple[int, int], MemoryEstimate] = {}

    def checked(images: "np.ndarray") -> Outputs:
        size = tuple(images.shape[1:3])
        if size not in estimates:
            if len(estimates) >= _MAX_SIZES:
                estimates.clear()
            estimates[size] = estimate_memory(model, size)
        check_batch(estimates[size], len(images), name)
        return run(images)

    return checked


def gigabytes(n: float) -> str:
    """Write a number of bytes as gigabytes."""
    return f"{n / 1e9:,.1f} GB" if n < 1e11 else f"{n / 1e9:,.0f} GB"
