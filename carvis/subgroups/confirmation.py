"""Testing proposed slices on the half of the images that did not propose them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

FIRST, SECOND, UNCOUNTED = 0, 1, -1
POWER = 0.8


def one_of_each_group(group: NDArray[np.int_], seed: int) -> NDArray[np.bool_]:
    """Choose one image of each group of near-duplicates at random, and every image without a group, bool (N,).

    At random, since the first of a group by its name may always be of one kind: in a folder of ``back1.jpg`` and
    ``car1.jpg`` the cut-out object, never the photograph.

    Args:
        group: number of each image's group, (N,); negative for an image without one.
        seed: of the choice.
    """
    order = np.random.default_rng(seed).permutation(len(group))
    chosen = group < 0
    chosen[order[np.unique(group[order], return_index=True)[1]]] = True
    return chosen


def halves(group: NDArray[np.int_], strata: Sequence[Hashable], seed: int) -> NDArray[np.int_]:
    """Deal images into two halves that share no photograph.

    Of each group of near-duplicates one image counts, chosen at random: the tests take images for independent, and its
    duplicates would come out as it does. Within each stratum images are shuffled and dealt out in turn.

    Args:
        group: number of each image's group of near-duplicates, (N,); negative for an image without one.
        strata: of each image, such as its class and whether its prediction is right.
        seed: of the choice and of the shuffling.

    Returns:
        int (N,): 0 for the half that proposes, 1 for the one that confirms, -1 for an image that is not counted.
    """
    rng = np.random.default_rng(seed)
    half = np.full(len(group), UNCOUNTED)
    members: dict[Hashable, list[int]] = {}
    for row in np.flatnonzero(one_of_each_group(group, seed)).tolist():
        members.setdefault(strata[row], []).append(row)
    turn = int(rng.integers(2))
    for rows in members.values():
        shuffled = rng.permutation(rows)
        half[shuffled] = (turn + np.arange(len(shuffled))) % 2
        # A stratum of odd size leaves the next its turn, so that the halves stay equal.
        turn = (turn + len(shuffled)) % 2
    return half


def lower_accuracy_p(inside: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> float:
    """Return Fisher's exact one-sided p that a slice's accuracy is lower than that of the rest only by chance.

    With N images, E of them wrong, and n in the slice, it is the probability of a hypergeometric variable to reach the
    number of errors in the slice (Fisher, Statistical Methods for Research Workers, 1934, section 21.02). Without an
    error in the slice it is 1.
    """
    from scipy.stats import hypergeom

    n, errors = int(inside.sum()), int((inside & wrong).sum())
    # Of no images scipy gives NaN, which no comparison takes for the larger p.
    if not errors:
        return 1.0
    return float(hypergeom.sf(errors - 1, len(wrong), int(wrong.sum()), n))


def confirming_p(masks: Sequence[NDArray[np.bool_]], wrong: NDArray[np.bool_]) -> list[float]:
    """Return the p of each proposed slice on the confirming half, uncorrected.

    A slice has to be worse than the rest, and still so where the images of the slices before it are set aside: else it
    is the same finding by another property. Both have to hold, so the larger p counts (intersection-union test, Berger,
    Technometrics 24, 1982, theorem 1).

    Args:
        masks: of each slice, in the order of the proposals, bool (N,).
        wrong: bool (N,).
    """
    values, covered = [], np.zeros(len(wrong), bool)
    for mask in masks:
        left = ~covered
        values.append(max(lower_accuracy_p(mask, wrong), lower_accuracy_p(mask[left], wrong[left])))
        covered |= mask
    return values


def detectable_accuracy(n: int, share: float, rest: float, level: float, power: float = POWER) -> float | None:
    """Return how low a slice's accuracy has to be to be confirmed with some probability; None where none is so low.

    Source: Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988, section 6.2: with h = 2 asin sqrt(p1) -
    2 asin sqrt(p2), a one-sided test needs h = (z(1 - level) + z(power)) sqrt(1/n1 + 1/n2).

    Args:
        n: images of the confirming half.
        share: of them in the slice.
        rest: the accuracy of the others.
        level: of the test, after correction.
        power: the probability.
    """
    from scipy.stats import norm

    n1 = share * n
    if n1 <= 0 or n1 >= n:
        return None
    needed = (norm.isf(level) + norm.isf(1 - power)) * math.sqrt(1 / n1 + 1 / (n - n1))
    angle = math.asin(math.sqrt(rest)) - needed / 2
    return math.sin(angle) ** 2 if angle > 0 else None


def images_needed(share: float, rest: float, loss: float, level: float, power: float = POWER) -> int | None:
    """Return how many images the confirming half needs for a slice to be confirmed with some probability.

    It is ``detectable_accuracy`` solved for the number of images: n = ((z(1 - level) + z(power)) / h)^2 (1/share +
    1/(1 - share)).

    Args:
        share: of the images in the slice, above 0 and below 1.
        rest: the accuracy of the others.
        loss: by how much the slice's accuracy is lower.
        level: of the test, after correction.
        power: the probability.

    Returns:
        None where no accuracy is lower by so much.
    """
    from scipy.stats import norm

    if not 0 <= rest - loss < rest:
        return None
    h = 2 * (math.asin(math.sqrt(rest)) - math.asin(math.sqrt(rest - loss)))
    z = norm.isf(level) + norm.isf(1 - power)
    return math.ceil((z / h) ** 2 * (1 / share + 1 / (1 - share)))


def least_p(n: int, errors: int, least: int) -> float:
    """Return the smallest p that any slice could reach: all errors, and nothing else, in one of the smallest size.

    Args:
        n: images of the confirming half.
        errors: of them wrong.
        least: the smallest number of images of a slice.
    """
    from scipy.stats import hypergeom

    size = min(max(least, errors), n)
    return float(hypergeom.sf(errors - 1, n, errors, size)) if errors else 1.0
