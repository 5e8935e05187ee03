"""The ``.keras`` zip, none of whose parts is unpacked to more than a model of its size can be."""

import contextlib
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from carvis.classifier.files.foreign_text import foreign_text
from carvis.classifier.files.size_limit import REMEDY, check_growth, check_memory
from carvis.classifier.files.stored_member import StoredMember
from carvis.errors import ModelError, UntrustedModelError
from carvis.language import Message

ZIP_MAGIC = b"PK\x03\x04"
# What Python keeps of a zip's table takes ten times the room of the table itself: this one names 50,000 parts.
_MOST_TABLE = 4 << 20
_PIECE = 1 << 20
_ENCRYPTED = 1


class ModelArchive:
    """The members of a zip whose table was checked before any of them is read.

    Args:
        file: the open zip; it stays open.
        path: of the zip, for sentences.

    Raises:
        UntrustedModelError: a part's name is absolute or climbs up.
        ModelError: a part is packed in a way that is not known, lies over another, or unpacks to far too much.
        BadZipFile: it is damaged.
    """

    def __init__(self, file: BinaryIO, path: Path):
        self.path, self._file = path, file
        self.file_bytes = file.seek(0, io.SEEK_END)
        self._zip = zipfile.ZipFile(_TableReader(file))
        self.names = self._zip.namelist()
        # What is stored as it is can be read in place.
        self.unpacked = sum(
            member.file_size for member in self._zip.infolist() if member.compress_type != zipfile.ZIP_STORED
        )
        self._check()

    def read(self, name: str, most: int) -> bytes:
        """Return a part as bytes.

        Args:
            name: of the part.
            most: bytes that it may have.

        Raises:
            ValueError: it has more.
            BadZipFile: it is damaged.
        """
        if self._zip.getinfo(name).file_size > most:
            raise ValueError(f"its {foreign_text(name)} is longer than {most / 1e6:,.0f} MB")
        return b"".join(self.pieces(name))

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a part, a megabyte at a time, and compare their sum at the end.

        Raises:
            BadZipFile: it is damaged, or of another length than the zip says.
        """
        member, count = self._zip.getinfo(name), 0
        with self._zip.open(member) as stream:
            # Without a number, zipfile unpacks all that there is and cuts it to the length afterwards.
            while piece := stream.read(_PIECE):
                count += len(piece)
                yield piece
        if count != member.file_size:
            raise zipfile.BadZipFile(f"{foreign_text(name)} ends too soon")

    @contextlib.contextmanager
    def seekable(self, name: str, *, checked: bool) -> Iterator[BinaryIO]:
        """Open a part of which any place can be read: in place where it is stored as it is, else unpacked into memory.

        Args:
            name: of the part.
            checked: compare the sum of its bytes first, which is read for nothing else.
        """
        member = self._zip.getinfo(name)
        if member.compress_type != zipfile.ZIP_STORED:
            check_memory(self.path, member.file_size)
            unpacked = io.BytesIO()
            for piece in self.pieces(name):
                unpacked.write(piece)
            yield unpacked
            return
        for _ in self.pieces(name) if checked else ():
            pass
        with io.BufferedReader(StoredMember(self._file, member), _PIECE // 16) as stream:
            yield stream

    def _check(self) -> None:
        end = 0
        for member in sorted(self._zip.infolist(), key=lambda member: member.header_offset):
            name = member.filename.replace("\\", "/")
            if name.startswith("/") or ".." in name.split("/") or re.match(r"[A-Za-z]:", name) or "\0" in name:
                raise UntrustedModelError(
                    Message(
                        "{path} contains a part named {name}, which leads out of its folder: {remedy}.",
                        path=self.path,
                        name=foreign_text(name),
                        remedy=REMEDY,
                    )
                )
            plain = member.compress_type == zipfile.ZIP_STORED
            if member.flag_bits & _ENCRYPTED or not (plain or member.compress_type == zipfile.ZIP_DEFLATED):
                raise ModelError(
                    Message(
                        "{path} uses an unsupported compression ({name}): {remedy}, without compression.",
                        path=self.path,
                        name=foreign_text(name),
                        remedy=REMEDY,
                    )
                )
            if member.header_offset < end or (plain and member.file_size != member.compress_size):
                raise ModelError(
                    Message(
                        "{path} contains overlapping parts, which no model has: {remedy}.",
                        path=self.path,
                        remedy=REMEDY,
                    )
                )
            end = member.header_offset + member.compress_size
        if end > self.file_bytes:
            raise zipfile.BadZipFile("its parts are cut off")
        check_growth(self.path, self.file_bytes, self.unpacked)


class _TableReader(io.BufferedIOBase):
    """An open zip of whose table of parts no more is read than a model needs: all of it is kept in memory."""

    def __init__(self, file: BinaryIO):
        self._file = file

    def read(self, size: int | None = -1, /) -> bytes:
        size = -1 if size is None else size
        if size > _MOST_TABLE:
            raise zipfile.BadZipFile("its table of parts is longer than any model's")
        return self._file.read(size if size >= 0 else _MOST_TABLE)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True
