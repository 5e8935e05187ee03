"""HDF5 files whose bytes were changed by hand: sizes that grow, tables and texts that lead in a circle."""

import re
import shutil
import zlib
from pathlib import Path

import h5py

from tests.hostile.model_hdf5 import KERNEL


def copied(good: Path, target: Path) -> Path:
    return Path(shutil.copy(good / f"good{target.suffix}", target))


def block_bomb(good: Path, target: Path) -> Path:
    """A block of 576 bytes that unpacks to 200 MB."""
    with h5py.File(copied(good, target), "r+") as file:
        shape = file[KERNEL].shape
        del file[KERNEL]
        array = file.create_dataset(KERNEL, shape, "f4", chunks=shape, compression="gzip")
        array.id.write_direct_chunk((0, 0), zlib.compress(bytes(200 << 20)))
    return target


def shared_texts(good: Path, target: Path) -> Path:
    """Three thousand layer names that are one text of 300,000 letters: 900 MB."""
    with h5py.File(copied(good, target), "r+") as file:
        del file["model_weights"].attrs["layer_names"]
        file["model_weights"].attrs.create("layer_names", ["abcd"] * 3000, dtype=h5py.string_dtype())
        file["model_weights"].attrs["x"] = "x" * 300_000
    data = bytearray(target.read_bytes())
    text = re.search(re.escape((300_000).to_bytes(4, "little")) + rb"(?!\0{12}).{12}", data, re.DOTALL)[0]
    short = re.search(rb"(?:\x04\0\0\0.{12}){3000}", data, re.DOTALL)
    data[short.start() : short.end()] = text * 3000
    target.write_bytes(data)
    return target


def endless_texts(good: Path, target: Path) -> Path:
    """A heap of texts one of which is of no length: HDF5 goes through it for ever."""
    data = bytearray(copied(good, target).read_bytes())
    data[data.index(b"GCOL") + 16 : data.index(b"GCOL") + 32] = bytes(16)
    target.write_bytes(data)
    return target


def circle_of_names(good: Path, target: Path) -> Path:
    """Free places among the names of a group, the first of which leads to itself: HDF5 fills all memory with them."""
    data = bytearray(copied(good, target).read_bytes())
    heap = data.index(b"HEAP")
    size, _, address = (int.from_bytes(data[heap + i : heap + i + 8], "little") for i in (8, 16, 24))
    free = size - 16
    data[heap + 16 : heap + 24] = free.to_bytes(8, "little")
    data[address + free : address + size] = free.to_bytes(8, "little") + (16).to_bytes(8, "little")
    target.write_bytes(data)
    return target


def header_of_gigabytes(good: Path, target: Path) -> Path:
    """The header of a group that goes on for 3 GB, in a file of 26 KB."""
    with h5py.File(copied(good, target)) as file:
        place = h5py.h5o.get_info(file["model_weights"].id).addr
    data = bytearray(target.read_bytes())
    data[place + 8 : place + 12] = (3 << 30).to_bytes(4, "little")
    target.write_bytes(data)
    return target


def text_of_gigabytes(good: Path, target: Path) -> Path:
    """An architecture that says of itself that it has 3 GB."""
    with h5py.File(copied(good, target)) as file:
        length = len(file.attrs["model_config"])
    data = bytearray(target.read_bytes())
    place = data.index(length.to_bytes(4, "little"), data.index(b"model_config\0"))
    data[place : place + 4] = (3 << 30).to_bytes(4, "little")
    target.write_bytes(data)
    return target


def crashing_tables(good: Path, target: Path) -> Path:
    """A table of names that is its own part: HDF5 follows it until the stack is full and the process ends."""
    data = bytearray(copied(good, target).read_bytes())
    table = data.index(b"TREE")
    data[table + 5] = 1
    data[table + 32 : table + 40] = table.to_bytes(8, "little")
    target.write_bytes(data)
    return target
