"""The frame of a page: its heading, its help, its empty states, its errors."""

import contextlib
from collections.abc import Callable, Iterator
from functools import wraps
from typing import NoReturn, ParamSpec

import streamlit as st

from ui.state import problems, widget_values
from ui.state.i18n import _, of_library
from ui.widgets import commands, error_message, unreadable_list
from ui.widgets.text import plain

P = ParamSpec("P")


def heading(title: str, question: str, how_to_read: str) -> None:
    """Begin a page: its name, the question it answers, and help for beginners."""
    with st.container(gap="xsmall"):
        st.title(title, anchor=False)
        st.markdown(question)
        with st.expander(_("How to read this"), type="compact"):
            st.markdown(how_to_read)
        unreadable_list.stands_here()


def empty(title: str, what_to_do: str, *commands: str) -> None:
    """Say that there is nothing to show yet, and what to do about it."""
    st.info(what_to_do, title=title, icon=":material/explore:")
    if commands:
        st.code("\n".join(commands), language="bash", wrap_lines=True)


def no_models(dataset: str) -> None:
    """Say that there are no models yet, and how to get one."""
    empty(
        _("No models yet"),
        _("Copy `.keras` or `.h5` files into `models/`, or train one:"),
        commands.carvis("train own", commands.dataset_path(dataset)),
    )


def error(sentence: object) -> None:
    """Show one sentence about something that went wrong."""
    st.error(plain(of_library(sentence)), icon=":material/error:")


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Show a sentence in place of any error, and let the page go on; what no file explains is logged with a number.

    Streamlit's own signals for a rerun and a stop are no errors and pass.
    """
    try:
        yield
    except Exception as problem:
        error_message.show(problem)


def stop() -> NoReturn:
    """End the page here, as ``st.stop`` does, with the list of what it could not read."""
    unreadable_list.draw()
    st.stop()


def tell() -> None:
    """Show what went wrong in callbacks since the last drawing."""
    for problem in widget_values.failures():
        described = problems.described(problem)
        error_message.show(described)
        # Who clicked far down the page sees this one.
        st.toast(plain(described.sentence), icon=":material/error:", duration="long")


def part(draw: Callable[P, None]) -> Callable[P, None]:
    """Return the content of a fragment or a window, which is drawn by itself: it shows its own errors, as a page does.

    Args:
        draw: the function that draws it.
    """

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
        with guarded(), unreadable_list.listed(of_part=True):
            tell()
            with guarded():
                draw(*args, **kwargs)

    return drawn
