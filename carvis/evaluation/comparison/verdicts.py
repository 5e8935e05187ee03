"""What the numbers of a pair of models mean, first as a value and then as a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LEVEL = 0.05


@dataclass(frozen=True)
class Verdict:
    """What can be said of two models.

    Attributes:
        kind: ``better`` (the gap is hardly chance), ``unclear`` (it could be chance), ``even`` (each alone is right on
            as many pictures) or ``same`` (both are right on the same pictures).
        better, worse: the models' names, in the order given for ``even`` and ``same``.
        only_better, only_worse: pictures that one of them alone gets right.
        p: the exact McNemar p, corrected for the number of pairs (Holm).
        needed: for ``unclear``, how many pictures would show the gap if it is really as large as it looks.
    """

    kind: str
    better: str
    worse: str
    only_better: int
    only_worse: int
    p: float
    needed: int | None = None


def verdict(pair: Mapping) -> Verdict:
    """Judge a row of ``Comparison.pairs``."""
    first, second = int(pair["only_first"]), int(pair["only_second"])
    names = (pair["second"], pair["first"]) if second >= first else (pair["first"], pair["second"])
    counts = (max(first, second), min(first, second))
    if first == second:
        return Verdict("even" if first else "same", pair["first"], pair["second"], *counts, float(pair["p_holm"]))
    kind = "better" if pair["p_holm"] < LEVEL else "unclear"
    n = pair["both"] + pair["neither"] + first + second
    needed = int(pair["needed"]) if kind == "unclear" and pair["needed"] > n else None
    return Verdict(kind, *names, *counts, float(pair["p_holm"]), needed)


def sentence(found: Verdict) -> str:
    """A verdict in plain words."""
    better, worse = found.better, found.worse
    if found.kind == "same":
        return f"{better} and {worse} are right on exactly the same pictures."
    if found.kind == "even":
        return f"{better} and {worse} are equally often right: each alone on {_pictures(found.only_better)}."
    counts = f"{_pictures(found.only_better)} only it gets right, {found.only_worse:,} only the other"
    if found.kind == "better":
        return f"{better} is better than {worse}: {counts}; {p_words(found.p)}, so chance alone hardly explains it."
    words = f"{better} looks better than {worse}, but the gap could be chance: {counts}; {p_words(found.p)}."
    if found.needed:
        words += f" If it is really as large as it looks, about {found.needed:,} pictures would show it."
    return words


def _pictures(n: int) -> str:
    return f"{n:,} picture{'' if n == 1 else 's'}"


def p_words(p: float) -> str:
    """``p = 0.012``, or ``p < 0.0001`` below that."""
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"


def cochran_words(q: float, p: float) -> str:
    """What Cochran's Q over all models says."""
    said = "at least one of the models differs from the others" if p < LEVEL else "all of them could be equally good"
    return f"All models together: {said} (Cochran's Q = {q:.1f}, {p_words(p)})."


_LEFT_OUT = {
    "missing": "{n} not in all evaluations",
    "changed": "{n} changed between the evaluations",
    "relabelled": "{n} with another label in another evaluation",
    "copies": "{n} with a copy in training",
}


def left_out_words(left_out: Mapping[str, int]) -> list[str]:
    """What is not compared, and why."""
    return [f"Not compared: {_LEFT_OUT[reason].format(n=_pictures(n))}." for reason, n in left_out.items()]
