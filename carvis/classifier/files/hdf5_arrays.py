"""The arrays of an HDF5 file; links to other files are never followed.

carvis reads HDF5 through this alone. A file may hold links to other files, arrays whose data lie elsewhere,
and shapes that no memory could hold: a group gives its parts by hard links alone, one name at a time, and each array is
judged before HDF5 looks for its data. So whoever reads through it cannot follow what ought not to be followed.
"""

import contextlib
import io
import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import h5py
import ml_dtypes
import numpy as np
from h5py import h5d, h5g, h5l, h5o, h5s, h5t, h5z

from carvis.classifier.files.bounded_file import BoundedFile
from carvis.classifier.files.damage import damaged
from carvis.classifier.files.foreign_text import foreign_text
from carvis.classifier.files.hdf5_attributes import read_attribute
from carvis.classifier.files.hdf5_file import MOST_LEVELS, MOST_PARTS, OpenFile
from carvis.classifier.files.hdf5_heaps import check_names
from carvis.classifier.files.size_limit import check_growth, check_memory

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LZF = 32000
_COMPRESSORS = {h5z.FILTER_DEFLATE, _LZF}
# HDF5 would look for any other filter among the plugins on the disk, and run what it finds.
_FILTERS = _COMPRESSORS | {h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32}
# What HDF5 keeps in memory for each block of an array while it reads.
_BYTES_A_CHUNK = 1024
_READABLE = (h5t.INTEGER, h5t.FLOAT, h5t.ENUM, h5t.OPAQUE, h5t.STRING)
# The bit of an object's header that says that filters work on its data; on a group, they unpack its list of names.
_FILTERED = 1 << 0x0B
_Kind = TypeVar("_Kind", bound="StoredGroup | StoredArray")
OPTIMIZER = ("optimizer_weights", "optimizer")


def start_of_hdf5(file: BinaryIO) -> int | None:
    """Return where HDF5 starts in an open file, at byte 0, 512, 1024, 2048, ...; None where it holds none."""
    size, place = file.seek(0, io.SEEK_END), 0
    while place + len(_SIGNATURE) <= size:
        file.seek(place)
        if file.read(len(_SIGNATURE)) == _SIGNATURE:
            return place
        place = max(2 * place, 512)
    return None


@contextlib.contextmanager
def open_arrays(file: BinaryIO, path: Path, file_bytes: int, unpacked: int = 0) -> Iterator["StoredGroup"]:
    """Open the root group of an HDF5 file, once all of its parts were looked at.

    Args:
        file: the open file, or the open member of a zip.
        path: of the file on the disk, for sentences.
        file_bytes: its size there.
        unpacked: bytes that were unpacked from it so far.

    Raises:
        UntrustedModelError: a link that is not hard, or an array that lies in another file.
        ModelError: it declares more than a file of its size can hold, or more parts than a model has.
        OSError, ValueError: it is no HDF5, or damaged.
    """
    bounded, start = BoundedFile(file), start_of_hdf5(file)
    check_names(file, bounded.size, start or 0)
    with h5py.File(bounded, "r") as hdf5:
        root = h5g.open(hdf5.id, b"/")
        book = OpenFile(path, file, file_bytes, h5o.get_info(root).fileno)
        store = StoredGroup(root, "", book)
        _check_all(store, unpacked)
        book.lookups = 0
        yield store


class StoredGroup:
    """A group of an open file: attributes, groups and arrays that lie in that file.

    Args:
        handle: the open group.
        name: where it lies, from the root; "" for the root.
        book: what is shared with the other parts of the file.
    """

    def __init__(self, handle: h5g.GroupID, name: str, book: OpenFile):
        self.name, self._handle, self._book = name, handle, book

    @property
    def root(self) -> "StoredGroup":
        """The root group of the same file."""
        return StoredGroup(h5g.open(self._handle, b"/"), "", self._book)

    def count(self) -> int:
        """Return how many names the group holds."""
        return self._handle.get_num_objs()

    def __iter__(self) -> Iterator[str]:
        if self.count() > MOST_PARTS:
            raise self._book.too_many()
        names: list[bytes] = []
        self._handle.links.iterate(names.append)
        return iter([_text(name) for name in names])

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not None

    def get(self, name: str) -> "StoredGroup | None":
        """Return the group at a path below this group, None where there is none.

        Raises:
            UntrustedModelError: a link on the way is not hard, or an array on it lies in another file.
        """
        member = self._find(name)
        return member if isinstance(member, StoredGroup) else None

    def group(self, name: str) -> "StoredGroup":
        """Return the group at a path below this group.

        Raises:
            ModelError: there is none; or as ``get``.
        """
        return self._of_kind(name, StoredGroup)

    def array(self, name: str) -> "StoredArray":
        """Return the array at a path below this group.

        Raises:
            ModelError: there is none; or as ``get``.
        """
        return self._of_kind(name, StoredArray)

    def _of_kind(self, name: str, kind: type[_Kind]) -> _Kind:
        member = self._find(name)
        if not isinstance(member, kind):
            raise damaged(self._book.path, ValueError(f"it lacks {foreign_text(name)}"))
        return member

    def items(self) -> Iterator[tuple[str, "StoredGroup | StoredArray"]]:
        """Yield the names and the groups and arrays under them; named types are no parts."""
        for name in self:
            if (item := self._child(name)) is not None:
                yield name, item

    def _find(self, path: str) -> "StoredGroup | StoredArray | None":
        item: StoredGroup | StoredArray | None = self
        for name in filter(None, path.split("/")):
            item = item._child(name) if isinstance(item, StoredGroup) else None
            if item is None:
                return None
        return item

    def _child(self, name: str) -> "StoredGroup | StoredArray | None":
        self._book.look_up()
        place, key = f"{self.name}/{name}", name.encode("utf-8", "surrogateescape")
        if name == "." or not self._handle.links.exists(key):
            return None
        link = self._handle.links.get_info(key)
        if link.type == h5l.TYPE_EXTERNAL:
            raise self._book.elsewhere(place)
        if link.type != h5l.TYPE_HARD:
            raise self._book.linked(place)
        info = h5o.get_info(self._handle, key)
        if info.fileno != self._book.number:
            raise self._book.elsewhere(place)
        if info.type == h5o.TYPE_GROUP:
            if info.hdr.mesg.present & _FILTERED:
                raise self._book.unknown_filter(place)
            return StoredGroup(h5g.open(self._handle, key), place, self._book)
        return StoredArray(h5d.open(self._handle, key), place, self._book) if info.type == h5o.TYPE_DATASET else None

    def attribute(self, name: str) -> Any:
        """Return the text, number or array of an attribute, None where there is none.

        Raises:
            ValueError: it is neither, or far longer than the file.
        """
        return read_attribute(self._handle, name, self._book)


class StoredArray:
    """An array of an open file, whose numbers lie in that file.

    Attributes:
        name: where it lies, from the root of the file.
        shape: of the array.
        declared: bytes that it takes while it is read, whole blocks and what HDF5 notes for each.
    """

    def __init__(self, handle: h5d.DatasetID, name: str, book: OpenFile):
        self.name, self._handle, self._book = name, handle, book
        plan = handle.get_create_plist()
        layout = plan.get_layout()
        # First of all: even for the shape of a virtual array, HDF5 opens the other files.
        if layout == h5d.VIRTUAL or plan.get_external_count():
            raise book.elsewhere(name)
        filters = [plan.get_filter(i) for i in range(plan.get_nfilters())]
        self._filters = [code for code, *_ in filters]
        unknown = [code for code in self._filters if code not in _FILTERS]
        if unknown or sum(code in _COMPRESSORS for code in self._filters) > 1:
            raise book.unknown_filter(f"{name}, filter {(unknown or self._filters)[0]}")
        space = handle.get_space()
        if space.get_simple_extent_type() == h5s.NULL:
            raise ValueError(f"{foreign_text(name)} is without numbers")
        self.shape: tuple[int, ...] = space.get_simple_extent_dims()
        self._chunk = plan.get_chunk() if layout == h5d.CHUNKED else None
        kind = handle.get_type()
        self._kind, self._width = kind.get_class(), kind.get_size()
        self._open_ended = self._kind == h5t.STRING and kind.is_variable_str()
        if self._chunk is None:
            self._chunks, self.declared = 0, math.prod(self.shape) * self._width
        else:
            self._chunks = math.prod(-(-side // block) for side, block in zip(self.shape, self._chunk))
            self.declared = self._chunks * (self._block_bytes() + _BYTES_A_CHUNK)
        # LZF takes as much room as this number says, which is the size of a block.
        for code, _, values, _ in filters:
            if code == _LZF and tuple(values[2:3]) != (self._block_bytes(),):
                raise book.unknown_filter(f"{name}, filter {code}")

    @property
    def readable(self) -> bool:
        """Whether it holds numbers, or texts of one length."""
        return self._kind in _READABLE and not self._open_ended

    def attribute(self, name: str) -> Any:
        """As ``StoredGroup.attribute``."""
        return read_attribute(self._handle, name, self._book)

    def read(self) -> np.ndarray:
        """Read all numbers.

        Raises:
            ValueError: it holds no numbers, or its blocks unpack to more than their size.
            ModelError: it would grow too far.
        """
        if not self.readable:
            raise ValueError(f"{foreign_text(self.name)} holds no numbers")
        check_growth(self._book.path, self._book.file_bytes, self.declared)
        check_memory(self._book.path, self.declared)
        if self._filters:
            self._check_blocks()
        values = np.asarray(h5py.Dataset(self._handle)[()])
        if self._kind == h5t.OPAQUE:
            # Numbers that HDF5 does not know; Keras notes the one kind it writes.
            if self.attribute("dtype") != "bfloat16" or values.dtype.itemsize != 2:
                raise ValueError(f"{foreign_text(self.name)} holds no numbers")
            values = values.view(ml_dtypes.bfloat16)
        return values

    def _block_bytes(self) -> int:
        return math.prod(self._chunk or ()) * self._width

    def _check_blocks(self) -> None:
        """HDF5 unpacks a block as far as its data go, and reads on where they end: here it is unpacked first."""
        size = self._block_bytes()
        blocks: list[h5d.StoreInfo] = []
        self._handle.chunk_iter(lambda block: blocks.append(block) if len(blocks) <= self._chunks else True)
        if len(blocks) > self._chunks or any(block.size > self._book.size for block in blocks):
            raise ValueError(f"{foreign_text(self.name)} holds more than its shape has")
        for block in blocks:
            # A filter may be skipped for a block that does not shrink.
            used = [code for i, code in enumerate(self._filters) if not block.filter_mask >> i & 1]
            unpacked = block.size
            if h5z.FILTER_DEFLATE in used:
                _, packed = self._handle.read_direct_chunk(block.chunk_offset)
                unpacked = len(zlib.decompressobj().decompress(packed, size + 5))
            # A sum of four bytes may stand at the end.
            if unpacked not in (size, size + 4) and _LZF not in used:
                raise ValueError(f"a block of {foreign_text(self.name)} is not of its size")


def _check_all(store: StoredGroup, unpacked: int) -> None:
    """Visit every part once for each path to it, so that later traversals of the file terminate."""
    book, total, weights, parts = store._book, unpacked, unpacked, 0
    pending = [(store, 0)]
    while pending:
        group, level = pending.pop()
        parts += group.count()
        if parts > MOST_PARTS:
            raise book.too_many()
        if level > MOST_LEVELS:
            raise book.too_deep()
        for _, item in group.items():
            if isinstance(item, StoredGroup):
                pending.append((item, level + 1))
            else:
                total += item.declared
                weights += 0 if item.name.split("/")[1] in OPTIMIZER else item.declared
        check_growth(book.path, book.file_bytes, total)
    check_memory(book.path, weights)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
