"""The closed list in which a page names, once, what it could not read."""

import contextlib
import os
from collections.abc import Iterator

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.state import problems, workspace
from ui.state.i18n import _, n_
from ui.state.unreadable import KINDS, Unreadable, on_page
from ui.widgets.text import plain

_NAMED = "_unreadable_on_page"
_MOST_LISTED = 50


@contextlib.contextmanager
def listed(*, of_part: bool = False) -> Iterator[None]:
    """Collect what cannot be read in the block, and list it at ``stands_here``, else below.

    Args:
        of_part: this is a part of a page that is drawn by itself; what the page names already it does not name again.
    """
    outer, collected = on_page.get(), Unreadable()
    token = on_page.set(collected)
    if of_part:
        stands_here()
    try:
        yield
        if of_part:
            named = set(outer.items) if outer else st.session_state.get(_NAMED, set())
            collected.items = {key: problem for key, problem in collected.items.items() if key not in named}
        _draw(collected, of_part)
    finally:
        on_page.reset(token)


def draw() -> None:
    """Draw the list of the page now: after ``st.stop`` nothing can be drawn."""
    if (collected := on_page.get()) is not None:
        _draw(collected, of_part=False)


def _draw(collected: Unreadable, of_part: bool) -> None:
    if not of_part:
        st.session_state[_NAMED] = set(collected.items)
    if collected.items:
        with place():
            _show(collected.items, "unreadable_in_part" if of_part else "unreadable")


def stands_here() -> None:
    """Place the list here on the page."""
    if (collected := on_page.get()) is not None:
        collected.slot = st.container()


def place() -> DeltaGenerator:
    """Return the place below the heading, for what concerns the whole page; where there is none, the present one."""
    collected = on_page.get()
    return (collected.slot if collected else None) or st.container()


def _counted(kind: str, n: int) -> str:
    counts = {
        "data set": n_("{n} data set", "{n} data sets", n),
        "model": n_("{n} model", "{n} models", n),
        "card": n_("{n} model card", "{n} model cards", n),
        "evaluation": n_("{n} evaluation", "{n} evaluations", n),
        "run": n_("{n} training run", "{n} training runs", n),
        "log": n_("{n} training log", "{n} training logs", n),
        "tags": n_("{n} tag file", "{n} tag files", n),
        "names": n_("{n} file of concept names", "{n} files of concept names", n),
        "result": n_("{n} cached result", "{n} cached results", n),
    }
    return counts[kind].format(n=f"{n:,}")


def _show(items: dict[tuple[str, str], problems.Problem], key: str) -> None:
    by_kind: dict[str, list[tuple[str, str]]] = {kind: [] for kind in KINDS}
    for (kind, name), problem in items.items():
        by_kind[kind].append((name, problem.sentence))
    counts = {kind: _counted(kind, len(entries)) for kind, entries in by_kind.items() if entries}
    # Between the kinds, as in "1 run, 2 models".
    label = _("{what} cannot be read").format(what=_(", ").join(counts.values()))
    # The name and the sidebar give the folder.
    root = f"{workspace.get().root}{os.sep}"
    with st.expander(label, icon=":material/warning:", type="compact", key=key):
        for kind, count in counts.items():
            if len(counts) > 1:
                st.caption(count)
            entries = by_kind[kind]
            st.markdown("\n".join(_line(name, sentence, root) for name, sentence in entries[:_MOST_LISTED]))
            if (n := len(entries) - _MOST_LISTED) > 0:
                st.caption(n_("and {n} more", "and {n} more", n).format(n=f"{n:,}"))


def _line(name: str, sentence: str, root: str) -> str:
    sentence = sentence.replace(root, "")
    if not sentence.startswith(name):
        return f"- **{plain(name)}**  \n  {plain(sentence)}"
    # A name that begins the sentence is not repeated.
    remainder = sentence.removeprefix(name)
    return f"- **{plain(name)}**{' ' * remainder.startswith(' ')}{plain(remainder)}"
