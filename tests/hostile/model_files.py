"""Model files that attack: each is a small whole model, changed in one way, and the sentence that refuses it."""

import os
import shutil
import socket
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py

from tests.hostile.model_hdf5 import (
    DAMAGED,
    DEEP,
    ELSEWHERE,
    GROWS,
    HDF5,
    LARGE,
    LINK,
    PACKED,
    array,
    kind,
    nested,
    replaced,
    secret,
    virtual,
)

ZIP: dict[str, tuple[Callable, str]] = {}
FILES: dict[str, tuple[Callable, str]] = {}


# The zip.


def zipped(name: str, says: str):
    return kind(ZIP, name, says)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path: Path, held: dict[str, bytes], packing: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", packing, compresslevel=1) as archive:
        for name, data in held.items():
            if data is not None:
                archive.writestr(name, data)


def with_member(name: str, data: bytes | None, packing: int = zipfile.ZIP_STORED):
    return lambda path: written(path, members(path) | {name: data}, packing)


CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
ZEROS = bytes(150 << 20)
for name in (CONFIG, WEIGHTS, "assets/words.txt"):
    zipped(f"a bomb as {name}", GROWS)(lambda path, name=name: with_member(name, ZEROS, zipfile.ZIP_DEFLATED)(path))
for name in ("../../x", "/x", "C:/x", "a/../../x", "..\\x"):
    zipped(f"a part named {name}", "leads out of its folder")(with_member(name, b"x"))
for packing in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
    zipped(f"packing {packing}", PACKED)(with_member(CONFIG, b"{}", packing))
zipped("no weights", r"it lacks model\.weights\.h5")(with_member(WEIGHTS, None))
zipped("no architecture", r"it lacks config\.json")(with_member(CONFIG, None))
zipped("text for weights", DAMAGED)(with_member(WEIGHTS, b"text"))
zipped("empty weights", DAMAGED)(with_member(WEIGHTS, b""))
zipped("a list for metadata", DAMAGED)(with_member(METADATA, b"[]"))
zipped("200,000 brackets of metadata", LARGE)(with_member(METADATA, b"[" * 200_000 + b"]" * 200_000))
zipped("17 MB of metadata", DAMAGED)(with_member(METADATA, b'"' + b"x" * (17 << 20) + b'"'))
zipped("17 MB of architecture", DAMAGED)(with_member(CONFIG, b'"' + b"x" * (17 << 20) + b'"'))
zipped("deep architecture", LARGE)(with_member(CONFIG, nested(199).encode()))


def changed_weights(change, packing: int = zipfile.ZIP_STORED):
    def rewrite(path: Path) -> None:
        held = members(path)
        inner = path.with_name("inner.h5")
        inner.write_bytes(held[WEIGHTS])
        with h5py.File(inner, "r+") as file:
            change(file)
        written(path, held | {WEIGHTS: inner.read_bytes()}, packing)

    return rewrite


INNER = "layers/dense/vars/0"
for name, change, says in (
    ("external link", lambda file: replaced(file, INNER, h5py.ExternalLink(secret(file), "/kernel")), ELSEWHERE),
    ("soft link", lambda file: replaced(file, INNER, h5py.SoftLink("/layers/conv2d/vars/0")), LINK),
    ("soft link for a layer", lambda file: replaced(file, "layers/dense", h5py.SoftLink("/layers/conv2d")), LINK),
    (
        "external link in the optimizer",
        lambda file: file.__setitem__("optimizer/x", h5py.ExternalLink("a", "b")),
        ELSEWHERE,
    ),
    ("virtual array", lambda file: virtual(file, INNER), ELSEWHERE),
    ("bytes of another file", lambda file: array(file, INNER, (72, 2), external=[("/etc/passwd", 0, 576)]), ELSEWHERE),
    ("shape", lambda file: array(file, INNER), GROWS),
    ("circle", lambda file: file["layers/dense"].__setitem__("x", file["layers"]), DEEP),
    ("empty blocks", lambda file: array(file, "x", (1 << 30,), chunks=(1 << 20,), compression="gzip"), GROWS),
):
    for packing, word in ((zipfile.ZIP_STORED, "stored"), (zipfile.ZIP_DEFLATED, "packed")):
        zipped(f"{name} in {word} weights", says)(changed_weights(change, packing))


@zipped("compression around compression", GROWS)
def _nested_compression(path):
    """A block of zeros is 1,000 times smaller packed, and so are many such blocks one after the other."""

    def change(file):
        numbers = array(file, "x", (150, 1 << 20), chunks=(1, 1 << 20), compression="gzip")
        block = zlib.compress(bytes(4 << 20), 9)
        for i in range(150):
            numbers.id.write_direct_chunk((i, 0), block)

    changed_weights(change, zipfile.ZIP_DEFLATED)(path)


@zipped("a locked part", PACKED)
def _locked(path):
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 8] |= 1
    path.write_bytes(data)


@zipped("parts over each other", "overlapping parts")
def _overlapping(path):
    data = bytearray(path.read_bytes())
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    path.write_bytes(data)


@zipped("a length that is too short", DAMAGED)
def _short(path):
    """The part says 100 bytes; unpacked it has a hundred million, and room would be taken before it is cut."""
    written(path, members(path) | {CONFIG: bytes(100_000_000)}, zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    place = data.index(CONFIG.encode(), data.index(b"PK\x01\x02")) - 46
    data[place + 24 : place + 28] = (100).to_bytes(4, "little")
    path.write_bytes(data)


@zipped("sixty thousand parts", DAMAGED)
def _table(path):
    with zipfile.ZipFile(path, "a") as archive:
        entry = zipfile.ZipInfo("x" * 100)
        entry.header_offset = entry.CRC = 0
        archive.filelist += [entry] * 60_000
        archive._didModify = True


@zipped("a table that is cut off", DAMAGED)
def _cut_table(path):
    path.write_bytes(path.read_bytes()[:-40])


@zipped("another zip", "a zip without a Keras model")
def _other_zip(path):
    written(path, {"readme.txt": b"x"})


# What is no ordinary file, or no model at all.


def file_kind(name: str, says: str):
    return kind(FILES, name, says)


file_kind("a pipe", "is a pipe")(lambda path: (path.unlink(), os.mkfifo(path)))
file_kind("a device", "is a device")(lambda path: (path.unlink(), path.symlink_to("/dev/zero")))
file_kind("a folder", "is a folder")(lambda path: (path.unlink(), path.mkdir()))
file_kind("a link to nothing", "does not exist")(lambda path: (path.unlink(), path.symlink_to("nowhere")))
file_kind("nothing", "is empty")(lambda path: path.write_bytes(b""))
file_kind("one byte", "is not a Keras model file")(lambda path: path.write_bytes(b"P"))
file_kind("the mark of a zip", DAMAGED)(lambda path: path.write_bytes(b"PK\x03\x04"))
file_kind("the mark of HDF5", DAMAGED)(lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n"))
file_kind("the mark of HDF5 later", DAMAGED)(
    lambda path: path.write_bytes(bytes(2048) + b"\x89HDF\r\n\x1a\n" + bytes(99))
)
file_kind("zeros", "is not a Keras model file")(lambda path: path.write_bytes(bytes(1 << 20)))


@file_kind("a socket", "is a socket")
def _socket(path):
    path.unlink()
    here = Path.cwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(path.name)
    os.chdir(here)


def attacks(good: Path, folder: Path) -> dict[str, tuple[Path, str]]:
    """Write one file of each kind.

    Args:
        good: the folder of ``good.h5`` and ``good.keras``.
        folder: where they are written, each in a folder of its own.

    Returns:
        the kind's name: the file, and the pattern of what is said of it.
    """
    made = {}
    for table, suffix, word in ((HDF5, "h5", "h5"), (ZIP, "keras", "zip"), (FILES, "keras", "file")):
        for number, (name, (change, says)) in enumerate(table.items()):
            path = folder / f"{word}{number}" / f"bad.{suffix}"
            path.parent.mkdir(parents=True)
            shutil.copy(good / f"good.{suffix}", path)
            shutil.copy(good / "good.h5", path.with_name("secret.h5"))
            if table is HDF5:
                with h5py.File(path, "r+") as file:
                    change(file)
            else:
                change(path)
            made[f"{word}: {name}"] = path, says
    return made
