"""How precisely the annotated images tell a model's attention, and how many more images a useful interval takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from carvis.explain.attention.result import Attention

Measure = Literal["share", "net"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
# Half the width of a 95 % confidence interval that is narrow enough to speak of, as share or probability.
USEFUL = 0.05
# Below these the spread itself is a guess, and so is the number of images that it asks for.
FEWEST = 5
_MOST = 1_000_000


@dataclass(frozen=True)
class Precision:
    """How precisely a mean is known.

    Attributes:
        measure: ``share`` of the evidence on the part, or ``net``: the fall in probability when it is occluded less
            the fall when the same shape elsewhere is.
        part: the part.
        n: annotated images that show it and have a value.
        annotated: annotated images on which somebody looked for it.
        mean, low, high: with a 95 % confidence interval; NaN where there are too few images.
        area: the part's mean share of these images, which randomly spread evidence would reach.
        needed: further images until the interval is +-``half``, in the mix so far; 0 where it is, None where fewer than
            ``FEWEST`` were measured or a mix was asked for of which one kind is missing.
        half: the half width asked for.
        weighted: whether mistakes and correct predictions were weighted by their share of all images.
    """

    measure: Measure
    part: str
    n: int
    annotated: int
    mean: float
    low: float
    high: float
    area: float
    needed: int | None
    half: float
    weighted: bool


def precision(
    attention: Attention,
    part: str,
    measure: Measure = "share",
    *,
    right: Mapping[str, bool] | None = None,
    half: float = USEFUL,
) -> Precision:
    """Tell how precisely the measured images give a mean over all images that show a part.

    Where mistakes were annotated more often than they occur (``drawing_order``), the two kinds are strata: each mean is
    weighted by the kind's share of all images that show the part, so that the estimate does not lean to the mistakes
    (Cochran, Sampling Techniques, 3rd ed. 1977, equations 5.1 and 5.16, degrees of freedom after Satterthwaite). The
    shares of the visible are estimated from the same images; their own error is not in the interval.

    Args:
        attention: of one model.
        part: one of its parts.
        measure: one of ``MEASURES``.
        right: whether the prediction of each image of the whole split is right, by sample id, as it was given to
            ``drawing_order``; None where images were annotated without regard to predictions.
        half: half the width of the interval that is asked for.

    Raises:
        KeyError: there is no such part.
    """
    table = attention.table[attention.table[f"area:{part}"].notna()]
    if right is not None:
        table = table[table["id"].isin(list(right))]
    visible = table[f"area:{part}"] > 0
    if measure == "share":
        values = table[f"share:{part}"].astype(float)
    else:
        values = table[f"fall:{part}"].astype(float) - table[f"control:{part}"].astype(float)
    usable = visible & values.notna()
    kinds = pd.Series(True, index=table.index) if right is None else table["id"].map(right).astype(bool)
    strata = _strata(values, usable, visible, kinds, right)
    estimate = _Estimate.of(strata)
    needed = _needed(estimate, half) if int(usable.sum()) >= FEWEST else None
    reach = estimate.reach()
    return Precision(
        measure, part, int(usable.sum()), len(table), estimate.mean, estimate.mean - reach, estimate.mean + reach,
        float(table.loc[usable, f"area:{part}"].mean()), needed, half, right is not None,
    )  # fmt: skip


@dataclass(frozen=True)
class _Stratum:
    weight: float
    values: np.ndarray


def _strata(
    values: pd.Series, usable: pd.Series, visible: pd.Series, kinds: pd.Series, right: Mapping[str, bool] | None
) -> list[_Stratum]:
    if right is None:
        return [_Stratum(1.0, values[usable].to_numpy(float))]
    weights, samples = [], []
    for kind in (False, True):
        population = sum(bool(is_right) == kind for is_right in right.values()) / max(len(right), 1)
        of_kind = kinds == kind
        # Of a kind that was not looked at, none is known to show the part.
        weights.append(population * (float(visible[of_kind].mean()) if of_kind.any() else float(population > 0)))
        samples.append(values[usable & of_kind].to_numpy(float))
    total = sum(weights)
    return [
        _Stratum(weight / total, sample) for weight, sample in zip(weights, samples, strict=True) if total and weight
    ]


@dataclass(frozen=True)
class _Estimate:
    """A weighted mean of strata: its terms are each stratum's part of the variance."""

    mean: float
    terms: tuple[float, ...]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, strata: list[_Stratum]) -> _Estimate:
        sizes = [len(stratum.values) for stratum in strata]
        fewest = min(sizes, default=0)
        mean = sum(stratum.weight * stratum.values.mean() for stratum in strata) if fewest else np.nan
        if fewest < 2:
            return cls(float(mean), (), tuple(sizes))
        terms = tuple(float(s.weight**2 * s.values.var(ddof=1) / len(s.values)) for s in strata)
        return cls(float(mean), terms, tuple(sizes))

    def reach(self, times: float = 1.0) -> float:
        """Return half the width of the 95 % confidence interval, with ``times`` as many images of each kind."""
        from scipy.stats import t

        if not self.terms:
            return np.nan
        variance = sum(self.terms) / times
        if variance == 0:
            return 0.0
        spread = sum((term / times) ** 2 / (size * times - 1) for term, size in zip(self.terms, self.sizes))
        return float(t.ppf(0.975, variance**2 / spread) * np.sqrt(variance))


def _needed(estimate: _Estimate, half: float) -> int | None:
    """Return how many further images bring the interval to +-``half``, by bisection: more images never widen it."""
    n = sum(estimate.sizes)
    if not estimate.terms:
        return None
    if estimate.reach() <= half:
        return 0
    low, high = n, n
    while estimate.reach(high / n) > half:
        low, high = high, high * 2
        if high > _MOST:
            return _MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if estimate.reach(middle / n) <= half else (middle, high)
    return high - n
