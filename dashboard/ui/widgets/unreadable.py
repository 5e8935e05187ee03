"""The items of a page that cannot be read, collected while it is drawn and named once in a closed list."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.state import data
from ui.state.i18n import _, n_
from ui.widgets import error_message
from ui.widgets.text import plain

_NAMED = "_unreadable_on_page"
_MOST_LISTED = 50
KINDS = ("data set", "model", "card", "evaluation", "run", "log", "tags", "result")
A, B = TypeVar("A"), TypeVar("B")


@dataclass
class _List:
    """What a page, or a part of it that is drawn by itself, could not read: sentences by kind and name."""

    slot: DeltaGenerator | None = None
    items: dict[tuple[str, str], error_message.Told] = field(default_factory=dict)


_current: ContextVar[_List | None] = ContextVar("unreadable", default=None)


@contextlib.contextmanager
def listed(*, of_part: bool = False) -> Iterator[None]:
    """Collect what cannot be read within, and name it where ``stands_here`` said, else below.

    Args:
        of_part: this is a part of a page that is drawn by itself; what the page names already it does not name again.
    """
    outer, mine = _current.get(), _List()
    token = _current.set(mine)
    if of_part:
        stands_here()
    try:
        yield
        if of_part:
            named = set(outer.items) if outer else st.session_state.get(_NAMED, set())
            mine.items = {key: words for key, words in mine.items.items() if key not in named}
        _draw(mine, of_part)
    finally:
        _current.reset(token)


def draw() -> None:
    """Draw the list of the page now: after ``st.stop`` nothing can be drawn."""
    if (mine := _current.get()) is not None:
        _draw(mine, of_part=False)


def _draw(mine: _List, of_part: bool) -> None:
    if not of_part:
        st.session_state[_NAMED] = set(mine.items)
    if mine.items:
        with mine.slot or st.container():
            _show(mine.items, "unreadable_in_part" if of_part else "unreadable")


def stands_here() -> None:
    """Let the list stand at this place of the page."""
    if (mine := _current.get()) is not None:
        mine.slot = st.container()


def add(kind: str, name: str, problem: Exception) -> error_message.Told:
    """Collect one item that cannot be read.

    Args:
        kind: one of ``KINDS``.
        name: by which a person knows it.
    """
    mine = _current.get()
    known = mine.items.get((kind, name)) if mine else None
    words = known or error_message.of(problem, of_item=True)
    if mine is not None:
        mine.items[kind, name] = words
    return words


@contextlib.contextmanager
def item(kind: str, name: str) -> Iterator[None]:
    """Read one item of several; where that fails it is collected, and the others go on."""
    try:
        yield
    except Exception as problem:
        add(kind, name, problem)


def each(kind: str, items: Mapping[str, A], read: Callable[[A], B]) -> dict[str, B]:
    """Read each item by itself and return those that can be read, in their order; the others are collected."""
    good = {}
    for name, one in items.items():
        with item(kind, name):
            good[name] = read(one)
    return good


def why(kind: str, name: str) -> str:
    """Return why an item cannot be read, empty where nothing is known against it."""
    mine = _current.get()
    words = mine.items.get((kind, name)) if mine else None
    return words.sentence if words else ""


def _counted(kind: str, n: int) -> str:
    words = {
        "data set": n_("{n} data set", "{n} data sets", n),
        "model": n_("{n} model", "{n} models", n),
        "card": n_("{n} model card", "{n} model cards", n),
        "evaluation": n_("{n} evaluation", "{n} evaluations", n),
        "run": n_("{n} training run", "{n} training runs", n),
        "log": n_("{n} training log", "{n} training logs", n),
        "tags": n_("{n} file of tags", "{n} files of tags", n),
        "result": n_("{n} kept result", "{n} kept results", n),
    }
    return words[kind].format(n=f"{n:,}")


def _show(items: dict[tuple[str, str], error_message.Told], key: str) -> None:
    of_kind = {kind: {name: words for (one, name), words in items.items() if one == kind} for kind in KINDS}
    counts = {kind: _counted(kind, len(bad)) for kind, bad in of_kind.items() if bad}
    # Between the kinds, as in "1 run, 2 models".
    label = _("{what} cannot be read").format(what=_(", ").join(counts.values()))
    # The name and the sidebar say where it lies.
    root = f"{data.workspace().root}{os.sep}"
    with st.expander(label, icon=":material/warning:", type="compact", key=key):
        for kind, count in counts.items():
            if len(counts) > 1:
                st.caption(count)
            listed = list(of_kind[kind].items())
            st.markdown("\n".join(_line(name, words.sentence, root) for name, words in listed[:_MOST_LISTED]))
            if (rest := len(listed) - _MOST_LISTED) > 0:
                st.caption(n_("and {n} more", "and {n} more", rest).format(n=f"{rest:,}"))


def _line(name: str, sentence: str, root: str) -> str:
    sentence = sentence.replace(root, "")
    if not sentence.startswith(name):
        return f"- **{plain(name)}**  \n  {plain(sentence)}"
    # What the sentence begins with is not said twice.
    rest = sentence.removeprefix(name)
    return f"- **{plain(name)}**{' ' * rest.startswith(' ')}{plain(rest)}"
