"""A part of a zip that is stored as it is, read in place: any place of it at once, from first to last."""

import io
import struct
import zipfile
from typing import BinaryIO

from typing_extensions import Buffer

from carvis.classifier.files.bounded_file import SeekableFile

# The fixed part of the header before a member; the lengths of its name and extra fields are its last two numbers.
_HEADER, _LENGTHS = 30, struct.Struct("<26xHH")


class StoredMember(SeekableFile):
    """The bytes of an uncompressed member of a zip.

    ``ZipFile.open`` goes back to the start at each step backwards, which takes HDF5 seconds up to Python 3.11.

    Args:
        file: the open zip; it stays open.
        member: what the zip's table says of the member.

    Raises:
        BadZipFile: the zip ends before the member does.
    """

    def __init__(self, file: BinaryIO, member: zipfile.ZipInfo):
        file.seek(member.header_offset)
        header = file.read(_HEADER)
        if len(header) < _HEADER:
            raise zipfile.BadZipFile(f"no header before {member.filename}")
        super().__init__(file, member.file_size)
        self._start = member.header_offset + _HEADER + sum(_LENGTHS.unpack(header))
        if file.seek(0, io.SEEK_END) < self._start + self.size:
            raise zipfile.BadZipFile(f"{member.filename} is cut off")

    def readinto(self, buffer: Buffer) -> int:
        """Fill a buffer from the member and return the number of bytes read."""
        self._file.seek(self._start + self._place)
        # Every binary file has it, which typing's BinaryIO does not say.
        readinto = self._file.readinto  # type: ignore[attr-defined]
        count = readinto(memoryview(buffer)[: max(self.size - self._place, 0)])
        self._place += count
        return count
