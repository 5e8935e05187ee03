"""What an ``Attention`` shows, in sentences: the only place where they are written."""

from typing import NamedTuple

import pandas as pd

from carvis.display import percent
from carvis.explain.attention.intervals import FEWEST, Precision
from carvis.explain.attention.outliers import KINDS, Kind
from carvis.explain.attention.part_claim import Claim, Verdict
from carvis.explain.attention.result import Attention
from carvis.language import Message

_MOST_LABELS = 5
_FEWEST_IMAGES = 10


class OutlierFinding(NamedTuple):
    """Classes that rely on a part unlike the others: what they have more of (see ``KINDS``), and the sentence."""

    kind: Kind
    message: Message


def difference(value: float) -> str:
    """Write a difference of probabilities."""
    return "–" if value != value else f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def attention_finding(model: str, attention: Attention) -> Message:
    """Say where most of a model's evidence lies, and which part holds most for its size. Values: model and parts."""
    rows = attention.by_part
    # The lift of a part that few images show says nothing.
    rows = rows[(rows["n"] >= min(_FEWEST_IMAGES, len(attention.table))) & rows["share"].notna()]
    if rows.empty:
        return Message("{model}: no heatmap shows evidence.", model=model)
    part, lift = rows["share"].idxmax(), rows["lift"].dropna()
    share, area = (f"{float(rows[name].to_numpy()[rows.index == part][0]):.0%}" for name in ("share", "area"))
    values = {"model": model, "part": str(part), "share": share, "area": area}
    if lift.empty or lift.idxmax() == part:
        return Message(
            "{model} looks most at the {part}: {share} of its evidence on {area} of the image.",
            **values,
        )
    return Message(
        "{model}: {share} of the evidence is on the {part} ({area} of the image); relative to size, it looks most at "
        "the {favourite} ({lift} times its area).",
        **values,
        favourite=str(lift.idxmax()),
        lift=f"{lift.max():.1f}",
    )


def need_finding(model: str, attention: Attention) -> Message | None:
    """Say which part a model needs most, None where nothing was occluded. Values: model, part, fall."""
    net = attention.by_part["net"].dropna()
    if net.empty:
        return None
    part, falls = net.idxmax(), attention.by_part["fall"]
    fall = difference(float(falls.to_numpy()[falls.index == part][0]))
    return Message(
        "{model} needs the {part} most: occluding it lowers the probability by {fall}.",
        model=model,
        part=str(part),
        fall=fall,
    )


def claim_finding(model: str, claim: Claim) -> Message:
    """Say whether a model relies on a part. Values: model, part, rival and numbers."""
    facts, rival, accuracy = claim.facts, claim.rival_facts, claim.accuracy
    values = {
        "model": model,
        "part": claim.part,
        "rival": claim.rival or "",
        "rival_fall": difference(rival.get("fall", float("nan"))),
        "rival_control": difference(rival.get("control", float("nan"))),
        "share": percent(facts["share"]),
        "area": percent(facts["area"]),
        "lift": "–" if facts["lift"] != facts["lift"] else f"{facts['lift']:.1f}",
        "fall": difference(facts["fall"]),
        "control": difference(facts["control"]),
        "before": percent(accuracy["uncovered"]),
        "after": percent(accuracy["accuracy"]),
        "low": percent(accuracy["low"]),
        "high": percent(accuracy["high"]),
    }
    return _claim_message(claim.verdict, values)


def outlier_findings(model: str, outliers: pd.DataFrame) -> list[OutlierFinding]:
    """Say for which classes a model relies on a part unlike for the others, the gravest first.

    Args:
        model: its name.
        outliers: rows of ``Attention.outliers``; classes with the same part share a sentence.

    Returns:
        Findings, the values of whose messages are model, labels, part and numbers.
    """
    findings = []
    for kind in KINDS:
        for part, rows in outliers[outliers["kind"] == kind].groupby("part", sort=False):
            labels = ", ".join(rows["label"].head(_MOST_LABELS)) + (" …" if len(rows) > _MOST_LABELS else "")
            means = rows[["share", "others share", "fall", "others fall"]].mean()
            values = {
                "model": model,
                "labels": labels,
                "part": str(part),
                "share": percent(means["share"]),
                "others": percent(means["others share"]),
                "fall": difference(means["fall"]),
                "others_fall": difference(means["others fall"]),
            }
            findings.append(OutlierFinding(kind, _outlier_message(kind, values)))
    return findings


def skipped_messages(model: str, attention: Attention) -> list[Message]:
    """Say which heatmaps and images are not in the means. Values: model, status."""
    messages = [
        Message.of_number(
            "{n} heatmap of {model} shows no evidence ({status}): it is ignored in the mean shares.",
            "{n} heatmaps of {model} show no evidence ({status}): they are ignored in the mean shares.",
            n,
            model=model,
            status=status,
        )
        for status, n in attention.without_evidence.items()
    ]
    skipped = attention.skipped
    if n := skipped.get("not annotated", 0):
        messages.append(Message.of_number("{n} image is not annotated.", "{n} images are not annotated.", n))
    if n := skipped.get("unknown class", 0):
        messages.append(
            Message.of_number(
                "{n} image has a label that {model} cannot predict.",
                "{n} images have labels that {model} cannot predict.",
                n,
                model=model,
            )
        )
    if n := skipped.get("unreadable", 0):
        messages.append(Message.of_number("{n} image could not be read.", "{n} images could not be read.", n))
    return messages


def precision_finding(model: str, found: Precision) -> Message:
    """Say how precisely a mean is known, and what a useful interval takes. Values: model, part and numbers."""
    of_share = found.measure == "share"
    values = {"model": model, "part": found.part, "n": found.n, "half": f"{100 * found.half:.0f}"}
    if found.low != found.low:
        return Message("{model}: too few images show the {part} and were measured (n = {n}).", **values)
    write = percent if of_share else difference
    values |= {name: write(getattr(found, name)) for name in ("mean", "low", "high")}
    statement = (
        Message("{model}: {mean} of the evidence is on the {part} (95 % CI {low} – {high}, n = {n})", **values)
        if of_share
        else Message(
            "{model}: occluding the {part} lowers the probability by {mean} more than the same shape elsewhere "
            "(95 % CI {low} – {high}, n = {n})",
            **values,
        )
    )
    values = {"statement": statement, "half": values["half"], "fewest": FEWEST}
    if found.needed is None:
        return Message("{statement}. Below {fewest} images, how many more it takes cannot be told.", **values)
    if not found.needed:
        return Message("{statement}: within ± {half} points.", **values)
    return Message.of_number(
        "{statement}: about {n} more image for ± {half} points.",
        "{statement}: about {n} more images for ± {half} points.",
        found.needed,
        **values,
    )


def _claim_message(verdict: Verdict, values: dict[str, str]) -> Message:
    if verdict == "main":
        return Message(
            "Yes: {model} relies on the {part}: occluding it matters more than any other part. The "
            "probability falls by {fall} (same shape elsewhere: {control}), accuracy from {before} to "
            "{after} (95 % CI {low} – {high}).",
            **values,
        )
    if verdict == "partial":
        return Message(
            "Partly: {model} relies more on the {rival} than on the {part}. Occluding the {part} lowers the "
            "probability by {fall} (same shape elsewhere: {control}) and accuracy from {before} to {after} "
            "(95 % CI {low} – {high}); occluding the {rival} lowers the probability by {rival_fall} "
            "(elsewhere: {rival_control}).",
            **values,
        )
    if verdict == "attention-only":
        return Message(
            "No: {model} looks at the {part} but does not need it: it has {lift} times as much evidence as "
            "its area by chance, but occluding it lowers the probability no more than the same shape "
            "elsewhere ({fall}; elsewhere {control}).",
            **values,
        )
    if verdict == "neither":
        return Message(
            "No: {model} neither looks at the {part} nor needs it: it has no more evidence than its area by "
            "chance ({share} of the evidence, {area} of the image), and occluding it lowers the probability "
            "no more than the same shape elsewhere ({fall}; elsewhere {control}).",
            **values,
        )
    if verdict == "too-few-images":
        return Message(
            "Too few images to tell for {model}: {share} of the evidence is on the {part} ({area} of the "
            "image), and occluding it lowers the probability by {fall} (same shape elsewhere: {control}).",
            **values,
        )
    return Message(
        "{model} has {share} of its evidence on the {part} ({area} of the image), {lift} times as much as by "
        "chance. Only occlusion shows whether the part is needed.",
        **values,
    )


def _outlier_message(kind: Kind, values: dict[str, str]) -> Message:
    if kind == "both":
        return Message(
            "{model} relies on the {part} for {labels}: {share} of the evidence is there (other classes: "
            "{others}), and occluding it lowers the probability by {fall} (other classes: {others_fall}).",
            **values,
        )
    if kind == "need":
        return Message(
            "{model} needs the {part} for {labels}: occluding it lowers the probability by {fall} (other "
            "classes: {others_fall}).",
            **values,
        )
    return Message(
        "{model} looks more at the {part} for {labels}: {share} of the evidence is there (other classes: {others}).",
        **values,
    )
