"""The state of an open HDF5 file, and the errors that refuse it."""

import io
from pathlib import Path
from typing import BinaryIO

from carvis.classifier.files.foreign_text import foreign_text
from carvis.classifier.files.size_limit import REMEDY
from carvis.errors import ModelError, UntrustedModelError
from carvis.language import Message

# The largest models of keras.applications have about 9,000 parts with their optimizer, 20 levels deep.
MOST_PARTS, MOST_LEVELS = 30_000, 100
_MOST_LOOKUPS = 100_000


class OpenFile:
    """What the parts of one open HDF5 file share: where it lies, how large it is, and what is said of it.

    Args:
        path: of the file on the disk, for sentences.
        file: the open file, or the open member of a zip.
        file_bytes: the size on the disk.
        number: by which HDF5 knows the file; a part of another file has another one.
    """

    def __init__(self, path: Path, file: BinaryIO, file_bytes: int, number: int):
        self.path, self.file, self.file_bytes, self.number, self.lookups = path, file, file_bytes, number, 0
        # Positions of attribute names, as far as they were searched for.
        self.places: dict[bytes, list[int]] = {}
        # Bytes of the texts of attributes, by name and number of texts: each layer has such attributes.
        self.declared_texts: dict[tuple[bytes, int], int | None] = {}
        self.longest_text: int | None = None
        self.size = file.seek(0, io.SEEK_END)

    def look_up(self) -> None:
        """Count a look-up, and refuse the file after too many."""
        self.lookups += 1
        if self.lookups > _MOST_LOOKUPS:
            raise self.too_many()

    def elsewhere(self, name: str) -> ModelError:
        """The error of a file that points to another file."""
        return UntrustedModelError(
            Message(
                "{path} points to another file ({name}), which is not read: {remedy}.",
                path=self.path,
                name=foreign_text(name),
                remedy=REMEDY,
            )
        )

    def linked(self, name: str) -> ModelError:
        """The error of a file with a link in place of weights."""
        return UntrustedModelError(
            Message(
                "{path} contains a link in place of weights ({name}), which Keras never writes and carvis"
                " does not follow: {remedy}.",
                path=self.path,
                name=foreign_text(name),
                remedy=REMEDY,
            )
        )

    def too_many(self) -> ModelError:
        """The error of a file with more parts than any model has."""
        return ModelError(
            Message("{path} contains more parts than any model: {remedy}.", path=self.path, remedy=REMEDY)
        )

    def too_deep(self) -> ModelError:
        """The error of a file whose parts nest too deep or in a circle."""
        return ModelError(
            Message(
                "{path} nests its parts more than {n} levels deep or in a cycle, which no model does: {remedy}.",
                path=self.path,
                n=MOST_LEVELS,
                remedy=REMEDY,
            )
        )

    def unknown_filter(self, name: str) -> ModelError:
        """The error of a file with a compression that is not supported."""
        return ModelError(
            Message(
                "{path} uses an unsupported compression ({name}): {remedy}, without compression.",
                path=self.path,
                name=foreign_text(name),
                remedy=REMEDY,
            )
        )
