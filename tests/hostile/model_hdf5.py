"""HDF5 files that attack: ways to change a small whole model, and the sentence that refuses it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from h5py import h5d, h5o, h5p, h5s, h5t

ELSEWHERE, LINK = "points to another file", "contains a link in place of weights"
GROWS, MANY, DEEP = "would expand from", "more parts than any model", "deep or in a cycle"
PACKED, LARGE, DAMAGED = "unsupported compression", "larger than any model's", "is damaged"
LAYER, KERNEL = "model_weights/dense/tiny/dense", "model_weights/dense/tiny/dense/kernel"
EMPTY_SHAPE = 1 << 40
HDF5: dict[str, tuple[Callable, str]] = {}


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


@hdf5("soft link through the optimizer", "(points to another file|contains a link)")
def _through_the_optimizer(file):
    file["optimizer_weights/door"] = h5py.ExternalLink(secret(file), "/")
    replaced(file, KERNEL, h5py.SoftLink("/optimizer_weights/door/kernel"))


# Arrays elsewhere.


@hdf5("virtual array", ELSEWHERE)
def virtual(file, place=KERNEL, source=None):
    layout = h5py.VirtualLayout((72, 2), "f4")
    layout[:] = h5py.VirtualSource(source or secret(file), "kernel", (72, 2))
    if place in file:
        del file[place]
    file.create_virtual_dataset(place, layout)


hdf5("virtual array in the optimizer", ELSEWHERE)(lambda file: virtual(file, "optimizer_weights/x"))
hdf5("virtual array of its own file", ELSEWHERE)(lambda file: virtual(file, source="."))


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
hdf5(
    "a foreign class with a newline",
    r"contains the class evil\.\ufffd\ufffd\[31mBad, which is not from Keras \(layer dense\)",
)(lambda file: with_layer(file, class_name="\n\x1b[31mBad", module="evil"))
hdf5("a foreign class with a long name", r"contains the class x+\.\.\., which is not from Keras \(layer dense\)")(
    lambda file: with_layer(file, class_name="x" * 100_000, module=None)
)


@hdf5("a reference for the architecture", DAMAGED)
def _reference(file):
    del file.attrs["model_config"]
    file.attrs.create("model_config", file[KERNEL].ref, dtype=h5py.ref_dtype)
