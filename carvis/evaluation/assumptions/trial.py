"""``Trial``: what a classifier predicts on a sample of images under other facts; each pass is made once."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.dataset import Dataset
from carvis.errors import ModelError
from carvis.evaluation.assumptions.class_orders import class_orders, positions
from carvis.evaluation.assumptions.sample import Images, choose_samples, choose_special
from carvis.images import ALPHAS, ORIENTATIONS, RESIZE_METHODS
from carvis.progress import Progress, advance, no_progress

if TYPE_CHECKING:
    from carvis.classifier import Classifier

# Facts that are varied one at a time around the best of preprocessing and order, and the values each may have.
OTHER_FACTS: dict[str, tuple[str, ...]] = {
    "alpha": ALPHAS,
    "orientation": ORIENTATIONS,
    "resize": tuple(RESIZE_METHODS),
    # Softmax or not, the largest of several scores is the same: only the middle of a single one depends on it.
    "output": ("probability", "logit"),
}
_SIZES = (500, 350, 280, 200, 150, 100, 70, 50, 35, 24)
_BATCH = 8
_UNKNOWN = -9
# Where images are few, so many transparent or turned ones are still looked at.
_FEWEST_SPECIAL = 24
# An untrained model is among so few of all orders of its classes by luck; four classes have 24 orders, six have 720.
_LUCK = 0.005


@dataclass(frozen=True)
class TrialSettings:
    """On which images a trial is made, and how long it may take.

    Attributes:
        n: images.
        seed: of the sample.
        seconds: bound of the forward passes: of images that would take longer, fewer are used.
        deadline: when to give up, by ``time.monotonic``; None never.
        looks: how many times the data are tested for the same question, to be corrected for.
    """

    n: int
    seed: int
    seconds: float
    deadline: float | None = None
    looks: int = 1


class Trial:
    """A sample of images and a classifier's predictions on it under each variant asked for.

    Attributes:
        orders: the orders that the classes may be in, by name.
        preprocessings: those that the classifier can have, its own first.
        others: the further facts that matter on these images, and their values, its own first.
        labels: names (N,) of the images that can be read; N is 0 where there is no image to check on.
    """

    def __init__(
        self,
        clf: "Classifier",
        data: Dataset,
        settings: TrialSettings,
        progress: Progress = no_progress,
    ):
        from carvis.classifier import PREPROCESSING

        self.looks = settings.looks
        self.clf, self.data, self._progress = clf, data, progress
        self._deadline: float | None = None
        self.orders = class_orders(clf, data)
        self.preprocessings = self._possible("preprocessing", tuple(PREPROCESSING))
        self.others: dict[str, list[str]] = {}
        shared = {name for order in self.orders.values() for name in order} & set(data.class_names)
        sample, splits = choose_samples(data, shared, settings.n, settings.seed)
        self.sampled = bool(len(sample))
        self._all_labels, self._all_splits = sample["label"].to_numpy(object), sample["split"].to_numpy(object)
        self._rows: NDArray[np.int_] = np.zeros(0, int)
        self._special: dict[str, NDArray[np.int_]] = {}
        self._predicted: dict[tuple[tuple[str, str], ...], NDArray[np.int_]] = {}
        self._done = 0
        if len(sample):
            self._gather(sample, choose_special(data, splits, shared, settings.seed), settings.seconds)
        # How many images there are to be is known by a first batch or two only.
        self._deadline = settings.deadline
        self.labels = self._all_labels[self._rows]
        used = set(self._all_splits[np.concatenate([self._rows, *self._special.values()]).astype(int)])
        self.splits = tuple(split for split in ("valid", "train", "test") if split in used)

    def _gather(self, sample: pd.DataFrame, special: dict[str, pd.DataFrame], seconds: float) -> None:
        """Read the images: the sample, then transparent and turned ones, which are too few in it to tell anything."""
        samples = pd.concat([sample, *special.values()]).drop_duplicates("id", ignore_index=True)
        self._all_labels, self._all_splits = samples["label"].to_numpy(object), samples["split"].to_numpy(object)
        self._images = Images(samples["path"].tolist(), self.clf, RESIZE_METHODS)
        # Broken images show only when they are read.
        self._images.of(self.clf)
        readable = np.array([i for i in range(len(samples)) if i not in self._images.unreadable], int)
        self._rows = readable[readable < len(sample)]
        self._special = {
            fact: np.array([i for i in readable if i in rows], int) for fact, rows in self._images.special.items()
        }
        if len(self._rows):
            self._find_others()
            self._shorten(seconds)

    def _possible(self, fact: str, values: tuple[str, ...]) -> list[str]:
        """Return the values of a fact that this classifier can have, its own first."""
        current = getattr(self.clf, fact, None)
        if current is None:
            return []
        possible = [current]
        for value in values:
            try:
                self.clf.replace(**{fact: value})
            except ModelError:
                continue
            possible += [value] if value != current else []
        return possible

    def _find_others(self) -> None:
        matter = self._images.matter | ({"output"} if self._output_is_open() else set())
        for fact, values in OTHER_FACTS.items():
            if fact in matter and len(possible := self._possible(fact, values)) > 1:
                self.others[fact] = possible

    def _output_is_open(self) -> bool:
        """Whether a model has one output whose meaning its graph is not certain of."""
        from carvis.classifier.output_kind import decide_output

        meaning, assumption = decide_output(self.clf.model, self.clf.name)
        return self.clf.model.outputs[0].shape[1] == 1 and (not meaning or assumption is not None)

    def _shorten(self, seconds: float) -> None:
        """Leave out the end of the sample, and of the transparent and turned ones, where all would take longer."""
        images = self._images.of(self.clf)
        # The first batch also builds the graph.
        self._places(self._rows[:_BATCH], {})
        batch = self._rows[_BATCH : 2 * _BATCH]
        if len(batch) == _BATCH:
            spent = _seconds(lambda: self._places(batch, {}))
        else:
            batch = self._rows[:_BATCH]
            spent = _seconds(lambda: self.clf.predict([images[row] for row in batch]))
        an_image = spent / len(batch) * self.passes
        if len(self._rows) * an_image > seconds:
            sizes = [size for size in _SIZES if size <= len(self._rows)] or [len(self._rows)]
            self._rows = self._rows[: next((size for size in sizes if size * an_image <= seconds), sizes[-1])]
            last = self._rows[-1]
            for fact, rows in self._special.items():
                most = max(_FEWEST_SPECIAL, len(self._rows) // 2, int((rows <= last).sum()))
                self._special[fact] = rows[:most]

    @property
    def passes(self) -> int:
        """How many times the whole sample goes through the model."""
        return len(self.preprocessings) + sum(len(values) - 1 for values in self.others.values())

    def rows(self, among: str = "") -> NDArray[np.int_]:
        """Return which images a fact is judged on: all of the sample, or those that it makes a difference for."""
        return self._special.get(among, self._rows)

    def predicted(self, among: str = "", **facts: str) -> NDArray[np.int_]:
        """Return the place that is predicted for each image, int (N,); -1 where the output is not finite.

        Args:
            among: a fact that makes a difference only for some images: those are taken.

        Raises:
            TimeoutError: the deadline has passed.
        """
        rows = self.rows(among)
        assumed = {fact: getattr(self.clf, fact) for fact in facts} | {"preprocessing": self.clf.preprocessing}
        return self._places(rows, {fact: value for fact, value in facts.items() if value != assumed[fact]})[rows]

    def _places(self, rows: NDArray[np.int_], changes: dict[str, str]) -> NDArray[np.int_]:
        """Return the places predicted for all images, of which those in ``rows`` are known."""
        key = tuple(sorted(changes.items()))
        places = self._predicted.setdefault(key, np.full(len(self._all_labels), _UNKNOWN))
        for fact in sorted(changes.keys() & self._special.keys()):
            # Of an image that is not transparent, or not turned, the same is read either way.
            same = rows[~np.isin(rows, list(self._images.special[fact]))]
            places[same] = self._places(same, {name: value for name, value in changes.items() if name != fact})[same]
        missing = rows[places[rows] == _UNKNOWN]
        variant = self.clf.replace(**changes) if len(missing) else self.clf
        images = self._images.of(variant) if len(missing) else []
        for start in range(0, len(missing), _BATCH):
            if self._deadline and time.monotonic() > self._deadline:
                raise TimeoutError
            batch = missing[start : start + _BATCH]
            output = variant.predict([images[row] for row in batch])
            finite = np.isfinite(output).all(axis=1)
            places[batch] = np.where(finite, np.nan_to_num(output).argmax(axis=1), -1)
            self._done += len(batch)
            total = self.passes * len(self._rows)
            advance(self._progress, min(self._done, total), total)
        return places

    def right(self, order: str, among: str = "", **facts: str) -> NDArray[np.bool_]:
        """Return which images are right, bool (N,); ``among`` as for ``predicted``."""
        labels = self._all_labels[self.rows(among)]
        return positions(labels, self.orders[order]) == self.predicted(among, **facts)

    @property
    def finite(self) -> bool:
        """Whether the model's output is finite for any image at all, under any preprocessing."""
        return any((self.predicted(preprocessing=name) >= 0).any() for name in self.preprocessings)

    @property
    def special(self) -> set[str]:
        """The facts that make a difference only for some images, which are looked at by themselves."""
        return {fact for fact in self.others if len(self._special.get(fact, ()))}

    def knows_classes(self, order: str, level: float, **facts: str) -> bool:
        """Tell whether the model's outputs mean the classes of an order, beyond chance.

        A model that predicts one class for every image is right as often as that class is there. And one that was
        never trained gives different classes different outputs, too, of which some are right by luck: one that was
        trained has more right than nearly all other orders of the names give it, or is right nearer to always than to
        chance.
        """
        from scipy.stats import binomtest

        places, labels = self.predicted(**facts), positions(self.labels, self.orders[order])
        right, n, classes = int((places == labels).sum()), len(labels), len(self.orders[order])
        share = sum(float((places == place).mean() * (labels == place).mean()) for place in set(labels.tolist()))
        expected = min(max(share, 1 / classes), 1.0)
        if binomtest(right, n, expected, alternative="greater").pvalue >= level:
            return False
        return right / n >= half_way(classes) or p_among_orders(labels, places, classes) < _LUCK


def _seconds(act: Callable[[], object]) -> float:
    start = time.monotonic()
    act()
    return time.monotonic() - start


def half_way(classes: int) -> float:
    """Return the accuracy half way from chance to always right."""
    return 0.5 + 0.5 / classes


def p_among_orders(labels: NDArray[np.int_], places: NDArray[np.int_], classes: int, draws: int = 9999) -> float:
    """Return the share of orders of the classes under which more images are right, those of as many counted half.

    This is a permutation test with the mid-p value: classes that are never predicted change places for nothing.

    Args:
        labels, places: true and predicted place of each image, int (N,), negative where there is none.
    """
    valid = (labels >= 0) & (places >= 0)
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels[valid], places[valid]), 1)
    rng = np.random.default_rng(0)
    orders = rng.permuted(np.tile(np.arange(classes), (draws, 1)), axis=1)
    right = counts[np.arange(classes), orders].sum(axis=1)
    actual = np.trace(counts)
    return float(((right > actual).sum() + ((right == actual).sum() + 1) / 2) / (draws + 1))
