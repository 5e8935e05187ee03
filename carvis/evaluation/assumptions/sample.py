"""A small sample of a data set's images: every class alike, the same for the same seed, each read once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carvis.dataset import Dataset
from carvis.dataset.ids import composed
from carvis.errors import ImageError
from carvis.images import KERAS, has_alpha, image_size, resize, turn_of

if TYPE_CHECKING:
    from carvis.classifier import Classifier

# What decides how an image's file becomes pixels, as far as this classifier has a choice.
_READING = ("alpha", "orientation")


def choose_samples(data: Dataset, known: set[str], n: int, seed: int) -> tuple[pd.DataFrame, list[str]]:
    """Choose up to ``n`` images of known classes, as evenly over the classes as they allow.

    They come from validation, then from training, and from test only where there is nothing else.

    Returns:
        Columns id, path, label, split, ordered so that each beginning of it is even, too; and the splits used.
    """
    rng = np.random.default_rng(seed)
    chosen: list[pd.DataFrame] = []
    for split in ("valid", "train", "test"):
        if split not in data.splits or (split == "test" and chosen):
            continue
        table = data.samples(split)
        table = table.assign(label=table["label"].map(composed), split=split)
        table = table[table["label"].isin(known)]
        if len(table):
            chosen.append(table.iloc[rng.permutation(len(table))])
        if sum(map(len, chosen)) >= n:
            break
    if not chosen:
        return pd.DataFrame({"id": [], "path": [], "label": [], "split": []}), []
    table = pd.concat(chosen, ignore_index=True)
    turn = table.groupby("label").cumcount()
    table = table.iloc[np.lexsort((np.arange(len(table)), turn))].head(n).reset_index(drop=True)
    return table[["id", "path", "label", "split"]], [s for s in ("valid", "train", "test") if s in set(table["split"])]


class Images:
    """The images of a sample as the variants of a classifier take them; each file is read once a way of reading."""

    def __init__(self, paths: list[str], clf: "Classifier", resizes: list[str]):
        self.paths = paths
        self._clf = clf
        self._resizes = resizes
        # A model that takes images at their own size would have them all in memory: they are read for each pass.
        self._kept = not getattr(clf, "native_size", False)
        self._read: dict[tuple, dict[str, Sequence[np.ndarray]]] = {}
        self.unreadable: set[int] = set()
        # The facts that make a difference on these images.
        self.matter: set[str] = set()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._look, range(len(paths))))

    def _look(self, i: int) -> None:
        try:
            height, width = image_size(self.paths[i])
            turned, transparent = turn_of(self.paths[i], KERAS) != 1, has_alpha(self.paths[i])
        except ImageError:
            self.unreadable.add(i)
            return
        if self._kept and self._clf.input_size not in ((height, width), (width, height) if turned else ()):
            self.matter.add("resize")
        self.matter |= ({"orientation"} if turned else set()) | ({"alpha"} if transparent else set())

    def of(self, variant: "Classifier") -> Sequence[np.ndarray]:
        """Return uint8 (h, w, c) each for a variant; images that cannot be read are black and among ``unreadable``."""
        if not self._kept:
            return _Files(self.paths, variant)
        key = tuple(getattr(variant, fact) for fact in _READING)
        if key not in self._read:
            self._read[key] = self._resized(variant)
        return self._read[key][variant.resize]

    def _resized(self, variant: "Classifier") -> dict[str, Sequence[np.ndarray]]:
        shape = (len(self.paths), *self._clf.input_size, self._clf.channels)
        stacks = {method: np.zeros(shape, np.uint8) for method in self._resizes}

        def take(i: int) -> None:
            try:
                image = variant.read_image(self.paths[i])
            except ImageError:
                self.unreadable.add(i)
                return
            for method, stack in stacks.items():
                stack[i] = resize(image, self._clf.input_size, method)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(take, range(len(self.paths))))
        return stacks


class _Files(Sequence):
    """Images read whenever they are asked for."""

    def __init__(self, paths: list[str], clf: "Classifier"):
        self._paths, self._clf = paths, clf

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, place):
        try:
            return self._clf.read_image(self._paths[place])
        except ImageError:
            return np.zeros((64, 64, self._clf.channels), np.uint8)


def sample_predictions(clf: "Classifier", data: Dataset, n: int = 8, seed: int = 0) -> pd.DataFrame:
    """Predict a few images of a data set, one of each class first, to be looked at by a person.

    Returns:
        Columns id, path, label, split, predicted, confidence; images that cannot be read are left out.
    """
    chosen, _ = choose_samples(data, set(data.class_names), n, seed)
    images, kept = [], []
    for i, path in enumerate(chosen["path"]):
        try:
            images.append(clf.read_image(path))
        except ImageError:
            continue
        kept.append(i)
    chosen = chosen.iloc[kept].reset_index(drop=True)
    # One by one: a model that takes images as they are has no batch of several sizes.
    probabilities = [clf.predict([image])[0] for image in images]
    best = [int(np.nan_to_num(row).argmax()) for row in probabilities]
    predicted = [clf.class_names[place] for place in best]
    confidence = [float(row[place]) for row, place in zip(probabilities, best)]
    return chosen.assign(predicted=predicted, confidence=confidence)
