"""How several models do on the slices of one of them: which loses more there, and whether that is real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carvis.evaluation import Evaluation, join
from carvis.evaluation.alignment import by_model_name
from carvis.evaluation.comparison import holm, mcnemar, p_words
from carvis.evaluation.metrics import wilson_interval
from carvis.language import Message
from carvis.subgroups.settings import LEVEL

if TYPE_CHECKING:
    from carvis.subgroups.result import Slices

COLUMNS = (
    "slice", "model", "n", "accuracy", "low", "high", "rest", "loss", "extra_loss", "extra_low", "extra_high", "p_loss",
    "only_first", "only_this", "p_here",
)  # fmt: skip
_RESAMPLES = 9_999


def compare_on_slices(
    slices: Slices, evaluations: Sequence[Evaluation] | Mapping[str, Evaluation], seed: int = 0
) -> pd.DataFrame:
    """Compare models, image by image, on the slices of one.

    Only images of the confirming half count. A slice was proposed because the first model fails there, so that on the
    images that proposed it every other model would look better than it is. That the slice was confirmed favours the
    others a little, too, the more the closer its p is to the level.

    Args:
        slices: of the first model.
        evaluations: the other models, of the same images; the first model is ignored where it is among them.
        seed: of the permutations.

    Returns:
        Of each slice a row a model, the first model first: slice (sentence), model, n, accuracy, low, high (Wilson,
        95 %), rest (accuracy on the rest), loss (rest - accuracy), extra_loss (its loss beyond the first model's, with
        Welch's 95 % interval as extra_low and extra_high), p_loss (a permutation test of the extra loss), only_first
        and only_this (images of the slice that only that model is right on) and p_here (exact McNemar); both p are
        corrected for all rows (Holm); NaN in the first model's. ``finding`` is the sentence of a row.

    Raises:
        TableError: the models share no image.
    """
    first = slices.evaluation
    others = [one for one in by_model_name(evaluations).items() if one[1] is not first]
    named = {first.setup["model"]["name"]: first}
    for name, one in others:
        named[name if name not in named else f"{name} (2)"] = one
    joined = join(named)
    shown = joined.table["id"].isin(slices.confirming).to_numpy(bool)
    right, ids = joined.right[shown], joined.table["id"][shown]
    rows = []
    for found in slices.slices:
        inside = ids.isin(found.confirming_ids).to_numpy(bool)
        if not inside.any() or inside.all():
            continue
        for place, name in enumerate(joined.names):
            rows.append((found.sentence, name, *_row(right[:, place], right[:, 0], inside, place == 0, seed)))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["slice"] = pd.Series([row[0] for row in rows], dtype=object)
    for column in ("p_loss", "p_here"):
        tested = table[column].notna()
        table.loc[tested, column] = holm(table.loc[tested, column].tolist())
    table["finding"] = pd.Series([_finding(row, joined.names[0]) for row in table.to_dict("records")], dtype=object)
    return table


def _row(
    right: NDArray[np.bool_], first: NDArray[np.bool_], inside: NDArray[np.bool_], is_first: bool, seed: int
) -> tuple[float, ...]:
    n, hits = int(inside.sum()), int(right[inside].sum())
    rest = float(right[~inside].mean())
    own = (n, hits / n, *wilson_interval(hits, n), rest, rest - hits / n)
    if is_first:
        return (*own, *[np.nan] * 7)
    only_first, only_this = int((first & ~right)[inside].sum()), int((right & ~first)[inside].sum())
    return (*own, *extra_loss(right, first, inside, seed), only_first, only_this, mcnemar(only_first, only_this))


def extra_loss(
    right: NDArray[np.bool_], first: NDArray[np.bool_], inside: NDArray[np.bool_], seed: int = 0
) -> tuple[float, float, float, float]:
    """Return how much more accuracy one model loses in a slice than another, with its interval and p.

    On each image the models differ by d = first - right, which is -1, 0 or 1. The extra loss is the mean of d in the
    slice minus its mean elsewhere. Its interval is Welch's (Biometrika 34, 1947); p is two-sided, of a permutation test
    of that difference (Phipson and Smyth, 2010, equation 2, so that it is never 0).

    Args:
        right: bool (N,), whether the model is right.
        first: bool (N,), whether the other is.
        inside: bool (N,), which images are in the slice.
        seed: of the permutations.

    Returns:
        The extra loss, low and high at 95 %, p.
    """
    from scipy.stats import t

    d = first.astype(float) - right
    here, there = d[inside], d[~inside]
    extra = float(here.mean() - there.mean())
    if len(here) < 2 or len(there) < 2:
        return extra, np.nan, np.nan, 1.0
    a, b = here.var(ddof=1) / len(here), there.var(ddof=1) / len(there)
    if a + b == 0:
        return extra, extra, extra, 1.0
    freedom = (a + b) ** 2 / (a**2 / (len(here) - 1) + b**2 / (len(there) - 1))
    half = float(t.ppf(0.975, freedom) * np.sqrt(a + b))
    return extra, extra - half, extra + half, _permutation_p(d, inside, seed)


def _permutation_p(d: NDArray[np.float64], inside: NDArray[np.bool_], seed: int) -> float:
    """By the sum of d in the slice: with its images chosen at random, the counts of -1, 0 and 1 are hypergeometric."""
    counts = np.array([(d == value).sum() for value in (-1, 0, 1)])
    n = int(inside.sum())
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(counts, n, size=_RESAMPLES)
    sums = drawn[:, 2] - drawn[:, 0]
    expected = n * d.mean()
    as_far = np.abs(sums - expected) >= abs(d[inside].sum() - expected) - 1e-9
    return float((as_far.sum() + 1) / (_RESAMPLES + 1))


def _finding(row: Mapping[Any, Any], first: str) -> Message:
    model, loss, extra = str(row["model"]), float(row["loss"]), float(row["extra_loss"])
    points = {"model": model, "loss": f"{100 * loss:.0f}"}
    if extra != extra:
        return Message("{model} loses {loss} points of accuracy there.", **points)
    points |= {"first": first, "other": f"{100 * (loss - extra):.0f}", "p": p_words(float(row["p_loss"]))}
    if float(row["p_loss"]) >= LEVEL:
        return Message(
            "{model} loses {loss} points there, {first} {other}: the difference could be chance ({p}).", **points
        )
    theirs = loss - extra
    if theirs > 0 and loss / theirs >= 1.5:
        return Message(
            "{model} loses {times} times as much there as {first}: {loss} points against {other} ({p}).",
            times=f"{loss / theirs:.1f}",
            **points,
        )
    if extra > 0:
        return Message("{model} loses more there than {first}: {loss} points against {other} ({p}).", **points)
    return Message("{model} loses less there than {first}: {loss} points against {other} ({p}).", **points)
