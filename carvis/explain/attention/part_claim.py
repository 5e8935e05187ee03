"""Whether a model relies on one part, as a claim from a single image may say."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from carvis.dataset.parts import BACKGROUNDS
from carvis.explain.attention.result import Attention

Verdict = Literal["main", "partial", "attention-only", "neither", "too-few-images", "not-occluded"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
_EMBLEMS = ("emblem", "logo", "badge", "エンブレム", "ロゴ")


@dataclass(frozen=True)
class Claim:
    """The evidence of a whole split for the claim that a model relies on a part.

    Attributes:
        part: the part.
        verdict: one of ``VERDICTS``. ``main``: occluding the part costs more than occluding as much elsewhere, and
            more than occluding any other part. ``partial``: it costs more than elsewhere, but another part costs more.
            ``attention-only``: more of the evidence lies on it than its area would hold by chance, but occluding it
            costs no more than elsewhere. ``neither``: not even that. ``too-few-images``: fewer than two show the part,
            so nothing can be told from chance. ``not-occluded``: nothing was occluded.
        rival: the other part whose occlusion costs most, or with the largest share where nothing was occluded.
        facts: the part's row of ``Attention.by_part``; ``rival_facts`` the rival's.
        accuracy: the part's row of ``Attention.accuracy``.
    """

    part: str
    verdict: Verdict
    rival: str | None
    facts: dict[str, float]
    rival_facts: dict[str, float]
    accuracy: dict[str, float]


def claim(attention: Attention, part: str) -> Claim:
    """Test the claim that a model relies on ``part``, with 95 % confidence intervals.

    Raises:
        KeyError: there is no such part.
    """
    table = attention.by_part
    facts = _row(table.loc[part].to_dict())
    others = table.drop(index=part)
    weights = others["net" if attention.occluded else "share"].dropna()
    rival = str(weights.idxmax()) if len(weights) else None
    verdict: Verdict
    if not attention.occluded:
        verdict = "not-occluded"
    elif not facts["n"] >= 2:
        verdict = "too-few-images"
    elif facts["net low"] > 0:
        verdict = "main" if rival is None or facts["net"] > weights.max() else "partial"
    else:
        verdict = "attention-only" if facts["share low"] > facts["area"] else "neither"
    rival_facts = _row(others.loc[rival].to_dict()) if rival else {}
    return Claim(part, verdict, rival, facts, rival_facts, _row(attention.accuracy.loc[part].to_dict()))


def _row(values: Mapping[Hashable, Any]) -> dict[str, float]:
    return {str(name): float(value) for name, value in values.items()}


def names_an_emblem(part: str) -> bool:
    """Tell whether a part's name is that of an emblem, which the tutorial's claim is about."""
    return any(word in part.casefold() for word in _EMBLEMS)


def default_part(parts: Sequence[str]) -> str:
    """Return the part that the tutorial's claim is about, else the first that belongs to the car."""
    emblem = next(filter(names_an_emblem, parts), None)
    return emblem or next((part for part in parts if part.casefold() not in BACKGROUNDS), parts[0])
