"""Texts and figures of speech that several pages share."""

import re

from carvis.evaluation import Leak
from carvis.language import Message
from ui.state.i18n import N_, _, of_library

# Why a map is blank, and what to do, by ``Heatmap.status``.
STATUS = {
    "ok": N_("The map shows evidence for the class."),
    "non-finite": N_("The model gave values that are no numbers. Check its weights and its preprocessing."),
    "saturated": N_("The probability is so close to 0 or 1 that it no longer moves. Explain the logit instead."),
    "zero-gradient": N_("The answer does not depend on this layer here. Choose another layer or class."),
    "all-negative": N_("Everything this layer sees speaks against the class. Explain the predicted class instead."),
    "constant": N_("The map is the same everywhere, so it points nowhere. Choose a layer with a larger map."),
}
SPLIT = {"train": N_("Training"), "valid": N_("Validation"), "test": N_("Test")}
ROW_STATUS = {
    "missing": N_("The picture is missing"),
    "outside": N_("The picture lies outside the data sets"),
    "ambiguous": N_("Several pictures fit this row"),
}

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|$:~^=&])")


def plain(text: object) -> str:
    """Escape a name from a file or a folder, so that Markdown shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))


def percent(value: float | None) -> str:
    """Write a probability in percent; one that rounding would call certain keeps a digit."""
    if value is None or value != value:
        return "–"
    shown = f"{value:.0%}"
    if shown == "100%" and value < 1:
        shown = f"{int(value * 1000) / 10:.1f}%"
    return shown.replace("%", "\u00a0%")


def marked_up(message: Message, *strong: str) -> str:
    """Return a sentence of the library as Markdown, with the values of some names bold.

    Args:
        message: the sentence.
        strong: names of its values.
    """

    def mark_up(name: str, value: object) -> str:
        return f"**{plain(of_library(value))}**" if name in strong else plain(of_library(value))

    return of_library(message.with_values(mark_up))


def leak_words(leak: Leak | None) -> str:
    """Say how accurate a model is without test pictures that are also in training."""
    if leak is None:
        return "–"
    if not leak.measurable:
        return _("not measurable: make a leak-free split")
    low, high = leak.interval
    return f"{percent(leak.accuracy)} ({percent(low)} – {percent(high)})"


def mark(right: bool | None) -> str:
    """Return the mark of a right or wrong answer, told apart by shape and colour; nothing for an unknown truth."""
    return {True: ":green[:material/check_circle:]", False: ":red[:material/cancel:]", None: ""}[right]


def verdict(right: bool | None) -> str:
    """Return the same in words, for those who hear the page."""
    return {True: _("right"), False: _("wrong"), None: _("truth not known")}[right]
