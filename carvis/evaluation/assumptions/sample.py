"""A small sample of a data set's images: every class alike, the same for the same seed, each read once."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carvis.dataset import Dataset
from carvis.dataset.ids import composed
from carvis.errors import ImageError
from carvis.images import KERAS, has_alpha, resize, turn_of

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
        self._read: dict[tuple, dict[str, np.ndarray]] = {}
        self.unreadable: set[int] = set()
        # The facts that make a difference on these images.
        self.matter: set[str] = set()

    def of(self, variant: "Classifier") -> np.ndarray:
        """Return uint8 (N, h, w, c) for a variant; images that cannot be read are black and among ``unreadable``."""
        key = tuple(getattr(variant, fact, None) for fact in _READING)
        if key not in self._read:
            self._read[key] = self._resized(variant)
        return self._read[key][variant.resize]

    def _resized(self, variant: "Classifier") -> dict[str, np.ndarray]:
        height, width = self._clf.input_size
        shape = (len(self.paths), height, width, self._clf.channels)
        stacks = {method: np.zeros(shape, np.uint8) for method in self._resizes}

        def take(i: int) -> None:
            try:
                image = variant.read_image(self.paths[i])
            except ImageError:
                self.unreadable.add(i)
                return
            if image.shape[:2] != (height, width):
                self.matter.add("resize")
            if has_alpha(self.paths[i]):
                self.matter.add("alpha")
            if turn_of(self.paths[i], KERAS) != 1:
                self.matter.add("orientation")
            for method, stack in stacks.items():
                stack[i] = resize(image, (height, width), method)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(take, range(len(self.paths))))
        return stacks


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
