"""Reading NumPy's ``.npz`` files: no pickles, and nothing larger or of another type than expected is unpacked."""

import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from carvis.errors import CarvisError
from carvis.language import Message
from carvis.workspace.os_errors import os_reason
from carvis.workspace.regular_file import open_regular
from carvis.workspace.unusable_files import Unusable, refusal, short

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_BYTES = 1_000_000_000
_MOST_MEMBERS = 100_000
_LONGEST_HEADER = 10_000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What reading a damaged archive can raise: of the archive, of what is packed in it, and of NumPy's header.
_DAMAGED: tuple[type[Exception], ...] = (
    zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, TypeError, RuntimeError, OSError,
    NotImplementedError, MemoryError, OverflowError, SyntaxError, tokenize.TokenError,
)  # fmt: skip


class ArrayFile:
    """The arrays in an opened ``.npz``, read one by one; ``open_arrays`` makes it."""

    def __init__(self, archive: zipfile.ZipFile, max_bytes: int):
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._archive, self._left = archive, max_bytes
        entries = archive.infolist()
        if len(entries) > _MOST_MEMBERS:
            raise Unusable(
                Message("it has {n} arrays, more than {limit}", n=f"{len(entries):,}", limit=f"{_MOST_MEMBERS:,}")
            )
        for entry in entries:
            name = entry.filename.removesuffix(".npy")
            if name in self._members:
                raise Unusable(Message("the array {name} is there twice", name=short(name)))
            self._members[name] = entry

    @property
    def names(self) -> list[str]:
        """The names of the arrays."""
        return list(self._members)

    def read(self, name: str, kinds: str, shape: Sequence[int | None] | None = None) -> "NDArray[Any]":
        """Return an array.

        Args:
            name: its name, without ``.npy``.
            kinds: characters of ``dtype.kind`` that it may have, as ``f`` or ``iu``.
            shape: its sides, None for any; where not given, any shape.

        Raises:
            Unusable: it is missing, damaged, too large, or of another type or shape.
        """
        try:
            return self._read(name, kinds, shape)
        except _DAMAGED as problem:
            raise problem if isinstance(problem, Unusable) else Unusable(_damaged()) from problem

    def text(self, name: str) -> str:
        """Return an array that holds one text."""
        return str(self.read(name, "U", ())[()])

    def _read(self, name: str, kinds: str, shape: Sequence[int | None] | None) -> "NDArray[Any]":
        import numpy as np

        entry = self._members.get(name)
        if entry is None:
            raise Unusable(Message("the array {name} is missing", name=short(name)))
        if entry.compress_type not in _METHODS or entry.flag_bits & 1:
            raise Unusable(_damaged())
        # Checked before a byte is unpacked. No more is read than the archive declares.
        self._left -= entry.file_size
        if self._left < 0:
            raise Unusable(Message("its arrays are larger than they should be"))
        with cast(zipfile.ZipExtFile, self._archive.open(entry)) as file:
            stored, fortran, dtype = _header(file)
            _check(name, stored, dtype, kinds, shape)
            size = math.prod(stored) * dtype.itemsize
            if size > entry.file_size:
                raise Unusable(_damaged())
            array = np.empty(math.prod(stored), dtype)
            rest = array.reshape(-1).view(np.uint8).data if size else memoryview(b"")
            while rest:
                if not (count := file.readinto(rest)):
                    raise Unusable(_damaged())
                rest = rest[count:]
            if file.read(1):
                raise Unusable(_damaged())
        return array.reshape(stored[::-1]).T if fortran else array.reshape(stored)


@contextmanager
def open_arrays(
    path: str | Path,
    *,
    max_bytes: int = MAX_BYTES,
    remedy: str | None = None,
    error: type[CarvisError] = CarvisError,
) -> Iterator[ArrayFile]:
    """Open an ``.npz`` for the block, in which ``read`` and ``text`` of what is opened return its arrays.

    Args:
        path: an ordinary file.
        max_bytes: what the arrays that are read may take together.
        remedy, error: as ``carvis.workspace.read_json``.

    Raises:
        error: the file cannot be read, is no such archive or damaged, or an array is missing, too large, or of another
            type or shape than expected; also where the block raises ``Unusable``.
    """
    try:
        try:
            stream = open_regular(path)
        except OSError as problem:
            raise Unusable(os_reason(problem)) from problem
        with stream:
            try:
                if not stream.read(4096).strip(b"\0"):
                    raise Unusable(Message("it is empty, as a write that was cut off leaves it"))
                archive = ArrayFile(zipfile.ZipFile(stream), max_bytes)
            except _DAMAGED as problem:
                raise problem if isinstance(problem, Unusable) else Unusable(_damaged()) from problem
            yield archive
    except Unusable as problem:
        raise error(refusal(path, problem.args[0], remedy)) from problem


def _header(file: zipfile.ZipExtFile) -> tuple[tuple[int, ...], bool, "np.dtype[Any]"]:
    import numpy as np

    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise Unusable(_damaged())
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(file, max_header_size=_LONGEST_HEADER)


def _check(
    name: str, stored: tuple[int, ...], dtype: "np.dtype[Any]", kinds: str, shape: Sequence[int | None] | None
) -> None:
    if dtype.kind not in kinds or dtype.hasobject:
        raise Unusable(Message("the array {name} is of the type {type}", name=short(name), type=short(str(dtype))))
    fits = shape is None or (
        len(stored) == len(shape) and all(side in (None, side_stored) for side, side_stored in zip(shape, stored))
    )
    if not fits or any(side < 0 for side in stored):
        raise Unusable(Message("the array {name} has the shape {shape}", name=short(name), shape=short(str(stored))))


def _damaged() -> Message:
    return Message("it is damaged, or no file of arrays")
