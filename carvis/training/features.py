"""The output of the frozen part of a model for each image, computed once and kept on disk as memory maps."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from carvis.classifier.fingerprint import fingerprint
from carvis.errors import CarvisError
from carvis.training.batches import ImageInputs, Loader, batches_in_order
from carvis.training.config import RunConfig
from carvis.training.image_set import ImageSet
from carvis.training.precision import frozen_pass
from carvis.training.prefix import Halves
from carvis.training.recipes import FEATURE_PRECISIONS, CachePrecision, FeaturePrecision
from carvis.workspace import ArrayCache, content_hash, os_reason

# What carvis keeps of all runs together.
MAX_BYTES = 20_000_000_000
_CHUNK = 32
Frozen = Callable[[tf.Tensor], tf.Tensor]
_VERSION = 1


class CacheStopped(Exception):
    """A stop was requested while the cache was filled."""


@dataclass(frozen=True)
class Plan:
    """What a cache is to hold.

    Attributes:
        shape: of the features of one image.
        rows: images times views, validation images included.
        precision: ``float32``, or ``float16`` to halve the space.
    """

    shape: tuple[int, ...]
    rows: int
    precision: FeaturePrecision

    @property
    def bytes(self) -> int:
        """The disk space it takes."""
        return math.prod(self.shape) * self.rows * np.dtype(self.precision).itemsize


@dataclass(frozen=True)
class Features:
    """The features of some images: ``Inputs`` for the part of a model that learns.

    Args:
        arrays: (N, ...), float32 or float16, one a view.
        labels: int64 (N,).
    """

    arrays: list[NDArray[np.floating]]
    labels: NDArray[np.int64]

    @property
    def views(self) -> int:
        """How many views of each image there are."""
        return len(self.arrays)

    def loader(self, view: tf.Tensor) -> Loader:
        """Return what loads the features of some indices in one view."""

        def read(number: NDArray[np.int64], indices: NDArray[np.int64]) -> NDArray[np.float32]:
            return np.asarray(self.arrays[int(number)][indices], np.float32)

        def load(indices: tf.Tensor) -> tf.Tensor:
            rows = tf.numpy_function(read, [view, indices], tf.float32)
            return tf.ensure_shape(rows, (None, *self.arrays[0].shape[1:]))

        return load


class FeatureCache:
    """Fills and reads the cache of one run.

    Args:
        folder: holds a folder an entry, named by the hash of all that made it.
        max_bytes: bound of all entries together; those unused for longest are dropped.
        log: called with sentences for the run's log.
        progress: called with the number of rows computed and to compute; returns True to stop.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        max_bytes: int = MAX_BYTES,
        log: Callable[[str], None] = lambda text: None,
        progress: Callable[[int, int], bool | None] = lambda done, total: None,
    ):
        self._arrays = ArrayCache(folder, max_bytes, self._say_damaged)
        self._log, self._progress = log, progress
        self._done = self._total = 0

    def plan(self, halves: Halves, rows: int, precision: CachePrecision = "auto") -> Plan | None:
        """Choose the precision that fits; None where neither fits. The log says how much disk space it takes.

        Args:
            rows: images times views.
            precision: ``float32``, ``float16``, or ``auto`` for the first that fits.
        """
        shape = tuple(halves.frozen.outputs[0].shape[1:])
        if None in shape:
            self._log("no feature cache: the frozen part takes images of any size")
            return None
        # What is kept already can be used again, or dropped for it.
        room = self._arrays.room()
        kinds = FEATURE_PRECISIONS if precision == "auto" else (precision,)
        for kind in kinds:
            plan = Plan(shape, rows, kind)
            if plan.bytes <= room:
                self._log(f"feature cache: up to {plan.bytes / 1e9:.2f} GB ({kind}), cut behind {halves.cut}")
                return plan
        self._log(f"no feature cache: it would take {plan.bytes / 1e9:.2f} GB, and {room / 1e9:.2f} GB may be used")
        return None

    def fill(
        self, halves: Halves, plan: Plan, sets: Iterable[tuple[ImageSet, list[int | None]]], config: RunConfig
    ) -> list[Features] | None:
        """Compute what is not kept yet.

        Args:
            sets: images, and the numbers of their augmented views; None shows them as they are.
            config: decides preprocessing, seed and mixed precision.

        Returns:
            Features for each of ``sets``; None where the disk is full or fails: the run then does without.

        Raises:
            CacheStopped: ``progress`` requested a stop.
        """
        sets = list(sets)
        self._done, self._total = 0, sum(len(images) * len(views) for images, views in sets)
        self._model = fingerprint(halves.frozen, {"version": _VERSION})
        frozen = frozen_pass(halves.frozen, config.mixed_precision)
        made: set[str] = set()
        try:
            return [
                Features([self._entry(frozen, plan, images, view, config, made) for view in views], images.labels)
                for images, views in sets
            ]
        except (OSError, CarvisError) as error:
            reason = os_reason(error) if isinstance(error, OSError) else error
            self._log(f"no feature cache: {self._arrays.folder} cannot be used ({reason})")
            return None

    def _entry(
        self, frozen: Frozen, plan: Plan, images: ImageSet, view: int | None, config: RunConfig, made: set[str]
    ) -> NDArray[np.floating]:
        seed = config.seed if view is not None else None
        facts = [self._model, images.content, config.preprocessing, view, seed]
        facts += ["mixed"] if config.mixed_precision else []
        shape = (len(images), *plan.shape)
        kinds = FEATURE_PRECISIONS[FEATURE_PRECISIONS.index(plan.precision) :: -1]
        for kind in kinds:
            key = content_hash(facts, kind)
            made.add(key)
            array = self._arrays.get(key, shape, kind)
            if array is not None:
                self._done += len(images)
                return array
        for kind in kinds:
            before = self._done
            self._arrays.make_room(math.prod(shape) * np.dtype(kind).itemsize, made)
            try:
                with self._arrays.writing() as writer:
                    for rows in self._computed(frozen, ImageInputs(images, config.scaling, [view], config.seed), kind):
                        writer.append(rows)
                    return writer.keep(content_hash(facts, kind), shape, kind)
            except OverflowError:
                self._done = before
            self._log("some values are too large for float16: they are kept as float32")
        raise OSError("values overflow")

    def _computed(self, frozen: Frozen, inputs: ImageInputs, kind: FeaturePrecision) -> Iterator[NDArray[np.floating]]:
        """Yield the features, batch by batch.

        Raises:
            OverflowError: a value is too large for the precision.
        """
        for images, _ in batches_in_order(inputs, _CHUNK, 1):
            exact = frozen(images).numpy()
            with np.errstate(over="ignore"):
                rows = exact.astype(kind)
            if np.isinf(rows).any() and np.isfinite(exact).all():
                raise OverflowError(kind)
            yield rows
            self._done += len(rows)
            if self._progress(self._done, self._total):
                raise CacheStopped

    def _say_damaged(self, key: str) -> None:
        self._log(f"the feature cache {key[:12]} is damaged: it is computed again")
