"""Model files that attack: each is a small whole model, changed in one way, and the sentence that refuses it."""

import json
import os
import shutil
import socket
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from h5py import h5d, h5o, h5p, h5s, h5t

ELSEWHERE, LINK = "points to another file", "holds a link in place of weights"
GROWS, MANY, DEEP = "would grow from", "more parts than any model", "deep or in a circle"
PACKED, LARGE, DAMAGED = "compressed in a way", "larger than any model's", "is damaged"
LAYER, KERNEL = "model_weights/dense/tiny/dense", "model_weights/dense/tiny/dense/kernel"
EMPTY_SHAPE = 1 << 40
HDF5: dict[str, tuple[Callable, str]] = {}
ZIP: dict[str, tuple[Callable, str]] = {}
FILES: dict[str, tuple[Callable, str]] = {}


def kind(table: dict, name: str, says: str):
    """Enter a change of a good file into a table, with what is said of the file."""

    def enter(change):
        table[name] = change, says
        return change

    return enter


def hdf5(name: str, says: str):
    return kind(HDF5, name, says)


# Links.


def secret(file: h5py.File) -> str:
    """A file beside it, which a model file may not reach."""
    return str(Path(file.filename).with_name("secret.h5"))


def replaced(file: h5py.File, name: str, link) -> None:
    del file[name]
    file[name] = link


for place in ("x", "model_weights/x", "optimizer_weights/x", f"{LAYER}/x", "optimizer_weights/adam/x"):
    hdf5(f"external link {place}", ELSEWHERE)(
        lambda file, place=place: file.__setitem__(place, h5py.ExternalLink(secret(file), "/kernel"))
    )
    hdf5(f"soft link {place}", LINK)(lambda file, place=place: file.__setitem__(place, h5py.SoftLink("/" + KERNEL)))
for name, link, says in (
    ("external", lambda file: h5py.ExternalLink(secret(file), "/kernel"), ELSEWHERE),
    ("external without a target", lambda file: h5py.ExternalLink("/nowhere.h5", "/"), ELSEWHERE),
    ("soft", lambda file: h5py.SoftLink("/optimizer_weights/x"), LINK),
    ("soft without a target", lambda file: h5py.SoftLink("/nowhere"), LINK),
    ("soft to itself", lambda file: h5py.SoftLink("/" + KERNEL), LINK),
):
    for place in (KERNEL, LAYER, "model_weights"):
        hdf5(f"{name} link for {place}", says)(lambda file, place=place, link=link: replaced(file, place, link(file)))


@hdf5("soft link through the optimizer", "(points to another file|holds a link)")
def _through_the_optimizer(file):
    file["optimizer_weights/door"] = h5py.ExternalLink(secret(file), "/")
    replaced(file, KERNEL, h5py.SoftLink("/optimizer_weights/door/kernel"))


# Arrays elsewhere.


@hdf5("virtual array", ELSEWHERE)
def _virtual(file, place=KERNEL, source=None):
    layout = h5py.VirtualLayout((72, 2), "f4")
    layout[:] = h5py.VirtualSource(source or secret(file), "kernel", (72, 2))
    if place in file:
        del file[place]
    file.create_virtual_dataset(place, layout)


hdf5("virtual array in the optimizer", ELSEWHERE)(lambda file: _virtual(file, "optimizer_weights/x"))
hdf5("virtual array of its own file", ELSEWHERE)(lambda file: _virtual(file, source="."))


@hdf5("virtual array of any number of files", ELSEWHERE)
def _open_ended(file):
    plan = h5p.create(h5p.DATASET_CREATE)
    space = h5s.create_simple((10,), (h5s.UNLIMITED,))
    space.select_hyperslab((0,), (h5s.UNLIMITED,), stride=(10,), block=(10,))
    # To tell its shape, HDF5 would open pipe_0, pipe_1, ..., of which the first is a pipe that nobody writes to.
    os.mkfifo(Path(file.filename).with_name("pipe_0"))
    plan.set_virtual(space, str(Path(file.filename).with_name("pipe_%b")).encode(), b"x", h5s.create_simple((10,)))
    h5d.create(file.id, b"x", h5t.NATIVE_DOUBLE, h5s.create_simple((10,), (h5s.UNLIMITED,)), plan)


for place in (KERNEL, "optimizer_weights/x", "x"):

    @hdf5(f"array of another file's bytes in {place}", ELSEWHERE)
    def _external(file, place=place):
        if place in file:
            del file[place]
        file.create_dataset(place, (72, 2), "f4", external=[("/etc/passwd", 0, 576)])


# Shapes and blocks.


def array(file: h5py.File, place: str = KERNEL, shape=(EMPTY_SHAPE,), dtype="f4", **plan) -> h5py.Dataset:
    if place in file:
        del file[place]
    return file.create_dataset(place, shape, dtype, **plan)


hdf5("a shape without numbers", GROWS)(lambda file: array(file))
hdf5("a shape in the optimizer", GROWS)(lambda file: array(file, "optimizer_weights/x"))
hdf5("a shape at the root", GROWS)(lambda file: array(file, "x"))
hdf5("empty blocks", GROWS)(lambda file: array(file, chunks=(1 << 20,), compression="gzip"))
hdf5("one block of 4 GB", GROWS)(lambda file: array(file, shape=(10,), chunks=((1 << 30) - 1,), maxshape=(None,)))
hdf5("blocks of one number", GROWS)(lambda file: array(file, shape=(1 << 20,), chunks=(1,)))
hdf5("no shape at all", DAMAGED)(
    lambda file: (file.__delitem__(KERNEL), file.create_dataset(KERNEL, data=h5py.Empty("f4")))
)


@hdf5("many middling shapes", GROWS)
def _many_shapes(file):
    for i in range(20):
        array(file, f"{LAYER}/{i}", (1 << 21,))


@hdf5("two compressions", PACKED)
def _two_compressions(file):
    del file[KERNEL]
    plan = h5p.create(h5p.DATASET_CREATE)
    plan.set_chunk((72, 2))
    plan.set_deflate(9)
    plan.set_deflate(9)
    h5d.create(file.id, KERNEL.encode(), h5t.IEEE_F32LE, h5s.create_simple((72, 2)), plan)


for code in (32001, 32015, 305, 65535):

    @hdf5(f"filter {code}", PACKED)
    def _unknown_filter(file, code=code):
        del file[KERNEL]
        plan = h5p.create(h5p.DATASET_CREATE)
        plan.set_chunk((72, 2))
        plan.set_filter(code, h5py.h5z.FLAG_OPTIONAL, (1,))
        h5d.create(file.id, KERNEL.encode(), h5t.IEEE_F32LE, h5s.create_simple((72, 2)), plan)


hdf5("scale and offset", PACKED)(lambda file: array(file, shape=(72, 2), scaleoffset=3))


# Numbers of parts.


@hdf5("a group within itself", DEEP)
def _circle(file):
    file[LAYER]["x"] = file[LAYER]


@hdf5("the root within a layer", f"({DEEP}|{MANY})")
def _root_circle(file):
    file[LAYER]["x"] = file["/"]


@hdf5("a thousand levels", DEEP)
def _levels(file):
    group = file
    for _ in range(1000):
        group = group.create_group("x")


@hdf5("forty levels of two ways each", MANY)
def _two_ways(file):
    group = file
    for _ in range(40):
        inner = group.create_group("x")
        group["y"] = inner
        group = inner


@hdf5("more names than parts", MANY)
def _names(file):
    group = file.create_group("x")
    for i in range(30_100):
        h5o.link(file[KERNEL].id, group.id, str(i).encode())


# Texts.


def attribute(place: str, name: str, value):
    def change(file):
        file[place].attrs.pop(name, None)
        file[place].attrs[name] = value

    return change


def architecture(text: str | bytes):
    return attribute("/", "model_config", text)


def nested(levels: int) -> str:
    return '{"class_name": "Sequential", "config": {"layers": ' + "[" * levels + "]" * levels + "}}"


def with_layer(file: h5py.File, **settings) -> None:
    config = json.loads(file.attrs["model_config"])
    config["config"]["layers"][-1] |= settings
    file.attrs["model_config"] = json.dumps(config)


hdf5("17 MB of architecture", LARGE)(architecture('{"a": "' + "x" * (17 << 20) + '"}'))
hdf5("a million brackets", LARGE)(architecture('{"a": [' + "[]," * 500_000 + "[]]}"))
hdf5("200,000 brackets deep", LARGE)(architecture(nested(200_000)))
hdf5("900 brackets deep", LARGE)(architecture(nested(900)))
hdf5("250 brackets deep", LARGE)(architecture(nested(250)))
hdf5("no JSON", DAMAGED)(architecture("no JSON"))
hdf5("a list", DAMAGED)(architecture("[1, 2]"))
hdf5("null", DAMAGED)(architecture("null"))
hdf5("no UTF-8", DAMAGED)(architecture(np.bytes_(b"\xff\xfe{}")))
hdf5("a number for the architecture", DAMAGED)(architecture(7.5))
hdf5("nothing for the architecture", DAMAGED)(architecture(h5py.Empty("S1")))
hdf5("numbers of 5,000 digits", DAMAGED)(architecture('{"a": ' + "9" * 5000 + "}"))
hdf5("a foreign class with a newline", r"holds the foreign class evil\.\ufffd\ufffd\[31mBad \(layer dense\)")(
    lambda file: with_layer(file, class_name="\n\x1b[31mBad", module="evil")
)
hdf5("a foreign class with a long name", r"holds the foreign class x+\.\.\. \(layer dense\)")(
    lambda file: with_layer(file, class_name="x" * 100_000, module=None)
)


@hdf5("a reference for the architecture", DAMAGED)
def _reference(file):
    del file.attrs["model_config"]
    file.attrs.create("model_config", file[KERNEL].ref, dtype=h5py.ref_dtype)


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
    ("virtual array", lambda file: _virtual(file, INNER), ELSEWHERE),
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


@zipped("parts over each other", "lie over each other")
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
file_kind("one byte", "is no Keras model file")(lambda path: path.write_bytes(b"P"))
file_kind("the mark of a zip", DAMAGED)(lambda path: path.write_bytes(b"PK\x03\x04"))
file_kind("the mark of HDF5", DAMAGED)(lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n"))
file_kind("the mark of HDF5 later", DAMAGED)(
    lambda path: path.write_bytes(bytes(2048) + b"\x89HDF\r\n\x1a\n" + bytes(99))
)
file_kind("zeros", "is no Keras model file")(lambda path: path.write_bytes(bytes(1 << 20)))


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
