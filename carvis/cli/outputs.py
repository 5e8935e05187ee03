"""The files a verb writes: whether they may be overwritten is decided here for every verb."""

import argparse
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from carvis.errors import CarvisError
from carvis.language import Message, _
from carvis.workspace import resolved


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Add ``--overwrite``."""
    parser.add_argument("--overwrite", action="store_true", help=_("replace files that already exist"))


def check_outputs(
    paths: Iterable[Path], overwrite: bool | None, *, sources: Iterable[str | Path] = (), option: str = "--out"
) -> None:
    """Refuse to overwrite files before any work is done.

    Args:
        paths: the files to write.
        overwrite: whether existing ones may be replaced; None where the verb has no ``--overwrite``.
        sources: files that are read: they are never overwritten.
        option: the option that names the output, for the error message.

    Raises:
        CarvisError: a file exists and may not be overwritten, or two results would be written to the same file.
    """
    paths = list(paths)
    if duplicates := [path for path, count in Counter(paths).items() if count > 1]:
        raise CarvisError(
            Message("Two results would be written to {path}: rename one of the images or models.", path=duplicates[0])
        )
    read = {resolved(source) for source in sources}
    for path in paths:
        if not path.exists():
            continue
        if resolved(path) in read:
            raise CarvisError(Message("{path} is an input file: choose another {option}.", path=path, option=option))
        if overwrite is None:
            raise CarvisError(
                Message("{path} already exists: choose another {option}, or remove it.", path=path, option=option)
            )
        if not overwrite:
            raise CarvisError(
                Message(
                    "{path} already exists: choose another {option}, or use --overwrite to replace it.",
                    path=path,
                    option=option,
                )
            )
