"""What the numbers of a comparison mean, as values and as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from carvis.evaluation.comparison.significance import p_words
from carvis.evaluation.comparison.temperature import Effect
from carvis.language import Message, together

LEVEL = 0.05
Kind = Literal["better", "unclear", "even", "same"]


@dataclass(frozen=True)
class Verdict:
    """What can be said of two models.

    Attributes:
        kind: ``better`` (the gap is hardly chance), ``unclear`` (it could be chance), ``even`` (each alone is right on
            as many images) or ``same`` (both are right on the same images).
        better, worse: the models' names, in the order given for ``even`` and ``same``.
        only_better, only_worse: how many images only that model is right on.
        p: the exact McNemar p, corrected for the number of pairs (Holm).
        needed: for ``unclear``, how many images would prove the gap if it is really as large as it looks.
    """

    kind: Kind
    better: str
    worse: str
    only_better: int
    only_worse: int
    p: float
    needed: int | None = None

    @property
    def headline(self) -> Message:
        """Which model is better, if any."""
        names = {"better": self.better, "worse": self.worse}
        if self.kind == "same":
            return Message("{better} and {worse} are right on exactly the same images.", **names)
        if self.kind == "even":
            return Message("{better} and {worse} are right equally often.", **names)
        if self.kind == "better":
            return Message("{better} is better than {worse}.", **names)
        return Message("{better} is right more often than {worse}, but the gap could be chance.", **names)

    @property
    def evidence(self) -> tuple[Message, ...]:
        """The figures behind the headline, and how many images would prove a gap that could be chance."""
        if self.kind == "same":
            return ()
        counts = Message.of_number(
            "Only {better} is right on {n} image; only {worse} on {m} (McNemar {p}).",
            "Only {better} is right on {n} images; only {worse} on {m} (McNemar {p}).",
            self.only_better,
            n=f"{self.only_better:,}",
            better=self.better,
            worse=self.worse,
            m=f"{self.only_worse:,}",
            p=p_words(self.p),
        )
        if not self.needed:
            return (counts,)
        needed = Message("About {n} images would be needed to prove a gap of this size.", n=f"{self.needed:,}")
        return (counts, needed)

    @property
    def finding(self) -> Message:
        """The headline and the figures behind it."""
        return together([self.headline, *self.evidence])


def verdict(pair: Mapping[Any, Any]) -> Verdict:
    """Judge a row of ``Comparison.pairs``."""
    first, second = int(pair["only_first"]), int(pair["only_second"])
    names = (pair["second"], pair["first"]) if second >= first else (pair["first"], pair["second"])
    counts = (max(first, second), min(first, second))
    if first == second:
        return Verdict("even" if first else "same", pair["first"], pair["second"], *counts, float(pair["p_holm"]))
    kind: Kind = "better" if pair["p_holm"] < LEVEL else "unclear"
    n = pair["both"] + pair["neither"] + first + second
    needed = int(pair["needed"]) if kind == "unclear" and pair["needed"] > n else None
    return Verdict(kind, *names, *counts, float(pair["p_holm"]), needed)


def cochran_finding(q: float, p: float) -> Message:
    """What Cochran's Q over all models says."""
    values = {"q": f"{q:.1f}", "p": p_words(p)}
    if p < LEVEL:
        return Message("At least one of the models differs from the others (Cochran's Q = {q}, {p}).", **values)
    return Message("The models could all be equally good (Cochran's Q = {q}, {p}).", **values)


def temperature_finding(model: str, effect: Effect) -> Message:
    """What a temperature says of a model's confidence, and what it does on the images compared."""
    value = effect["temperature"]
    if effect["bounded"]:
        if value > 1:
            return Message(
                "{model}: no temperature fits the validation images, since its predictions carry no information there.",
                model=model,
            )
        return Message(
            "{model}: no temperature fits the validation images, since it is right on all of them.", model=model
        )
    facts = {"model": model, "n": f"{effect['n']:,}", "temperature": f"{value:.2f}"}
    if value > 1.05:
        fit = Message("{model} is overconfident on the {n} validation images: temperature {temperature}.", **facts)
    elif value < 0.95:
        fit = Message("{model} is underconfident on the {n} validation images: temperature {temperature}.", **facts)
    else:
        fit = Message("{model} is well calibrated on the {n} validation images: temperature {temperature}.", **facts)
    change = Message(
        "On the images compared it changes the calibration error from {ece} to {ece_after} and the log loss from "
        "{loss} to {loss_after}.",
        ece=f"{effect['ece']:.3f}",
        ece_after=f"{effect['ece_after']:.3f}",
        loss=f"{effect['log_loss']:.3f}",
        loss_after=f"{effect['log_loss_after']:.3f}",
    )
    if effect["log_loss_after"] <= effect["log_loss"] + _HARM:
        return together([fit, change])
    harm = Message(
        "It makes the confidence worse here: these images are easier or harder than the validation images, as with "
        "near-duplicates of training images in one of the splits."
    )
    return together([fit, change, harm])


# A log loss that rises by less says nothing.
_HARM = 0.005
