"""Reading a file once for all sessions and reruns, also one that cannot be read."""

import errno
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

import streamlit as st

from carvis.classifier.runtime_errors import is_memory
from carvis.errors import CarvisError

P = ParamSpec("P")
T = TypeVar("T")
# Reasons of the operating system that lie in the computer rather than in the file.
_OF_THE_MOMENT = {
    getattr(errno, name, None)
    for name in ("EACCES", "EPERM", "EIO", "EMFILE", "ENFILE", "ENOSPC", "EDQUOT", "EROFS", "ENOMEM", "EAGAIN", "EBUSY",
                 "ESTALE", "ETIMEDOUT")
} - {None}  # fmt: skip


def is_permanent(problem: BaseException) -> bool:
    """Tell whether an error holds as long as the file stays as it is, so that it may be kept for all sessions.

    Memory, the disk and rights differ from one moment to the next, and what is no ``CarvisError`` nobody foresaw.
    """
    error: BaseException | None = problem
    while error is not None:
        if is_memory(error) or (isinstance(error, OSError) and error.errno in _OF_THE_MOMENT):
            return False
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return isinstance(problem, CarvisError)


def read_once(max_entries: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep what a function returns for its arguments, and the sentence that it ends with where it cannot.

    Streamlit's own cache forgets errors, so that a large file that is refused would be read again in every run of the
    page; only errors that do not hold are met anew. What is returned is shared between sessions and is not to be
    changed.

    Args:
        max_entries: how many results are kept.
    """

    def decorate(read: Callable[P, T]) -> Callable[P, T]:
        @st.cache_resource(max_entries=max_entries, show_spinner=False)
        @wraps(read)
        def cached(*args: P.args, **kwargs: P.kwargs) -> tuple[T | None, CarvisError | None]:
            try:
                return read(*args, **kwargs), None
            except CarvisError as error:
                if not is_permanent(error):
                    raise
                return None, error

        @wraps(read)
        def result_or_error(*args: P.args, **kwargs: P.kwargs) -> T:
            result, error = cached(*args, **kwargs)
            if error is not None:
                raise error.with_traceback(None)
            return cast(T, result)

        return result_or_error

    return decorate
