"""A file as HDF5 reads it: what lies far beyond its end is refused, where HDF5 would fill memory with nothing."""

import io
from typing import BinaryIO

from typing_extensions import Buffer

# HDF5 reads ahead by a little, also at the end of a file.
_BEYOND = 1 << 16


class SeekableFile(io.RawIOBase):
    """A position within ``size`` bytes of an open file, which stays open."""

    def __init__(self, file: BinaryIO, size: int):
        self._file, self.size, self._place = file, size, 0

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def seekable(self) -> bool:
        """Whether positions can be sought: always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position, also beyond the end, and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
        self._place = max(start + offset, 0)
        return self._place


class BoundedFile(SeekableFile):
    """An open file for reading at any place.

    Args:
        file: open, with ``seek`` and ``readinto``; it stays open.
    """

    def __init__(self, file: BinaryIO):
        super().__init__(file, file.seek(0, io.SEEK_END))

    def readinto(self, buffer: Buffer) -> int:
        """Fill a buffer and return the number of bytes read."""
        view = memoryview(buffer).cast("B")
        if self._place + len(view) > self.size + _BEYOND:
            raise OSError("it points beyond its end")
        self._file.seek(self._place)
        count = 0
        # Every binary file has it, which typing's BinaryIO does not say.
        readinto = self._file.readinto  # type: ignore[attr-defined]
        while count < len(view) and (n := readinto(view[count:])):
            count += n
        # HDF5 takes what it asked for as read.
        view[count:] = bytes(len(view) - count)
        self._place += len(view)
        return len(view)
