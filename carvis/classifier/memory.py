"""How much memory a model takes to look at an image, reckoned from its shapes before anything is computed."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import psutil

from carvis.classifier.calls import FlatGraph
from carvis.errors import ModelError
from carvis.language import Message

_SIZES_KEPT = 64
_CGROUP = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


class Needs(NamedTuple):
    """What a model takes for one image, in bytes.

    Attributes:
        step: the most that one layer takes and gives at a time.
        total: the outputs of all layers together.
    """

    step: int
    total: int


class TooLargeError(ModelError):
    """A model takes more memory for one image than there is, or than it may."""


def free_memory() -> int:
    """Return how many bytes this process can still take, the limit of a container included."""
    free = psutil.virtual_memory().available
    for most, now in _CGROUP:
        try:
            left = int(Path(most).read_text()) - int(Path(now).read_text())
        # No such limit ("max"), or no such file.
        except (OSError, ValueError):
            continue
        # What the kernel keeps of files counts as used, and is given up on demand.
        free = min(free, max(left, 0) + _file_cache(Path(most).parent))
    return free


def _file_cache(folder: Path) -> int:
    try:
        facts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return int(facts.get("inactive_file", facts.get("total_inactive_file", 0)))
    except (OSError, ValueError):
        return 0


def needs_of(model: keras.Model, size: tuple[int, int]) -> Needs:
    """Reckon what a model takes for one image of a size (height, width).

    A size that only the image decides counts as 1, and so does what a layer takes inside itself.
    """
    try:
        graph = FlatGraph(model, size)
    # Only a guess is lost where a graph is of no kind that is known here: computing it fails or does not.
    except Exception:
        return Needs(0, 0)
    sizes = [_bytes(shape) for shape in graph.shapes]
    steps = [sum(sizes[tensor] for tensor in {*call.sources, *call.outputs}) for call in graph.calls]
    return Needs(max(steps, default=0), sum(sizes))


def _bytes(shape: Sequence[int | None]) -> int:
    # Of one image, in float32; what stands first is the batch.
    return 4 * math.prod(side or 1 for side in shape[1:])


def check_memory(needs: Needs, name: object, most: int | None = None) -> None:
    """Refuse a model that one image would bring beyond the memory there is.

    Args:
        most: the bytes that all outputs together may take; None for no other bound than the memory.

    Raises:
        TooLargeError: it takes more.
    """
    free = free_memory()
    if needs.step > free or (most is not None and needs.total > most):
        raise TooLargeError(
            Message(
                "{name} needs {needed} of memory for one image, and {free} are free: choose a smaller input size"
                " (--input-size) where it is open, or a machine with more memory.",
                name=name,
                needed=gigabytes(max(needs.step, needs.total) if most is not None else needs.step),
                free=gigabytes(free),
            )
        )


def check_batch(needs: Needs, n: int, name: object) -> None:
    """Refuse a batch that would go beyond the memory there is.

    Raises:
        TooLargeError: it would.
    """
    # Most are far below: asking the system costs more than the product.
    if needs.step * n > 100_000_000 and needs.step * n > (free := free_memory()):
        raise TooLargeError(
            Message(
                "{name} needs {needed} of memory for {n} images at once, and {free} are free: choose a smaller batch"
                " (--batch-size) or smaller images.",
                name=name,
                needed=gigabytes(needs.step * n),
                n=n,
                free=gigabytes(free),
            )
        )


def within_memory(model: keras.Model, run: Callable, name: object) -> Callable:
    """Return a function of a batch of images (N, h, w, c) that refuses a batch too large for the memory there is."""
    known: dict[tuple[int, int], Needs] = {}

    def checked(images):
        size = tuple(images.shape[1:3])
        if size not in known:
            if len(known) >= _SIZES_KEPT:
                known.clear()
            known[size] = needs_of(model, size)
        check_batch(known[size], len(images), name)
        return run(images)

    return checked


def gigabytes(n: float) -> str:
    """Write a number of bytes as gigabytes."""
    return f"{n / 1e9:,.1f} GB" if n < 1e11 else f"{n / 1e9:,.0f} GB"
