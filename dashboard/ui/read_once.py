"""Reading a file once for all sessions and reruns, also one that cannot be read."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import streamlit as st

from carvis.errors import CarvisError

P, T = ParamSpec("P"), TypeVar("T")


def read_once(max_entries: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep what a function returns for its arguments, and the sentence that it ends with where it cannot.

    Streamlit's own cache forgets errors, so that a large file that is refused would be read again in every run of the
    page. What is returned is shared between sessions and is not to be changed.

    Args:
        max_entries: how many results are kept.
    """

    def decorate(read: Callable[P, T]) -> Callable[P, T]:
        @st.cache_resource(max_entries=max_entries, show_spinner=False)
        @wraps(read)
        def kept(*args: P.args, **kwargs: P.kwargs) -> tuple[T | None, CarvisError | None]:
            try:
                return read(*args, **kwargs), None
            except CarvisError as error:
                return None, error

        @wraps(read)
        def once(*args: P.args, **kwargs: P.kwargs) -> T:
            found, error = kept(*args, **kwargs)
            if error is not None:
                raise error.with_traceback(None)
            return found

        return once

    return decorate
