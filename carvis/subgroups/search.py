"""Proposing slices on one half of the images: intervals, values and pairs with a lower accuracy than the rest.

It is sequential covering, as subgroup discovery does (Lavrac et al., Journal of Machine Learning Research 5, 2004,
section 3): once a slice is proposed, its images are set aside, so that the next one says something new and not the same
by a correlated property. Nothing here is evidence: what is proposed is tested on the other half.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.progress import Progress, advance, no_progress
from carvis.subgroups.properties import OF_CLASS, TAG, TAGGED, Condition, is_number, rounded
from carvis.subgroups.settings import SliceSettings

# Below this a difference is so likely chance that testing it would only cost the others power.
_LEAST_Z = 2.5
# By so much a pair has to be worse than what is left of either of its parts.
_PAIR_Z = 2.3
# And by so much more striking than any single property: of far more pairs some are so by chance.
_PAIR_GAIN = 1.0
# So much less striking may a slice be that is said more simply.
_PLAIN = 0.3
_SAME = 0.5
_FINE, _COARSE, _FINEST = np.arange(5, 100, 5), np.arange(10, 100, 10), np.arange(1, 100)
# The search looks at no more images; all of the other half are tested.
_MOST_IMAGES = 10_000
_FEW_VALUES = 12


def excess_error(
    n: NDArray[np.floating], errors: NDArray[np.floating], all_n: NDArray | float, all_errors: NDArray | float
) -> NDArray[np.floating]:
    """Return how far the error rate within slices is above that of the rest, in standard errors.

    The z of two proportions with pooled variance, (e1/n1 - e2/n2) / sqrt(p (1 - p) (1/n1 + 1/n2)), p the error rate of
    all (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 2003, equation 3.5, without the
    continuity correction); -inf where a side is empty or there are no errors.
    """
    rest = np.asarray(all_n - n, np.float64)
    pooled = np.asarray(all_errors, np.float64) / np.maximum(all_n, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = errors / n - (all_errors - errors) / rest
        z = gap / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / rest))
    return np.where(np.isfinite(z), z, -np.inf)


def propose(
    table: pd.DataFrame,
    wrong: NDArray[np.bool_],
    settings: SliceSettings,
    seed: int = 0,
    progress: Progress = no_progress,
) -> list[tuple[Condition, ...]]:
    """Propose slices, the most striking first, at most ``settings.proposals``.

    Args:
        table: the searched properties, a row an image of the first half.
        wrong: bool (N,), whether the prediction is wrong.
        settings: sizes and numbers.
        seed: of the sample that is searched where there are more than 10,000 images.
        progress: called with (rounds done, rounds at most); a true return stops the work.
    """
    if len(table) > _MOST_IMAGES:
        rows = np.sort(np.random.default_rng(seed).choice(len(table), _MOST_IMAGES, replace=False))
        table, wrong = table.iloc[rows], wrong[rows]
    least = max(settings.images, round(settings.share * len(table)))
    single = _Candidates.of(table, _FINE, least)
    paired = _Candidates.of(table, _COARSE, least) if settings.pairs else None
    left = np.ones(len(table), bool)
    proposed: list[tuple[Condition, ...]] = []
    masks: list[NDArray[np.bool_]] = []
    # Some rounds find again what was found: they only set images aside.
    for done in range(2 * settings.proposals):
        advance(progress, done, 2 * settings.proposals)
        best = _best(single, paired, wrong, left, least)
        if best is None or len(proposed) == settings.proposals:
            break
        best = _refined(best, table, wrong, left, least)
        mask = holds(best, table)
        if all((mask & other).sum() < _SAME * (mask | other).sum() for other in masks):
            proposed.append(best)
        masks.append(mask)
        left &= ~mask
    return proposed


def holds(conditions: tuple[Condition, ...], table: pd.DataFrame) -> NDArray[np.bool_]:
    """Return for which images all conditions hold, bool (N,)."""
    return np.logical_and.reduce([condition.holds(table) for condition in conditions])


@dataclass(frozen=True)
class _Candidates:
    conditions: list[Condition]
    masks: NDArray[np.float32]

    @classmethod
    def of(cls, table: pd.DataFrame, percentiles: NDArray[np.int_], least: int) -> _Candidates:
        conditions, masks = [], []
        for condition in _conditions(table, percentiles):
            mask = condition.holds(table)
            # What holds for most of the images is the rest of something else.
            if least <= mask.sum() <= len(table) / 2:
                conditions.append(condition)
                masks.append(mask)
        stacked = np.array(masks, np.float32).reshape(len(masks), len(table))
        return cls(conditions, stacked)


def _conditions(table: pd.DataFrame, percentiles: NDArray[np.int_]) -> list[Condition]:
    conditions: list[Condition] = []
    for name, column in table.items():
        key = str(name)
        if not is_number(column):
            values = {TAGGED} if key.startswith(TAG) else set(column.dropna())
            conditions += [Condition(key, value=value) for value in sorted(values)]
            continue
        ends = interval_ends(key, column.to_numpy(float), percentiles)
        conditions += [Condition(key, high=end) for end in ends] + [Condition(key, low=end) for end in ends]
        conditions += [Condition(key, low, high) for i, low in enumerate(ends) for high in ends[i + 1 :]]
    return conditions


def interval_ends(key: str, values: NDArray[np.float64], percentiles: NDArray[np.int_]) -> list[float]:
    """Return where intervals of a property may begin and end: rounded percentiles, or all values where they are few."""
    values = values[~np.isnan(values)]
    if not len(values):
        return []
    different = np.unique(values)
    ends = different if len(different) <= _FEW_VALUES else np.percentile(values, percentiles)
    ends = np.unique(rounded(key, ends))
    return [float(end) for end in ends if different[0] < end <= different[-1]]


def _best(
    single: _Candidates,
    paired: _Candidates | None,
    wrong: NDArray[np.bool_],
    left: NDArray[np.bool_],
    least: int,
) -> tuple[Condition, ...] | None:
    """The most striking slice among the images left, None where none is."""
    weights, errors = left.astype(np.float32), (left & wrong).astype(np.float32)
    n_all, errors_all = float(weights.sum()), float(errors.sum())
    best: tuple[Condition, ...] | None = None
    highest = _LEAST_Z
    if len(single.conditions):
        n = single.masks @ weights
        z = np.where(n >= least, excess_error(n, single.masks @ errors, n_all, errors_all), -np.inf)
        if z.max() > highest:
            highest, best = float(z.max()), (single.conditions[int(z.argmax())],)
    if paired is None or len(paired.conditions) < 2:
        return best
    masks = paired.masks[:, left]
    n12, errors12 = masks @ masks.T, (masks * wrong[left]) @ masks.T
    n1, errors1 = np.diag(n12), np.diag(errors12)
    z = excess_error(n12, errors12, n_all, errors_all)
    # A pair that is no worse than its part says less than the part.
    within = excess_error(n12, errors12, n1[:, None], errors1[:, None])
    allowed = (n12 >= least) & (within > _PAIR_Z) & (within.T > _PAIR_Z) & _may_pair(paired.conditions)
    z = np.where(allowed, z, -np.inf)
    if z.max() > highest + (0 if best is None else _PAIR_GAIN):
        i, j = sorted(divmod(int(z.argmax()), len(z)))
        best = (paired.conditions[i], paired.conditions[j])
    return best


def _may_pair(conditions: list[Condition]) -> NDArray[np.bool_]:
    """No property with itself, and no two that are of the class or of the model's features, as clusters are.

    Together two such say whether the prediction is right: a label within another class's cluster is an error.
    """
    names = ["class" if one.key in OF_CLASS else one.key for one in conditions]
    numbers = np.unique(names, return_inverse=True)[1]
    return numbers[:, None] != numbers


def _refined(
    conditions: tuple[Condition, ...],
    table: pd.DataFrame,
    wrong: NDArray[np.bool_],
    left: NDArray[np.bool_],
    least: int,
) -> tuple[Condition, ...]:
    """Move the ends of intervals by percentiles to where the slice is most striking."""
    errors = wrong[left]

    def striking(tried: tuple[Condition, ...]) -> float:
        of_all = holds(tried, table)
        mask = of_all[left]
        # Those set aside belong to it, too: of all images a slice is the smaller side.
        if mask.sum() < least or of_all.sum() > len(table) / 2:
            return -np.inf
        n, e = np.array([mask.sum()], float), np.array([(mask & errors).sum()], float)
        return float(excess_error(n, e, float(len(errors)), float(errors.sum()))[0])

    highest = striking(conditions)
    for place, condition in enumerate(conditions):
        if condition.value is not None:
            continue
        ends = interval_ends(condition.key, table[condition.key].to_numpy(float), _FINEST)
        for side in ("low", "high"):
            current = getattr(conditions[place], side)
            if current is None:
                continue
            at = int(np.searchsorted(ends, current))
            for end in ends[max(0, at - 8) : at + 9]:
                moved = conditions[place]
                moved = replace(moved, low=end) if side == "low" else replace(moved, high=end)
                if moved.low is not None and moved.high is not None and moved.low >= moved.high:
                    continue
                tried = (*conditions[:place], moved, *conditions[place + 1 :])
                if (z := striking(tried)) > highest:
                    highest, conditions = z, tried
    for place, condition in enumerate(conditions):
        if condition.low is None or condition.high is None:
            continue
        # An end that sets few images apart is one thing more to read.
        for opened in (replace(condition, low=None), replace(condition, high=None)):
            tried = (*conditions[:place], opened, *conditions[place + 1 :])
            if striking(tried) > highest - _PLAIN:
                conditions = tried
                break
    return conditions
