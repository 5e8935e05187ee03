"""What verbs share that take several models and pictures."""

import re
import sys
from collections.abc import Callable, Iterable

from carvis.errors import CarvisError
from carvis.workspace import MODEL_SUFFIXES

_UNFIT = r"[^\w.-]+"


def each(items: Iterable, act: Callable) -> list:
    """Do something with each item; one that cannot be done is told and left out, unless none can.

    Raises:
        CarvisError: none could be done; it says why the last one could not.
    """
    done, failed = [], None
    for item in items:
        if failed:
            print(f"skipped: {failed}", file=sys.stderr)
            failed = None
        try:
            done.append(act(item))
        except CarvisError as error:
            failed = error
    if failed and not done:
        raise failed
    if failed:
        print(f"skipped: {failed}", file=sys.stderr)
    return done


def models_first(inputs: list[str], what: str) -> tuple[list[str], list[str]]:
    """Tell model files from what comes after them on a command line.

    Args:
        what: what comes after them, for the sentence that asks for it.

    Raises:
        CarvisError: there is no model, or nothing after it.
    """
    models = [text for text in inputs if text.lower().endswith(MODEL_SUFFIXES)]
    if not models:
        raise CarvisError("No model was named: give at least one .keras or .h5 file before the pictures.")
    others = [text for text in inputs if text not in models]
    if not others:
        raise CarvisError(f"No picture was named: give {what} after the models.")
    return models, others


def by_name(models: Iterable) -> dict[str, object]:
    """Return the models by name, those of equal names numbered."""
    named: dict[str, object] = {}
    for clf in models:
        name, number = clf.name, 2
        while name in named:
            name, number = f"{clf.name}-{number}", number + 1
        named[name] = clf
    return named


def file_name(text: str) -> str:
    """Make a name that any file system takes."""
    return re.sub(_UNFIT, "_", text)
