"""A small sample of a data set's images: every class alike, the same for the same seed, each read once."""

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.dataset import Dataset
from carvis.errors import ImageError
from carvis.images import header_traits, image_size, resize
from carvis.images.resampling import ResizeMethod
from carvis.workspace.sample_ids import composed

if TYPE_CHECKING:
    from carvis.classifier import Classifier

# What decides how an image's file becomes pixels, as far as this classifier has a choice.
_READING = ("alpha", "orientation")
# Headers read between two looks at the clock.
_HEADERS_PER_CHECK = 256


def choose_samples(data: Dataset, classes: set[str], n: int, seed: int) -> tuple[pd.DataFrame, list[str]]:
    """Choose up to ``n`` images of known classes, as evenly over the classes as they allow.

    They come from validation, then from training, and from test only where there is nothing else.

    Returns:
        Columns id, path, label, split, ordered so that each beginning of it is even, too; and the splits used.
    """
    rng = np.random.default_rng(seed)
    tables: list[pd.DataFrame] = []
    for split in ("valid", "train", "test"):
        if split not in data.splits or (split == "test" and tables):
            continue
        table = _samples_of(data, split, classes)
        if len(table):
            tables.append(table.iloc[rng.permutation(len(table))])
        if sum(map(len, tables)) >= n:
            break
    if not tables:
        return pd.DataFrame({"id": [], "path": [], "label": [], "split": []}), []
    table = _evenly(pd.concat(tables, ignore_index=True)).head(n).reset_index(drop=True)
    return table[["id", "path", "label", "split"]], [s for s in ("valid", "train", "test") if s in set(table["split"])]


def _samples_of(data: Dataset, split: str, classes: set[str]) -> pd.DataFrame:
    table = data.samples(split)
    table = table.assign(label=table["label"].map(composed), split=split)
    return table[table["label"].isin(classes)]


def _evenly(table: pd.DataFrame) -> pd.DataFrame:
    """Order a table so that each beginning of it is even over the classes."""
    turn = table.groupby("label").cumcount()
    return table.iloc[np.lexsort((np.arange(len(table)), turn))]


def choose_special(
    data: Dataset,
    splits: list[str],
    classes: set[str],
    seed: int,
    most: int = 100,
    files: int = 20_000,
    seconds: float = 5.0,
) -> dict[str, pd.DataFrame]:
    """Choose transparent images, and images turned by EXIF, of which an even sample of all would hold too few.

    Only the files' headers are read, in random order, until there are enough or a bound is met.

    Args:
        splits: those that the sample comes from.
        most: images for each of ``alpha`` and ``orientation``.
        files, seconds: bounds of the search.

    Returns:
        For ``alpha`` and ``orientation`` a table as of ``choose_samples``, as evenly over the classes as there are.
    """
    # Training has the most images, and the search costs little more with it; test stays apart.
    searched = list(dict.fromkeys([*splits, *(s for s in ("valid", "train") if s in data.splits)]))
    tables = [_samples_of(data, split, classes) for split in searched]
    table = pd.concat(tables, ignore_index=True)
    table = table.iloc[np.random.default_rng(seed).permutation(len(table))].head(files)
    places_by_fact: dict[str, list[int]] = {"alpha": [], "orientation": []}
    deadline = time.monotonic() + seconds
    with ThreadPoolExecutor(4) as pool:
        for start in range(0, len(table), _HEADERS_PER_CHECK):
            if time.monotonic() > deadline or all(len(places) >= most for places in places_by_fact.values()):
                break
            paths = table["path"].iloc[start : start + _HEADERS_PER_CHECK]
            for place, traits in enumerate(pool.map(_traits, paths), start):
                for fact in traits:
                    places_by_fact[fact].append(place)
    return {
        fact: _evenly(table.iloc[places])[["id", "path", "label", "split"]].head(most)
        for fact, places in places_by_fact.items()
    }


def _traits(path: str) -> tuple[str, ...]:
    """Return which facts matter for an image file, by its header; none for one that cannot be read."""
    try:
        rotated, transparent = header_traits(path)
    except ImageError:
        return ()
    return (("alpha",) if transparent else ()) + (("orientation",) if rotated else ())


class ImageList(Protocol):
    """Images by their place, uint8 (h, w, c) each."""

    def __len__(self) -> int: ...
    def __getitem__(self, place: int, /) -> Any: ...


class Images:
    """The images of a sample as the variants of a classifier take them; each file is read once a way of reading."""

    def __init__(self, paths: list[str], clf: "Classifier", resizes: Iterable[ResizeMethod]):
        self.paths = paths
        self._clf = clf
        self._resizes = tuple(resizes)
        # A model that takes images at their own size would have them all in memory: they are read for each pass.
        self._in_memory = not getattr(clf, "native_size", False)
        self._read: dict[tuple[str, ...], Mapping[str, ImageList]] = {}
        self.unreadable: set[int] = set()
        # The facts that make a difference on these images, and which images those of reading do for.
        self.matter: set[str] = set()
        self.special: dict[str, set[int]] = {"alpha": set(), "orientation": set()}
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._look, range(len(paths))))

    def _look(self, i: int) -> None:
        try:
            height, width = image_size(self.paths[i])
            rotated, transparent = header_traits(self.paths[i])
        except ImageError:
            self.unreadable.add(i)
            return
        if self._in_memory and self._clf.input_size not in ((height, width), (width, height) if rotated else ()):
            self.matter.add("resize")
        for fact, holds in (("alpha", transparent), ("orientation", rotated)):
            if holds:
                self.matter.add(fact)
                self.special[fact].add(i)

    def of(self, variant: "Classifier") -> ImageList:
        """Return uint8 (h, w, c) each for a variant; images that cannot be read are black and among ``unreadable``."""
        if not self._in_memory:
            return _Files(self.paths, variant)
        key = tuple(getattr(variant, fact) for fact in _READING)
        if key not in self._read:
            self._read[key] = self._resized(variant)
        return self._read[key][variant.resize]

    def _resized(self, variant: "Classifier") -> Mapping[str, ImageList]:
        height, width = self._clf.input_size
        # Only models of one input size have their images kept.
        size = (height or 0, width or 0)
        shape = (len(self.paths), *size, self._clf.channels)
        stacks: dict[str, NDArray[np.uint8]] = {method: np.zeros(shape, np.uint8) for method in self._resizes}

        def read(i: int) -> None:
            try:
                image = variant.read_image(self.paths[i])
            except ImageError:
                self.unreadable.add(i)
                return
            for method in self._resizes:
                stacks[method][i] = resize(image, size, method)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(read, range(len(self.paths))))
        return stacks


class _Files:
    """Images read at each access."""

    def __init__(self, paths: list[str], clf: "Classifier"):
        self._paths, self._clf = paths, clf

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, place: int, /) -> NDArray[np.uint8]:
        try:
            return self._clf.read_image(self._paths[place])
        except ImageError:
            return np.zeros((64, 64, self._clf.channels), np.uint8)


def sample_predictions(clf: "Classifier", data: Dataset, n: int = 8, seed: int = 0) -> pd.DataFrame:
    """Predict a few images of a data set, one of each class first, to be looked at by a person.

    Returns:
        Columns id, path, label, split, predicted, confidence; images that cannot be read are skipped.
    """
    samples, _ = choose_samples(data, set(data.class_names), n, seed)
    images, readable = [], []
    for i, path in enumerate(samples["path"]):
        try:
            images.append(clf.read_image(path))
        except ImageError:
            continue
        readable.append(i)
    samples = samples.iloc[readable].reset_index(drop=True)
    # One by one: a model that takes images as they are has no batch of several sizes.
    probabilities = [clf.predict([image])[0] for image in images]
    best = [int(np.nan_to_num(row).argmax()) for row in probabilities]
    predicted = [clf.class_names[place] for place in best]
    confidence = [float(row[place]) for row, place in zip(probabilities, best)]
    return samples.assign(predicted=predicted, confidence=confidence)
