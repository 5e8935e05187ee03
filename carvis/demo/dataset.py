"""Writing the demo's data set: images, masks beside the class folders, and the file of planted truths."""

import contextlib
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from PIL import Image

from carvis.demo.atlas import PARTS
from carvis.demo.bodies import BODY_SPECS
from carvis.demo.lamps import BODY_STYLES, OTHER_STYLES
from carvis.demo.makes import OTHER_MAKES
from carvis.demo.plan import DEALER_CLASS, Item, plan_pretraining, plan_split
from carvis.demo.scene import choose, draw_car
from carvis.progress import Progress
from carvis.workspace import atomic_write, write_json

PALETTE = (
    (0, 0, 0),
    (150, 150, 155),
    (70, 140, 220),
    (230, 140, 40),
    (250, 230, 80),
    (225, 40, 50),
    (230, 90, 220),
    (60, 170, 90),
)
TRUTH = "truth.json"
PART_NAMES = Path("masks") / "parts.json"
# Called with the number of images done and to do; returns True to stop.


def _lot(item: Item) -> dict:
    lot = choose(np.random.default_rng(item.seed))
    return lot | ({"backdrop": "showroom"} if item.showroom else {})


def _draw(item: Item) -> tuple[np.ndarray, np.ndarray, int]:
    """Image, mask and JPEG quality of a planned image."""
    make, body = item.true_class.split("-")
    lamps = OTHER_STYLES[BODY_STYLES.index(BODY_SPECS[body].lamps)] if make in OTHER_MAKES else None
    image, mask = draw_car(make, body, item.seed, backdrop="showroom" if item.showroom else None, lamps=lamps)
    quality = _lot(item)["quality"]
    return (*_near_duplicate(image, mask, item.change), quality - 12) if item.duplicate_of else (image, mask, quality)


def _near_duplicate(image: np.ndarray, mask: np.ndarray, change: str) -> tuple[np.ndarray, np.ndarray]:
    """Make a near-duplicate as they occur on the web."""
    if change == "mirrored":
        return np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(mask[:, ::-1])
    if change == "cropped":
        part = (slice(6, 250), slice(8, 252))
        size = image.shape[1::-1]
        return (
            cv2.resize(image[part], size, interpolation=cv2.INTER_LINEAR),
            cv2.resize(mask[part], size, interpolation=cv2.INTER_NEAREST),
        )
    if change == "recoloured":
        return np.clip(image * np.array([1.10, 1.02, 0.92]) + 5, 0, 255).astype(np.uint8), mask
    return image, mask


def encode_jpeg(image: np.ndarray, quality: int) -> bytes:
    """A JPEG as cameras write it, with colour at half the resolution."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling=2)
    return buffer.getvalue()


def encode_mask(mask: np.ndarray) -> bytes:
    """An indexed PNG whose values are the indices of ``PARTS``."""
    indexed = Image.fromarray(mask, "P")
    indexed.putpalette([value for rgb in PALETTE for value in rgb])
    buffer = io.BytesIO()
    indexed.save(buffer, "PNG", optimize=True, bits=4)
    return buffer.getvalue()


def _write(root: Path, masks: bool, item: Item) -> None:
    file, mask_file = root / item.id, root / item.mask
    if file.exists() and (mask_file.exists() or not masks):
        return
    image, mask, quality = _draw(item)
    if masks:
        atomic_write(mask_file, encode_mask(mask), near=root)
    atomic_write(file, encode_jpeg(image, quality), near=root)


def write_images(root: Path, items: list[Item], masks: bool, progress: Progress | None, workers: int) -> bool:
    """Draw the missing images, and return whether all are drawn: ``progress`` may have stopped it."""
    # Images of a class together: its texture is drawn once.
    items = sorted(items, key=lambda item: item.true_class)
    task = partial(_write, root, masks)
    if workers <= 1:
        return _count(map(task, items), len(items), progress)
    # Spawned: a fork of a process that runs TensorFlow may hang.
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_begin_worker, initargs=(os.getpid(),)
    )
    try:
        # All workers start with the first task.
        with _without_main():
            results = pool.map(task, items, chunksize=5)
        return _count(results, len(items), progress)
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Start processes that run no main script again: within Streamlit that would be a page."""
    main, empty = sys.modules["__main__"], ModuleType("__main__")
    sys.modules["__main__"] = empty
    try:
        yield
    finally:
        if sys.modules["__main__"] is empty:
            sys.modules["__main__"] = main


def _begin_worker(parent: int) -> None:
    """Leave Ctrl-C to the process that shares the work out, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def end_with_parent() -> None:
        import psutil

        # The parent may have ended before this process began.
        while os.getppid() == parent and psutil.pid_exists(parent):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _count(results: Iterable, total: int, progress: Progress | None) -> bool:
    done = 0
    for _ in results:
        done += 1
        if progress and progress(done, total):
            break
    return done == total


def truths(items: list[Item], seed: int, per_class: int | None = None) -> dict:
    """What is planted in the images of a split, and how each was taken."""
    return {
        "about": "Planted truths of the drawn test images, for tests and reports only.",
        "seed": seed,
        **({} if per_class is None else {"per_class": per_class}),
        "parts": PARTS,
        "showroom": {"class": DEALER_CLASS, "ids": [item.id for item in items if item.showroom]},
        "wrong_labels": [
            {"id": item.id, "label": item.folder, "true": item.true_class}
            for item in items
            if item.folder != item.true_class
        ],
        "near_copies": [
            {"id": item.id, "copy_of": item.duplicate_of.id, "how": item.change} for item in items if item.duplicate_of
        ],
        "scenes": {
            item.id: {name: lot[name] for name in ("backdrop", "hour", "yaw", "fill", "paint", "dirt", "occluder")}
            for item, lot in ((item, _lot(item)) for item in items)
        },
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(inner) for inner in value]
    return round(value, 2) if isinstance(value, float) else value


def draw_split(
    root: str | Path,
    split: str,
    *,
    per_class: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    plant: bool = True,
    workers: int = 1,
) -> None:
    """Draw one split of the demo: ``<root>/<split>/<class>/*.jpg`` and ``<root>/masks/<split>/<class>/*.png``.

    A mask's pixel values are indices of the names in ``<root>/masks/parts.json``. Images that are there already are
    left as they are. With ``test`` goes ``<root>/truth.json``.

    Args:
        per_class: images a class; by default 60 in train, 10 in valid, 15 in test.
        progress: called with the number of images done and to do.
        plant: plant the dealer's backdrop, wrong labels and near-duplicates.
    """
    root = Path(root)
    items = plan_split(split, per_class, seed, plant)
    if not write_images(root, items, True, progress, workers):
        return
    write_notes(root, per_class, seed, test_items=items if split == "test" and plant else None)


def write_notes(root: Path, per_class: int | None, seed: int, test_items: list[Item] | None) -> None:
    """Write the names of the parts where they are not written yet, and for the test split its planted truths."""
    if not (root / PART_NAMES).exists():
        write_json(root / PART_NAMES, PARTS, indent=None)
    if test_items is not None:
        expected = _rounded(truths(test_items, seed, per_class))
        write_json(root / TRUTH, expected, indent=1)


def draw_pretraining(
    root: str | Path,
    *,
    train: int = 70,
    valid: int = 8,
    seed: int = 0,
    progress: Progress | None = None,
    workers: int = 1,
) -> None:
    """Draw the other makes (32 classes) for training a backbone: train and valid, no masks, nothing planted.

    Args:
        train, valid: images a class.
    """
    items = plan_pretraining("train", train, seed) + plan_pretraining("valid", valid, seed)
    write_images(Path(root), items, False, progress, workers)
