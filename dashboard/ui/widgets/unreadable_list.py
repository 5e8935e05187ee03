"""The closed list in which a page names, once, what it could not read."""

import contextlib
import os
from collections.abc import Iterator

import streamlit as st

from ui.state import problems, workspace
from ui.state.i18n import _, n_
from ui.state.unreadable import KINDS, Unreadable, on_page
from ui.widgets.text import plain

_NAMED = "_unreadable_on_page"
_MOST_LISTED = 50


@contextlib.contextmanager
def listed(*, of_part: bool = False) -> Iterator[None]:
    """Collect what cannot be read within, and name it where ``stands_here`` said, else below.

    Args:
        of_part: this is a part of a page that is drawn by itself; what the page names already it does not name again.
    """
    outer, mine = on_page.get(), Unreadable()
    token = on_page.set(mine)
    if of_part:
        stands_here()
    try:
        yield
        if of_part:
            named = set(outer.items) if outer else st.session_state.get(_NAMED, set())
            mine.items = {key: words for key, words in mine.items.items() if key not in named}
        _draw(mine, of_part)
    finally:
        on_page.reset(token)


def draw() -> None:
    """Draw the list of the page now: after ``st.stop`` nothing can be drawn."""
    if (mine := on_page.get()) is not None:
        _draw(mine, of_part=False)


def _draw(mine: Unreadable, of_part: bool) -> None:
    if not of_part:
        st.session_state[_NAMED] = set(mine.items)
    if mine.items:
        with mine.slot or st.container():
            _show(mine.items, "unreadable_in_part" if of_part else "unreadable")


def stands_here() -> None:
    """Let the list stand at this place of the page."""
    if (mine := on_page.get()) is not None:
        mine.slot = st.container()


def _counted(kind: str, n: int) -> str:
    words = {
        "data set": n_("{n} data set", "{n} data sets", n),
        "model": n_("{n} model", "{n} models", n),
        "card": n_("{n} model card", "{n} model cards", n),
        "evaluation": n_("{n} evaluation", "{n} evaluations", n),
        "run": n_("{n} training run", "{n} training runs", n),
        "log": n_("{n} training log", "{n} training logs", n),
        "tags": n_("{n} tag file", "{n} tag files", n),
        "result": n_("{n} cached result", "{n} cached results", n),
    }
    return words[kind].format(n=f"{n:,}")


def _show(items: dict[tuple[str, str], problems.Problem], key: str) -> None:
    of_kind = {kind: {name: words for (one, name), words in items.items() if one == kind} for kind in KINDS}
    counts = {kind: _counted(kind, len(bad)) for kind, bad in of_kind.items() if bad}
    # Between the kinds, as in "1 run, 2 models".
    label = _("{what} cannot be read").format(what=_(", ").join(counts.values()))
    # The name and the sidebar say where it lies.
    root = f"{workspace.get().root}{os.sep}"
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
