"""Whether a model judges by one part, as a claim from a single picture may say."""

from dataclasses import dataclass

from carvis.explain.attention.result import Attention

VERDICTS = (
    *("judges by it", "uses it among others", "looks but needs it not", "neither looks nor needs"),
    *("too few pictures", "unknown"),
)


@dataclass(frozen=True)
class Claim:
    """What a whole test set says to "the model judges by this part".

    Attributes:
        part: the part.
        verdict: one of ``VERDICTS``. ``judges by it``: covering it costs more than covering as much elsewhere, and
            more than covering any other part does. ``uses it among others``: it costs, but another part costs more.
            ``looks but needs it not``: the map lies on it beyond its area, covering it costs nothing that can be told
            from chance. ``too few pictures``: fewer than two show the part, so nothing can be told from chance.
            ``unknown``: nothing was covered.
        rival: the other part whose covering costs most, or the largest in the map where nothing was covered.
        facts: the part's row of ``Attention.by_part``; ``rival_facts`` the rival's.
        accuracy: the part's row of ``Attention.accuracy``.
    """

    part: str
    verdict: str
    rival: str | None
    facts: dict[str, float]
    rival_facts: dict[str, float]
    accuracy: dict[str, float]


def claim(attention: Attention, part: str) -> Claim:
    """Hold the claim that a model judges by ``part`` against its attention, with 95 % intervals.

    Raises:
        KeyError: there is no such part.
    """
    table = attention.by_part
    facts = table.loc[part].to_dict()
    others = table.drop(index=part)
    weights = others["net" if attention.covered else "share"].dropna()
    rival = str(weights.idxmax()) if len(weights) else None
    looks = facts["share low"] > facts["area"]
    needs = facts["net low"] > 0
    if not attention.covered:
        verdict = "unknown"
    elif not facts["n"] >= 2:
        verdict = "too few pictures"
    elif needs:
        first = rival is None or facts["net"] > others.loc[rival, "net"]
        verdict = "judges by it" if first else "uses it among others"
    else:
        verdict = "looks but needs it not" if looks else "neither looks nor needs"
    rival_facts = others.loc[rival].to_dict() if rival else {}
    return Claim(part, verdict, rival, facts, rival_facts, attention.accuracy.loc[part].to_dict())
