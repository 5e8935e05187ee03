"""The words of ``argparse`` itself in the reader's language."""

import argparse
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from carvis.language import N_, _

_ARGPARSE_TEXTS = (
    N_("usage: "),
    N_("positional arguments"),
    N_("options"),
    N_("show this help message and exit"),
    N_("show program's version number and exit"),
    N_("%(prog)s: error: %(message)s\n"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("the following arguments are required: %s"),
    N_("unrecognized arguments: %s"),
    N_("not allowed with argument %s"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
    N_("ignored explicit argument %r"),
    N_("expected one argument"),
    N_("expected at most one argument"),
    N_("expected at least one argument"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("invalid %(type)s value: %(value)r"),
)
_NUMBERS = {"expected %s argument": N_("expected %s arguments")}


class HelpInCells(argparse.HelpFormatter):
    """Help whose lines count Chinese characters and kana, which stand without spaces, as two cells each."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        text = " ".join(text.split())
        return super()._split_lines(text, width) if text.isascii() else _broken(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        text = " ".join(text.split())
        if text.isascii():
            return super()._fill_text(text, width, indent)
        return "\n".join(indent + line for line in _broken(text, width - len(indent)))


def _broken(text: str, width: int) -> list[str]:
    """Break a text at spaces, and between letters that are two cells wide; a full stop never begins a line."""
    lines, cells = [""], 0
    for piece in re.findall(r"[!-~]+[ ]?|.", text):
        wide = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in piece)
        if cells + wide > width and lines[-1] and piece not in "、。）」 ":
            lines[-1] = lines[-1].rstrip()
            lines.append("")
            cells = 0
        lines[-1] += piece
        cells += wide
    return lines


@contextmanager
def argparse_speaking() -> Iterator[None]:
    """Let argparse explain itself in the language that is spoken, within the block.

    It has gettext's functions in its module under these names, and would look for a catalogue of the system's.
    """
    # Type checkers do not know these names.
    module: Any = argparse
    before = module._, module.ngettext
    module._ = _
    module.ngettext = lambda singular, plural, n: _(_NUMBERS.get(singular) or plural) if n != 1 else _(singular)
    try:
        yield
    finally:
        module._, module.ngettext = before
