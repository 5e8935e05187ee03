"""What the frozen part of a model makes of the pictures, computed once and kept on disk as memory maps."""

import contextlib
import math
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from carvis.classifier.fingerprint import fingerprint
from carvis.errors import CarvisError
from carvis.training.image_set import Pictures, shuffled
from carvis.training.precision import frozen_pass
from carvis.training.prefix import Halves
from carvis.training.recipes import PRECISIONS
from carvis.workspace import (
    FolderTakenError,
    content_hash,
    discard,
    open_regular,
    os_reason,
    read_json,
    staged_folder,
    write_json,
)
from carvis.workspace.json_schema import Count, Listed

# What carvis keeps of all runs together, and what it leaves of the disk to others.
MAX_BYTES, LEAVE_FREE = 20_000_000_000, 2_000_000_000
_CHUNK = 32
_VERSION = 1


class CacheStopped(Exception):
    """The person asked the run to stop while the cache was filled."""


@dataclass(frozen=True)
class Plan:
    """What a cache is to hold.

    Attributes:
        shape: of what is kept of one picture.
        rows: pictures times views, validation pictures included.
        precision: ``float32``, or ``float16`` to halve the space.
    """

    shape: tuple[int, ...]
    rows: int
    precision: str

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * self.rows * np.dtype(self.precision).itemsize


class Features:
    """Kept output of the frozen part for some pictures: a stand-in for ``Pictures`` in training.

    Args:
        views: arrays (N, ...), float32 or float16, one a view; a single one where pictures are shown as they are.
        labels: int64 (N,).
    """

    def __init__(self, views: list[np.ndarray], labels: np.ndarray):
        self._views, self.labels = views, labels

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, batch_size: int, *, epoch: int | None = None, seed: int = 0, view: int = 0) -> Iterator[tuple]:
        """Return one pass of batches (float32, labels) in the order of ``Pictures.batches``."""
        kept = self._views[view]

        def load(indices):
            rows = tf.numpy_function(lambda i: np.asarray(kept[i], np.float32), [indices], tf.float32)
            return tf.ensure_shape(rows, (None, *kept.shape[1:])), tf.gather(self.labels, indices)

        data = tf.data.Dataset.from_tensor_slices(shuffled(len(self), epoch, seed)).batch(batch_size)
        return iter(data.map(load, num_parallel_calls=2, deterministic=True).prefetch(4))


class FeatureCache:
    """Fills and reads the cache of one run.

    Args:
        folder: holds a folder an entry, named by the hash of all that made it.
        max_bytes: bound of all entries together; those unused for longest are dropped.
        log: called with sentences for the run's log.
        watch: called with the number of rows computed and to compute; returns True to stop.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        max_bytes: int = MAX_BYTES,
        log: Callable[[str], None] = lambda text: None,
        watch: Callable[[int, int], bool] = lambda done, total: False,
    ):
        self.folder, self.max_bytes, self._log, self._watch = Path(folder), max_bytes, log, watch
        self._done = self._total = 0

    def plan(self, halves: Halves, rows: int, precision: str = "auto") -> Plan | None:
        """Choose the precision that fits, and say how much disk it takes; None where neither fits.

        Args:
            rows: pictures times views.
            precision: ``float32``, ``float16``, or ``auto`` for the first that fits.
        """
        shape = tuple(halves.frozen.outputs[0].shape[1:])
        if None in shape:
            self._log("no feature cache: the frozen part takes pictures of any size")
            return None
        # What is kept already can be used again, or dropped for it.
        room = min(self.max_bytes, self._free() + sum(size for _, size, _ in self._entries()) - LEAVE_FREE)
        for kind in PRECISIONS if precision == "auto" else (precision,):
            plan = Plan(shape, rows, kind)
            if plan.bytes <= room:
                self._log(f"feature cache: up to {plan.bytes / 1e9:.2f} GB ({kind}), cut behind {halves.cut}")
                return plan
        self._log(
            f"no feature cache: it would take {plan.bytes / 1e9:.2f} GB, and {max(room, 0) / 1e9:.2f} GB may be used"
        )
        return None

    def fill(
        self, halves: Halves, plan: Plan, sets: list[tuple[Pictures, list[int | None]]], how: dict
    ) -> list[Features] | None:
        """Compute what is not kept yet.

        Args:
            sets: pictures, and the views of them; the view None shows them as they are.
            how: ``preprocessing``, ``seed``, and whether the precision is ``mixed``.

        Returns:
            Features for each of ``sets``; None where the disk is full or fails: the run then does without.

        Raises:
            CacheStopped: ``watch`` asked to stop.
        """
        self._done, self._total = 0, sum(len(pictures) * len(views) for pictures, views in sets)
        self._model = fingerprint(halves.frozen, {"version": _VERSION})
        frozen = frozen_pass(halves.frozen, how["mixed"])
        made: set[str] = set()
        try:
            return [
                Features([self._entry(frozen, plan, pictures, view, how, made) for view in views], pictures.labels)
                for pictures, views in sets
            ]
        except (OSError, CarvisError) as error:
            reason = os_reason(error) if isinstance(error, OSError) else error
            self._log(f"no feature cache: {self.folder} cannot be used ({reason})")
            return None

    def _entry(self, frozen, plan: Plan, pictures: Pictures, view: int | None, how: dict, made: set[str]) -> np.ndarray:
        facts = [self._model, pictures.content, how["preprocessing"], view, how["seed"] if view is not None else None]
        facts += ["mixed"] if how["mixed"] else []
        shape = (len(pictures), *plan.shape)
        kinds = PRECISIONS[PRECISIONS.index(plan.precision) :: -1]
        for kind in kinds:
            key = content_hash(facts, kind)
            made.add(key)
            kept = self._read(self.folder / key, shape, kind)
            if kept is not None:
                self._done += len(pictures)
                return kept
        for kind in kinds:
            key = content_hash(facts, kind)
            self._make_room(math.prod(shape) * np.dtype(kind).itemsize, made)
            if self._write(self.folder / key, frozen, pictures, view, how, kind):
                return np.memmap(self.folder / key / "features", kind, "r", shape=shape)
            self._log("some values are too large for float16: they are kept as float32")
        raise OSError("values overflow")

    def _write(self, folder: Path, frozen, pictures: Pictures, view: int | None, how: dict, kind: str) -> bool:
        """Write one entry; False where a value is too large for its precision."""
        before = self._done
        # What lies there is not whole: it would have been read.
        if folder.exists():
            discard(folder)
        try:
            with staged_folder(folder) as made:
                self._compute(made, frozen, pictures, view, how, kind)
        except OverflowError:
            self._done = before
            return False
        # Another run has made the same one meanwhile.
        except FolderTakenError:
            pass
        return True

    def _compute(self, made: Path, frozen, pictures: Pictures, view: int | None, how: dict, kind: str) -> None:
        sums = []
        with open(made / "features", "wb") as file:
            for images, _ in pictures.batches(_CHUNK, how["preprocessing"], seed=how["seed"], view=view):
                exact = frozen(images).numpy()
                with np.errstate(over="ignore"):
                    rows = exact.astype(kind)
                if np.isinf(rows).any() and np.isfinite(exact).all():
                    raise OverflowError(kind)
                sums.append(zlib.crc32(rows.tobytes()))
                file.write(rows.tobytes())
                self._done += len(rows)
                if self._watch(self._done, self._total):
                    raise CacheStopped
        write_json(made / "sums.json", sums, indent=None)

    def _read(self, folder: Path, shape: tuple[int, ...], kind: str) -> np.ndarray | None:
        """Open an entry that is whole; one that is damaged is dropped."""
        try:
            if not (folder / "sums.json").exists() or not (folder / "features").exists():
                return None
            sums = read_json(folder / "sums.json", Listed[Count])
            with open_regular(folder / "features") as file:
                whole = os.fstat(file.fileno()).st_size == math.prod(shape) * np.dtype(kind).itemsize
                kept = np.memmap(file, kind, "r", shape=shape)
            found = [zlib.crc32(kept[i : i + _CHUNK].tobytes()) for i in range(0, len(kept), _CHUNK)]
        except (CarvisError, OSError, ValueError):
            whole = False
        if not whole or found != sums:
            self._log(f"the feature cache {folder.name[:12]} is damaged: it is made anew")
            with contextlib.suppress(CarvisError):
                discard(folder)
            return None
        os.utime(folder)
        return kept

    def _free(self) -> int:
        place = self.folder
        while not place.exists():
            place = place.parent
        return shutil.disk_usage(place).free

    def _entries(self) -> list[tuple[float, int, Path]]:
        """List the entries with the time of their last use and their size in bytes."""
        found = []
        for folder in self.folder.glob("[!.]*"):
            size = sum(file.stat().st_size for file in folder.glob("*") if file.is_file())
            found.append((folder.stat().st_mtime, size, folder))
        return found

    def _make_room(self, wanted: int, keep: set[str]) -> None:
        """Drop the entries unused for longest until ``wanted`` bytes more stay within the bound."""
        self.folder.mkdir(parents=True, exist_ok=True)
        entries = self._entries()
        excess = sum(size for _, size, _ in entries) + wanted - self.max_bytes
        for _, size, folder in sorted(entries, key=lambda entry: entry[0]):
            if excess <= 0:
                break
            if folder.name not in keep:
                with contextlib.suppress(CarvisError):
                    discard(folder)
                    excess -= size
