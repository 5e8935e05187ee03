"""What a comparison found, in the reader's language."""

from collections.abc import Mapping, Sequence

from carvis.evaluation.comparison import Verdict
from carvis.evaluation.comparison.verdicts import LEVEL, p_words
from ui.state.i18n import N_, _, n_
from ui.widgets.text import plain

LEFT_OUT = {
    "missing": N_("{n} pictures are not in all evaluations."),
    "changed": N_("{n} pictures were changed between the evaluations."),
    "relabelled": N_("{n} pictures have another label in another evaluation."),
    "copies": N_("{n} pictures with a copy in training are left out."),
}


def pattern(bits: str, names: Sequence[str]) -> str:
    """Say which of the models are right."""
    right = [name for name, bit in zip(names, bits, strict=True) if bit == "1"]
    wrong = [name for name, bit in zip(names, bits, strict=True) if bit == "0"]
    if not wrong:
        return _("All are right")
    if not right:
        return _("None is right")
    if len(right) == 1:
        return _("Only {model} is right").format(model=right[0])
    if len(wrong) == 1:
        return _("Only {model} is wrong").format(model=wrong[0])
    return _("Only {models} are right").format(models=", ".join(right))


def left_out(reasons: Mapping[str, int]) -> list[str]:
    """Describe how many images are ignored, by reason."""
    return [_(LEFT_OUT[reason]).format(n=f"{n:,}") for reason, n in reasons.items()]


def verdict(found: Verdict) -> tuple[str, str]:
    """Return an icon and a sentence, in Markdown."""
    better, worse = f"**{plain(found.better)}**", f"**{plain(found.worse)}**"
    if found.kind == "same":
        words = _("{one} and {other} are right on exactly the same pictures.").format(one=better, other=worse)
        return ":material/equal:", words
    counts = n_(
        "{n} picture only it gets right, {m} only the other",
        "{n} pictures only it gets right, {m} only the other",
        found.only_better,
    ).format(n=f"{found.only_better:,}", m=f"{found.only_worse:,}")
    values = {"better": better, "worse": worse, "counts": counts, "p": p_words(found.p)}
    if found.kind == "even":
        words = n_(
            "{better} and {worse} are equally often right: {n} picture each gets right alone.",
            "{better} and {worse} are equally often right: {n} pictures each gets right alone.",
            found.only_better,
        )
        return ":material/equal:", words.format(n=f"{found.only_better:,}", **values)
    if found.kind == "better":
        words = _("{better} is better than {worse}: {counts}; {p}, so chance alone hardly explains it.")
        return ":green[:material/check_circle:]", words.format(**values)
    words = _("{better} looks better than {worse}, but the gap could be chance: {counts}; {p}.").format(**values)
    if found.needed:
        more = _("If it is really as large as it looks, about {n} pictures would show it.")
        words += " " + more.format(n=f"{found.needed:,}")
    return ":orange[:material/help:]", words


def cochran(q: float, p: float) -> str:
    """Describe the result of Cochran's Q test."""
    words = (
        _("All models together: at least one differs from the others (Cochran's Q = {q}, {p}).")
        if p < LEVEL
        else _("All models together: they could all be equally good (Cochran's Q = {q}, {p}).")
    )
    return words.format(q=f"{q:.1f}", p=p_words(p))


def temperature(name: str, effect: Mapping) -> str:
    """Say what a temperature does for a model."""
    value = effect["temperature"]
    if effect["bounded"]:
        words = _("**{model}**: the validation pictures name no temperature, since the model is always right on them.")
        if value > 1:
            words = _("**{model}**: the validation pictures name no temperature, since its answers tell nothing there.")
        return words.format(model=plain(name))
    words = _("**{model}** was about right on the {n} validation pictures: temperature {t}.")
    if value > 1.05:
        words = _("**{model}** was too sure on the {n} validation pictures: temperature {t}.")
    elif value < 0.95:
        words = _("**{model}** was not sure enough on the {n} validation pictures: temperature {t}.")
    words += " " + _(
        "On these pictures it takes the calibration error from {before} to {after}, and the log loss from {loss} to "
        "{loss_after}."
    )
    text = words.format(
        model=plain(name),
        n=f"{effect['n']:,}",
        t=f"{value:.2f}",
        before=f"{effect['ece']:.3f}",
        after=f"{effect['ece_after']:.3f}",
        loss=f"{effect['log_loss']:.3f}",
        loss_after=f"{effect['log_loss_after']:.3f}",
    )
    if effect["log_loss_after"] > effect["log_loss"] + 0.005:
        text += " " + _(
            "It does harm here, so these pictures are unlike the validation pictures: easier or harder, as where "
            "copies of training pictures lie in one of the splits."
        )
    return text
