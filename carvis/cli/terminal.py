"""Writing to a terminal: names from files cannot steer it, hide lines or forge them."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

# Controls except tab and the ends of lines, and the marks that turn the direction of what is read.
_STEERING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""Return a text in which what would steer a terminal is written out.

    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return _STEERING.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"


class _Steady:
    """A stream that writes what would steer a terminal out; rich, which draws bars, gets the stream behind it."""

    def __init__(self, stream: TextIO):
        self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        self.rich_proxied_file.write(printable(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


@contextlib.contextmanager
def steady_output() -> Iterator[None]:
    """Let nothing that is printed steer the terminal."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (stream and _Steady(stream) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def new_console(file_width: int = 0) -> Console:
    """Return where tables and sentences are printed: brackets in names are no markup, and names cannot steer it.

    Args:
        file_width: its least width in letters where the output is no terminal.
    """
    from rich.console import Console
    from rich.table import Table

    class Steady(Console):
        def print(self, *objects: Any, **options: Any) -> None:
            for table in objects:
                if isinstance(table, Table):
                    for column in table.columns:
                        column._cells = [_steady(cell) for cell in column._cells]
                    table.title = _steady(table.title)
            super().print(*map(_steady, objects), **options)

    console = Steady(markup=False, highlight=False, emoji=False)
    console.width = console.width if sys.stdout.isatty() else max(console.width, file_width)
    return console


def _steady(shown: Any) -> Any:
    return printable(shown) if isinstance(shown, str) else shown
