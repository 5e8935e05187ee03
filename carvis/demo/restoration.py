"""The images of the demo that are not drawn yet: how many, how long they take, and drawing them."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import TypedDict

from carvis.demo.dataset import TRUTH, write_images, write_notes
from carvis.demo.plan import Item, plan_split
from carvis.errors import CarvisError
from carvis.language import Message
from carvis.progress import Progress
from carvis.workspace import SPLITS, clear_leftovers, lock, os_reason, os_remedy, read_json
from carvis.workspace.json_schema import Count, Positive
from carvis.workspace.layout import STAGING

WORKERS = 2
_LOCK = ".drawing.lock"
# An image with its mask, where no drawn one is there to measure.
_BYTES_AN_IMAGE = 13_000
_MEASURED = 4
# Until the first image, while the workers begin.
_START_SECONDS = 2.0


@dataclass(frozen=True)
class MissingImages:
    """The images that the demo lacks.

    Attributes:
        root: folder of the demo.
        planned: images of each split that is not there.
        total: images to draw: all of those but what an interrupted drawing left.
        bytes: of the images and their masks, reckoned from those that are there.
    """

    root: Path
    planned: dict[str, int]
    total: int
    bytes: int

    def seconds(self, workers: int = WORKERS) -> float:
        """Draw a few images to estimate how long all of them take on this machine, as busy as it is now."""
        items = plan_split("train", _MEASURED + 1)
        with tempfile.TemporaryDirectory() as folder:
            # The first one makes what the others of its class share.
            write_images(Path(folder), items[:1], True, None, 1)
            start = time.monotonic()
            write_images(Path(folder), items[1 : _MEASURED + 1], True, None, 1)
            an_image = (time.monotonic() - start) / _MEASURED
        return _START_SECONDS + an_image * self.total / min(workers, os.cpu_count() or 1)


def missing_images(root: str | Path) -> MissingImages | None:
    """Return the images that the demo in a folder lacks; None where every split is complete."""
    root = Path(root)
    planned = _planned(root)
    if not planned:
        return None
    total = sum(not _is_drawn(root / STAGING, item) for items in planned.values() for item in items)
    counts = {split: len(items) for split, items in planned.items()}
    return MissingImages(root, counts, total, round(_bytes_an_image(root) * total))


def draw_missing(
    root: str | Path,
    progress: Progress | None = None,
    *,
    seed: int | None = None,
    per_class: int | None = None,
    workers: int = WORKERS,
) -> list[str]:
    """Draw the splits of the demo that are not there, and return the names of those that now are.

    A split appears once all of its images and masks are drawn. A drawing that was ended early, or whose process was
    killed, is resumed. What is there is left as it is, byte for byte.

    Args:
        root: folder of the demo; it may be empty.
        progress: called with the number of images done and to do; returns True to stop.
        seed: of the cars; by default that of the demo's test images.
        per_class: images a class in every split; by default as the demo's test images were drawn.

    Raises:
        CarvisError: the folder cannot be written.
    """
    root = Path(root)
    with _alone(root):
        clear_leftovers(root / STAGING)
        planned = _planned(root, seed, per_class)
        total, done = sum(map(len, planned.values())), 0
        seed, per_class = _settings(root, seed, per_class)
        for split, items in planned.items():

            def report(in_class: float, _of: float, before: int = done) -> bool | None:
                return progress(before + in_class, total) if progress else None

            if not write_images(root / STAGING, items, True, report, workers):
                return [name for name in planned if (root / name).is_dir()]
            write_notes(root, per_class, seed, items if split == "test" else None)
            _move_in(root, split)
            done += len(items)
        shutil.rmtree(root / STAGING, ignore_errors=True)
        return list(planned)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Draw in one process at a time; another one waits, and then finds all of it drawn."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        guard = lock(root / _LOCK)
        guard.acquire()
    except OSError as error:
        raise CarvisError(
            Message(
                "{root} cannot be written ({reason}): {remedy}, or copy the demo elsewhere.",
                root=root,
                reason=os_reason(error),
                remedy=os_remedy(error),
            )
        ) from error
    try:
        yield
    finally:
        guard.release()


def _planned(root: Path, seed: int | None = None, per_class: int | None = None) -> dict[str, list[Item]]:
    seed, per_class = _settings(root, seed, per_class)
    return {split: plan_split(split, per_class, seed) for split in SPLITS[::-1] if not (root / split).is_dir()}


class _Settings(TypedDict, total=False):
    seed: Count
    per_class: Positive | None


def _settings(root: Path, seed: int | None, per_class: int | None) -> tuple[int, int | None]:
    recorded: dict = {}
    with suppress(CarvisError):
        recorded = read_json(root / TRUTH, _Settings)
    return recorded.get("seed", 0) if seed is None else seed, recorded.get(
        "per_class"
    ) if per_class is None else per_class


def _is_drawn(place: Path, item: Item) -> bool:
    return (place / item.id).is_file() and (place / item.mask).is_file()


def _bytes_an_image(root: Path) -> float:
    folders = (root / "test", root / "masks" / "test")
    sizes = [[file.stat().st_size for file in folder.glob("*/*.*g")] for folder in folders]
    return sum(map(sum, sizes)) / len(sizes[0]) if sizes[0] else _BYTES_AN_IMAGE


def _move_in(root: Path, split: str) -> None:
    """Move a drawn split to its place: its masks first, since the split's own folder says that all of it is there."""
    staging = root / STAGING
    # Temporary files of earlier versions, which lay beside the images.
    for unfinished in staging.rglob(".*.*g"):
        unfinished.unlink(missing_ok=True)
    try:
        for place in (Path("masks") / split, Path(split)):
            if (staging / place).is_dir():
                shutil.rmtree(root / place, ignore_errors=True)
                (root / place).parent.mkdir(parents=True, exist_ok=True)
                (staging / place).rename(root / place)
    except OSError as error:
        raise CarvisError(
            Message(
                "{path} could not be put in place ({reason}): {remedy}.",
                path=root / split,
                reason=os_reason(error),
                remedy=os_remedy(error),
            )
        ) from error
