"""What the numbers of a pair of models mean, first as a value and then as a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from carvis.language import N_, _, n_

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
    names = {"better": found.better, "worse": found.worse, "p": p_words(found.p)}
    if found.kind == "same":
        return _("{better} and {worse} are right on exactly the same pictures.").format(**names)
    if found.kind == "even":
        words = _("{better} and {worse} are equally often right: each alone on {n}.")
        return words.format(n=_pictures(found.only_better), **names)
    counts = _("{n} only it gets right, {m} only the other").format(
        n=_pictures(found.only_better), m=f"{found.only_worse:,}"
    )
    if found.kind == "better":
        words = _("{better} is better than {worse}: {counts}; {p}, so chance alone hardly explains it.")
        return words.format(counts=counts, **names)
    words = _("{better} looks better than {worse}, but the gap could be chance: {counts}; {p}.")
    words = words.format(counts=counts, **names)
    if found.needed:
        more = _("If it is really as large as it looks, about {n} pictures would show it.")
        words += " " + more.format(n=f"{found.needed:,}")
    return words


def _pictures(n: int) -> str:
    return n_("{n} picture", "{n} pictures", n).format(n=f"{n:,}")


def p_words(p: float) -> str:
    """``p = 0.012``, or ``p < 0.0001`` below that."""
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"


def cochran_words(q: float, p: float) -> str:
    """What Cochran's Q over all models says."""
    words = (
        _("All models together: at least one of the models differs from the others (Cochran's Q = {q}, {p}).")
        if p < LEVEL
        else _("All models together: all of them could be equally good (Cochran's Q = {q}, {p}).")
    )
    return words.format(q=f"{q:.1f}", p=p_words(p))


_LEFT_OUT = {
    "missing": N_("Not compared: {n} not in all evaluations."),
    "changed": N_("Not compared: {n} changed between the evaluations."),
    "relabelled": N_("Not compared: {n} with another label in another evaluation."),
    "copies": N_("Not compared: {n} with a copy in training."),
}


def left_out_words(left_out: Mapping[str, int]) -> list[str]:
    """What is not compared, and why."""
    return [_(_LEFT_OUT[reason]).format(n=_pictures(n)) for reason, n in left_out.items()]
