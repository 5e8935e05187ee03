"""``shortcuts``: which properties of the images give their class away, before a model is trained on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.dataset import Dataset
from carvis.dataset.health import Health
from carvis.evaluation.comparison import holm
from carvis.progress import Progress, advance, no_progress, partial_progress
from carvis.subgroups.confirmation import one_of_each_group
from carvis.subgroups.image_table import ImageProperties, described_split
from carvis.subgroups.properties import OF_CLASS, TAG, TAGGED, Condition, is_number, rounded
from carvis.subgroups.settings import ShortcutSettings
from carvis.subgroups.shortcut_result import Shortcut, Shortcuts
from carvis.subgroups.shortcut_scores import class_score, tree_depth
from carvis.tags import Tags

DEFAULT = ShortcutSettings()
# An example of fewer images shows nothing.
_FEWEST = 5


def shortcuts(
    data: Dataset | ImageProperties | str | Path,
    settings: ShortcutSettings = DEFAULT,
    *,
    split: str | None = None,
    health: Health | None = None,
    tags: Tags | None = None,
    columns: pd.DataFrame | None = None,
    cache_dir: str | Path | None = None,
    progress: Progress = no_progress,
) -> Shortcuts:
    """Find the properties that alone predict the class better than chance.

    A model may learn such a property in place of the object: it then fails on images that break the rule, and no test
    set that follows it shows that. Each property is tested by a shallow decision tree, see ``class_score``, and
    corrected for the number of properties by Holm's method. Of each group of near-duplicates one image counts,
    chosen at random, so that no fold holds an image that the tree was fitted to.

    What annotated parts say of the object is tested, too: some of it, such as its size, may belong to the class.

    Args:
        data: the data set, its folder, or the properties of its images, where they are known already.
        settings: how they are searched.
        split: train where not given, or the first that there is.
        health: what ``check_dataset`` found; it is checked where not given.
        tags: of a workspace.
        columns: properties of a person's own, by id.
        cache_dir: of a workspace, where checks of data sets are kept.
        progress: called with (per cent done, 100); a true return stops the work.

    Raises:
        TableError: no image of the split can be read.
        DatasetError: the folder is not laid out as a data set.
        StoppedError: ``progress`` asked to stop.
    """
    if isinstance(data, ImageProperties):
        known, split = data, split or ""
    else:
        describing = partial_progress(progress, 0, 80)
        known, split = described_split(data, split, health, cache_dir, tags=tags, columns=columns, progress=describing)
    return _tested(known, split, settings, partial_progress(progress, 80, 100))


def _tested(known: ImageProperties, split: str, settings: ShortcutSettings, progress: Progress) -> Shortcuts:
    table = known.table[one_of_each_group(known.group, settings.seed)]
    names, labels = np.unique(table["label"].to_numpy(str), return_inverse=True)
    searched = [str(name) for name in table.columns if name not in OF_CLASS]
    scores = {}
    for place, name in enumerate(searched):
        advance(progress, place, len(searched))
        score = class_score(as_numbers(table[name]), labels, settings)
        if score is not None:
            scores[name] = score
    corrected = holm([score.p for score in scores.values()]) if scores else []
    found = [
        Shortcut(name, score.accuracy, score.chance, p, *_example(table[[name]], labels, names))
        for (name, score), p in zip(scores.items(), corrected)
        if p < settings.level and score.accuracy >= score.chance + settings.gain
    ]
    found.sort(key=lambda one: -one.accuracy)
    progress(len(searched), len(searched))
    return Shortcuts(split, tuple(found), tuple(scores), len(table), known.notes)


def as_numbers(column: pd.Series) -> NDArray[np.float64]:
    """Return a property as the tree takes it: numbers as they are, texts by their number in order."""
    if is_number(column):
        return column.to_numpy(float)
    codes = pd.Categorical(column, sorted(set(column.dropna()))).codes.astype(float)
    return np.where(codes < 0, np.nan, codes)


def _example(
    column: pd.DataFrame, labels: NDArray[np.int_], names: NDArray[np.str_]
) -> tuple[Condition | None, str, int, float]:
    """The interval or value whose images are most surely of one class, beyond that class's share of all."""
    prior = np.bincount(labels, minlength=len(names)) / len(labels)
    best: tuple[float, Condition | None, str, int, float] = (0.0, None, "", 0, float("nan"))
    for condition in _leaves(column, labels, len(names)):
        mask = condition.holds(column)
        n = int(mask.sum())
        if n < max(_FEWEST, len(labels) // 100):
            continue
        share = np.bincount(labels[mask], minlength=len(names)) / n
        excess = (share - prior) * np.sqrt(n)
        at = int(excess.argmax())
        if excess[at] > best[0]:
            best = (float(excess[at]), condition, str(names[at]), n, float(share[at]))
    return best[1:]


def _leaves(column: pd.DataFrame, labels: NDArray[np.int_], classes: int) -> list[Condition]:
    """The intervals between the thresholds of a tree fitted to all images, or the values of a text."""
    from sklearn.tree import DecisionTreeClassifier

    name = str(column.columns[0])
    if not is_number(column[name]):
        texts = {TAGGED} if name.startswith(TAG) else set(column[name].dropna())
        return [Condition(name, value=text) for text in sorted(texts)]
    known = column[name].notna().to_numpy()
    values = column[name].to_numpy(float)[known, None]
    if not len(values):
        return []
    tree = DecisionTreeClassifier(
        max_depth=tree_depth(classes),
        min_samples_leaf=max(3, len(values) // 100),
        class_weight="balanced",
        random_state=0,
    ).fit(values, labels[known])
    thresholds = tree.tree_.threshold[tree.tree_.feature >= 0]
    ends = [float(end) for end in np.unique(rounded(name, np.asarray(thresholds, np.float64)))]
    lows: list[float | None] = [None, *ends]
    highs: list[float | None] = [*ends, None]
    return [
        Condition(name, low, high)
        for i, low in enumerate(lows)
        for high in highs[i : i + 4]
        if low is not None or high is not None
    ]
