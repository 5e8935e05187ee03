"""The frame of a page: its heading, its help, its empty states, its errors."""

import contextlib
import os
from collections.abc import Iterator

import streamlit as st

from carvis.errors import CarvisError
from ui import commands
from ui.i18n import _, of_library
from ui.texts import plain


def heading(title: str, answers: str, how_to_read: str) -> None:
    """Begin a page: its name, one sentence on what it answers, and help for beginners."""
    with st.container(gap="xsmall"):
        st.title(title, anchor=False)
        st.markdown(answers)
        with st.expander(_("How to read this"), type="compact"):
            st.markdown(how_to_read)


def empty(title: str, what_to_do: str, *commands: str) -> None:
    """Say that there is nothing to show yet, and what to do about it."""
    st.info(what_to_do, title=title, icon=":material/explore:")
    if commands:
        st.code("\n".join(commands), language="bash", wrap_lines=True)


def no_models(dataset: str) -> None:
    """Say that there are no models yet, and how to come by one."""
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
    """Show the sentence of an error that a file caused, and let the page go on."""
    try:
        yield
    except CarvisError as problem:
        error(problem)
    except OSError as problem:
        # What is written goes through a temporary file: the folder is what a person knows.
        place = os.path.dirname(os.path.abspath(problem.filename)) if problem.filename else _("A file")
        reason = problem.strerror or str(problem)
        words = _("{place} cannot be used ({reason}): is there room on the disk, and may it be written?")
        error(words.format(place=place, reason=reason))
