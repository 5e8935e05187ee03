"""What is said of a model file that is not whole."""

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
    """Return what an error says, in one short line."""
    # Keras wraps what happened in advice and whole configs, and colours it.
    text = re.sub(r"\x1b\[\d*m", "", str(error)).rpartition("Exception encountered: ")[2]
    return foreign_text(" ".join(text[:1000].split()), 200).rstrip(".:") or type(error).__name__
