"""Texts and number formats that several pages share."""

import re
from pathlib import Path

from carvis.language import Message
from ui.state.i18n import N_, _, of_library

SPLIT = {"train": N_("Training"), "valid": N_("Validation"), "test": N_("Test")}
ROW_STATUS = {
    "missing": N_("Image missing"),
    "outside": N_("Image outside the data sets"),
    "ambiguous": N_("Several images match this row"),
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

    def mark_up(name: str, value: object) -> object:
        # Numbers hold no Markdown, and the sentence may format them.
        if not isinstance(value, str | Path):
            return value
        return f"**{plain(of_library(value))}**" if name in strong else plain(of_library(value))

    return of_library(message.with_values(mark_up))


def sentence_case(text: str) -> str:
    """Return a text that begins a line with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def mark(right: bool | None) -> str:
    """Return the mark of a correct or wrong prediction, by shape and colour; empty where the label is unknown."""
    return {True: ":green[:material/check_circle:]", False: ":red[:material/cancel:]", None: ""}[right]


def verdict(right: bool | None) -> str:
    """Return ``mark`` in words, for screen readers."""
    return {True: _("correct"), False: _("wrong"), None: _("label unknown")}[right]


def duration(seconds: float) -> str:
    """Write a time in the two largest units that matter."""
    if seconds < 90:
        return _("{n} s").format(n=max(1, round(seconds)))
    minutes = round(seconds / 60)
    if minutes < 120:
        return _("{n} min").format(n=minutes)
    return _("{h} h {m} min").format(h=minutes // 60, m=minutes % 60)
