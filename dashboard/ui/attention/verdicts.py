"""What the numbers of page Where models look say, in plain sentences."""

import pandas as pd

from carvis.dataset.parts import REST
from carvis.explain.attention import Attention, Claim
from ui.state.i18n import N_, _, n_, of_library
from ui.widgets.text import percent, plain

EMBLEMS = ("emblem", "logo", "badge", "エンブレム", "ロゴ")
AROUND = (REST, "background", "backdrop", "ground", "背景")
CLAIM = {
    "judges by it": N_(
        "Yes for **{model}**: nothing else costs it as much beyond its control. With the {part} covered the "
        "probability falls by {fall} (as much covered elsewhere: {control}), and accuracy from {before} to {after} "
        "({low} – {high})."
    ),
    "uses it among others": N_(
        "Not alone for **{model}**: with the {part} covered the probability falls by {fall} (as much covered "
        "elsewhere: {control}) and accuracy from {before} to {after} ({low} – {high}), but with the **{rival}** "
        "covered the probability falls by {rival_fall} (elsewhere: {rival_control})."
    ),
    "looks but needs it not": N_(
        "No for **{model}**: its map lies on the {part} {lift} times as much as the part's area tells, but covering it "
        "costs no more than covering as much elsewhere (fall {fall}, elsewhere {control})."
    ),
    "neither looks nor needs": N_(
        "No for **{model}**: its map lies on the {part} no more than its area tells ({share} of the map, {area} of the "
        "picture), and covering it costs no more than covering as much elsewhere (fall {fall}, elsewhere {control})."
    ),
    "too few pictures": N_(
        "For **{model}**, {share} of the map lies on the {part} ({area} of the picture), and with it covered the "
        "probability falls by {fall} (as much covered elsewhere: {control}). One picture proves nothing yet."
    ),
    "unknown": N_(
        "**{model}** looks at the {part} {lift} times as much as its area tells ({share} of the map, {area} of the "
        "picture). Whether it needs it, only covering can tell."
    ),
}
_NAMED = 5
STANDS_OUT = {
    "both": N_(
        "For {labels}, {model} rests on the **{part}**: {share} of its attention lies there ({others} for other "
        "classes), and with it covered the probability falls by {fall} ({others_fall} for other classes)."
    ),
    "need": N_(
        "For {labels}, {model} needs the **{part}**: with it covered the probability falls by {fall} "
        "({others_fall} for other classes)."
    ),
    "attention": N_(
        "For {labels}, {model} looks more at the **{part}**: {share} of its attention lies there ({others} for other "
        "classes)."
    ),
}


def number(value: float) -> str:
    """Write a difference of probabilities."""
    return "–" if value != value else f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def share(value: float) -> str:
    """Write a share; a small one keeps a digit, which tells an emblem from nothing."""
    return f"{value:.1%}".replace("%", "\u00a0%") if 0 < value < 0.0995 else percent(value)


def claim_sentence(name: str, found: Claim) -> str:
    """Say what a test set says to the claim that a model judges by one part."""
    facts, accuracy = found.facts, found.accuracy
    return _(CLAIM[found.verdict]).format(
        model=plain(name),
        part=plain(found.part),
        rival=plain(found.rival or ""),
        rival_fall=number(found.rival_facts.get("fall", float("nan"))),
        rival_control=number(found.rival_facts.get("control", float("nan"))),
        share=share(facts["share"]),
        area=share(facts["area"]),
        lift="–" if facts["lift"] != facts["lift"] else f"{facts['lift']:.1f}",
        fall=number(facts["fall"]),
        control=number(facts["control"]),
        before=percent(accuracy["uncovered"]),
        after=percent(accuracy["accuracy"]),
        low=percent(accuracy["low"]),
        high=percent(accuracy["high"]),
    )


def standing_out_sentences(name: str, rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Say for which classes a model uses a part as it does not for the others, the gravest first: (what, sentence).

    Args:
        rows: as ``Attention.unusual`` gives them; classes that stand out by the same part share a sentence.
    """
    said = []
    for what in STANDS_OUT:
        for part, group in rows[rows["what"] == what].groupby("part", sort=False):
            labels = ", ".join(f"**{plain(label)}**" for label in group["label"].head(_NAMED))
            if len(group) > _NAMED:
                labels += " …"
            means = group[["share", "others share", "fall", "others fall"]].mean()
            sentence = _(STANDS_OUT[what]).format(
                model=plain(name),
                labels=labels,
                part=plain(part),
                share=share(means["share"]),
                others=share(means["others share"]),
                fall=number(means["fall"]),
                others_fall=number(means["others fall"]),
            )
            said.append((what, sentence))
    return said


def notes(name: str, result: Attention) -> list[str]:
    """Say what is in no mean."""
    said = [f"{plain(name)}: {plain(of_library(note))}" for note in result.notes]
    if n := sum(result.without_evidence.values()):
        words = n_("{n} map of {model} is no evidence and counts in no share.",
                   "{n} maps of {model} are no evidence and count in no share.", n)  # fmt: skip
        said.append(words.format(n=n, model=plain(name)))
    reasons = {
        "not annotated": lambda n: n_("{n} picture is not annotated.", "{n} pictures are not annotated.", n),
        "unknown class": lambda n: n_(
            "{n} picture is of a class that {model} does not know.",
            "{n} pictures are of classes that {model} does not know.",
            n,
        ),
        "unreadable": lambda n: n_("{n} picture could not be used.", "{n} pictures could not be used.", n),
    }
    for why, n in result.left_out.items():
        said.append(reasons[why](n).format(n=n, model=plain(name)))
    return said


def default_part(parts: tuple[str, ...]) -> str:
    """Return the part that the tutorial's claim is about, else the first that belongs to the car."""
    emblem = next((part for part in parts if any(word in part.casefold() for word in EMBLEMS)), None)
    return emblem or next((part for part in parts if part.casefold() not in AROUND), parts[0])
