"""Error messages on damaged model files."""

import re
from pathlib import Path

from carvis.classifier.files.foreign_text import foreign_text
from carvis.errors import ModelError
from carvis.language import Message


def damaged(path: Path, error: BaseException) -> ModelError:
    """Return the error for a file that is not whole, with the reason in one line."""
    return ModelError(
        Message(
            "{path} is damaged ({reason}): get the file again, or save the model from Keras as a .keras file.",
            path=path,
            reason=reason_of(error),
        )
    )


def reason_of(error: BaseException) -> str:
    """Return the message of an error in one short line."""
    # Keras wraps the cause in advice and whole configs, with colour codes.
    text = re.sub(r"\x1b\[\d*m", "", str(error)).rpartition("Exception encountered: ")[2]
    return foreign_text(" ".join(text[:1000].split()), 200).rstrip(".:") or type(error).__name__
