"""What verbs that take several models and images share."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from carvis.errors import CarvisError
from carvis.language import Message, _, localised
from carvis.workspace import MODEL_SUFFIXES, children, fitting, staged_folder

if TYPE_CHECKING:
    from carvis.classifier import Classifier
    from carvis.dataset import NamedImage

Item = TypeVar("Item")
Made = TypeVar("Made")
# Writes each of some items, (item, folder), and returns those that were written.
WriteEach = Callable[[Iterable[Any], Callable[[Any, Path], object]], list[Any]]

_UNFIT = r"[^\w.-]+"
# A name of a file is that of an image with that of a model, and more.
_LONGEST = 100


def each(items: Iterable[Item], act: Callable[[Item], Made]) -> list[Made]:
    """Do something with each item; one that fails is skipped with a message, unless all fail.

    Raises:
        CarvisError: none could be done; it says why the last one could not.
    """
    done: list[Made] = []
    failed: CarvisError | None = None
    for item in items:
        if failed:
            print(_("skipped: {failed}").format(failed=localised(failed)), file=sys.stderr)
            failed = None
        try:
            done.append(act(item))
        except CarvisError as error:
            failed = error
    if failed and not done:
        raise failed
    if failed:
        print(_("skipped: {failed}").format(failed=localised(failed)), file=sys.stderr)
    return done


@contextlib.contextmanager
def written_whole(out: Path) -> Iterator[tuple[Path, WriteEach]]:
    """Let the files of many items appear in a folder together, each item's whole; Ctrl-C keeps the finished ones.

    Yields:
        The folder while it is hidden, and a function of items and of what writes one of them into a folder, (item,
        folder), which does so as ``each`` does. Once a person stops it, it returns what was done, and the interrupt
        is raised again after the block.
    """
    stopped: list[KeyboardInterrupt] = []

    def write_each(items: Iterable[Any], write: Callable[[Any, Path], object]) -> list[Any]:
        done: list[Any] = []

        def write_one(item: object) -> None:
            with staged_folder(staged, replace=True) as part:
                write(item, part)
            done.append(item)

        try:
            each(items, write_one)
        except KeyboardInterrupt as interrupt:
            stopped.append(interrupt)
        return done

    with staged_folder(out, replace=True) as staged:
        yield staged, write_each
    if stopped:
        raise stopped[0]


def models_first(inputs: list[str], what: str) -> tuple[list[str], list[str]]:
    """Tell model files from what comes after them on a command line.

    Args:
        what: what comes after them, for the sentence that asks for it.

    Raises:
        CarvisError: there is no model, or nothing after it.
    """
    models, others = [], []
    for text in inputs:
        model_paths = models_of(text)
        models += model_paths
        others += [] if model_paths else [text]
    models = list(dict.fromkeys(models))
    if not models:
        raise CarvisError(Message("No model given: name at least one .keras or .h5 file before the images."))
    if not others:
        raise CarvisError(Message("No image given: name {what} after the models.", what=what))
    return models, others


def images_named(text: str) -> list[NamedImage]:
    """Return the images that a path, a folder or a pattern means, and print what there is beside them."""
    from carvis.dataset import find_images

    images, notes = find_images(text)
    for note in notes:
        print(localised(note), file=sys.stderr)
    return images


def models_of(text: str) -> list[str]:
    """Return the model files that a path, a pattern or a folder of models means, as named; none where it means others.

    Raises:
        CarvisError: nothing fits a pattern that can only mean models.
    """
    from carvis.dataset.image_paths import expand, is_pattern
    from carvis.images import IMAGE_SUFFIXES

    if text.lower().endswith(MODEL_SUFFIXES):
        matches = [str(path) for path in expand(text)]
        if not matches and is_pattern(text):
            raise CarvisError(Message("Nothing matches {pattern}: check the folder and the pattern.", pattern=text))
        return matches or [text]
    places = expand(text)
    if not is_pattern(text) and len(places) == 1 and places[0].is_dir():
        entries = children(places[0])
        models = [path for path in entries if path.is_file() and path.name.lower().endswith(MODEL_SUFFIXES)]
        images = any(path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES for path in entries)
        return [] if images else [str(path) for path in models]
    models = [path for path in places if path.name.lower().endswith(MODEL_SUFFIXES)]
    # A model's card lies beside it.
    cards = sum(path.suffix.lower() == ".json" for path in places)
    return [str(path) for path in models] if len(models) + cards == len(places) else []


def one_model(text: str) -> str:
    """Return the one model file that a path or pattern means.

    Raises:
        CarvisError: several, or nothing fits the pattern.
    """
    from carvis.dataset.image_paths import is_pattern

    matches = models_of(text) if is_pattern(text) or not os.path.exists(text) else [text]
    if len(matches) > 1:
        raise CarvisError(
            Message(
                "{pattern} matches {n} models, {first} among them: name one.",
                pattern=text,
                n=len(matches),
                first=matches[0],
            )
        )
    return matches[0] if matches else text


def by_name(models: Iterable[Classifier]) -> dict[str, Classifier]:
    """Return the models by name, those of equal names numbered."""
    named: dict[str, Classifier] = {}
    for clf in models:
        name, number = fitting(clf.name, _LONGEST), 2
        while name in named:
            name, number = f"{fitting(clf.name, _LONGEST)}-{number}", number + 1
        named[name] = clf
    return named


def file_name(text: str) -> str:
    """Make a name that any file system takes."""
    return fitting(re.sub(_UNFIT, "_", text), _LONGEST)
