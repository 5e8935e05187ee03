"""Error messages on files that cannot be used: one sentence with its name, what is wrong with it, and the remedy."""

from pathlib import Path

from carvis.errors import CarvisError
from carvis.language import Message, message_of
from carvis.workspace.os_errors import os_reason
from carvis.workspace.regular_file import read_regular


class Unusable(ValueError):
    """What is wrong with a file's content; its only argument says it in half a sentence."""


def refusal(path: str | Path, reason: str, remedy: str | None = None) -> Message:
    """Return the sentence.

    Args:
        path: the file.
        reason: what is wrong with it, as ``it is empty``.
        remedy: what the person can do, without a capital or a full stop; by default to mend or remove it.
    """
    remedy = Message("mend or remove it") if remedy is None else remedy
    return Message("{path} cannot be read ({reason}): {remedy}.", path=path, reason=reason, remedy=remedy)


def read_content(
    path: str | Path, max_bytes: int, remedy: str | None = None, error: type[CarvisError] = CarvisError
) -> bytes:
    """Read an ordinary file whole.

    Raises:
        error: it cannot be read, or is larger than ``max_bytes``.
    """
    try:
        return read_regular(path, max_bytes)
    except CarvisError as problem:
        raise error(message_of(problem)) from problem
    except OSError as problem:
        raise error(refusal(path, os_reason(problem), remedy)) from problem


def short(text: str, length: int = 60) -> str:
    """Return a text as it fits into a sentence."""
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= length else text[: length - 3] + "..."
