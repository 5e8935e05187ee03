"""Model files from strangers: whatever they hold is refused in one sentence, or is the model that was saved."""

import contextlib
import json
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carvis.architectures import build_model
from carvis.architectures.weights import read_weights
from carvis.classifier import describe_model_file, load_classifier
from carvis.classifier.files.hdf5_arrays import MOST_PARTS
from carvis.classifier.files.inspection import read_in_process
from carvis.cli import main
from carvis.errors import CarvisError, ModelError
from tests.hostile.broken_hdf5 import (
    block_bomb,
    circle_of_names,
    copied,
    crashing_tables,
    endless_texts,
    header_of_gigabytes,
    shared_texts,
    text_of_gigabytes,
)
from tests.hostile.model_files import FILES, INNER, WEIGHTS, ZIP, attacks, members, written
from tests.hostile.model_hdf5 import HDF5, KERNEL

L = keras.layers
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype(np.uint8)
NAMES = [f"{word}: {name}" for word, table in (("h5", HDF5), ("zip", ZIP), ("file", FILES)) for name in table]


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    """A folder with one small model as ``good.h5`` and ``good.keras``, trained for a step, and its predictions."""
    folder = tmp_path_factory.mktemp("good")
    keras.utils.set_random_seed(0)
    layers = [L.Conv2D(2, 3, name="conv2d"), L.Flatten(name="flat"), L.Dense(2, "softmax", name="dense")]
    model = keras.Sequential([keras.Input((8, 8, 3), name="image"), *layers], name="tiny")
    model.compile("adam", "categorical_crossentropy")
    model.train_on_batch(np.zeros((2, 8, 8, 3)), np.eye(2))
    for name in ("good.h5", "good.keras", "good.weights.h5"):
        model.save_weights(folder / name) if "weights" in name else model.save(folder / name)
    np.save(folder / "predictions.npy", load_classifier(folder / "good.keras").predict(IMAGES))
    return folder


@pytest.fixture(scope="module")
def bad(good, tmp_path_factory) -> dict[str, tuple[Path, str]]:
    return attacks(good, tmp_path_factory.mktemp("bad"))


def said_by(capsys, *arguments: str) -> str:
    """What the command line says of a file: one sentence, with exit code 2."""
    assert main([str(argument) for argument in arguments]) == 2
    text = capsys.readouterr().err.strip()
    assert "\n" not in text and "Traceback" not in text and text.endswith("."), text
    return text


@pytest.mark.parametrize("name", NAMES)
def test_each_kind_is_refused_in_one_sentence_at_once(name, bad, capsys):
    path, says = bad[name]
    start = time.process_time()
    with contextlib.suppress(ModelError):
        read_in_process(path)
    # Twice the second that is allowed, for slow machines.
    assert time.process_time() - start < 2
    text = describe_model_file(path)["refused"]
    assert text and re.search(says, text) and str(path) in text, text
    assert text in said_by(capsys, "summary", path)


def test_trust_opens_none_of_them(bad):
    for name, (path, says) in bad.items():
        if "link" in name or "virtual" in name:
            with pytest.raises(ModelError, match=says):
                load_classifier(path, trust=True)


def test_weights_are_taken_from_none_of_them(bad):
    """The door is the same for a file of weights: what is no matter of the architecture is refused alike."""
    refused = 0
    for path, says in bad.values():
        if any(
            word in says
            for word in ("another file", "a link", "expand", "parts", "cycle", "circle", "compression", "folder$")
        ):
            with pytest.raises(ModelError, match=says):
                read_weights(path)
            refused += 1
    assert refused > 60


def test_evaluating_one_is_refused_too(bad, make_pictures, tmp_path, capsys):
    make_pictures(tmp_path / "data" / "test" / "a", ["1.png"])
    path, says = bad["h5: soft link through the optimizer"]
    assert re.search(says, said_by(capsys, "evaluate", path, tmp_path / "data"))
    with pytest.raises(ModelError, match=says):
        build_model("own", 2, 32, weights=path)


LIMITED = """
import resource, sys
from pathlib import Path
from carvis.errors import ModelError
from carvis.classifier.files.inspection import open_weights, read_in_process

def read(group):
    for name, item in group.items():
        read(item) if hasattr(item, "group") else item.read()

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.stdin.read().split():
    try:
        read_in_process(Path(path))
    except ModelError:
        pass
    try:
        with open_weights(Path(path)) as store:
            read(store)
    except Exception:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told in kilobytes on Linux")
def test_all_of_them_together_take_little_memory(bad, good, tmp_path):
    grow = block_bomb, shared_texts, circle_of_names, header_of_gigabytes, text_of_gigabytes
    bombs = [make(good, tmp_path / f"{number}.h5") for number, make in enumerate(grow)]
    paths = "\n".join(str(path) for path in [*(path for path, _ in bad.values()), *bombs])
    done = subprocess.run([sys.executable, "-c", LIMITED], input=paths, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 150_000


# What shows when the weights are read.


def changed(change):
    def make(good: Path, target: Path) -> Path:
        with h5py.File(copied(good, target), "r+") as file:
            change(file)
        return target

    return make


def put(place: str, value, **settings):
    def change(file):
        del file[place]
        file.create_dataset(place, data=value, **settings)

    return changed(change)


def names(place: str, key: str, value):
    return changed(lambda file: file[place].attrs.__setitem__(key, value))


def wide(file: h5py.File) -> None:
    config = json.loads(file.attrs["model_config"])
    config["config"]["layers"][-1]["config"]["units"] = 10**11
    file.attrs["model_config"] = json.dumps(config)


READ = {
    "a block that grows": (block_bomb, "is not of its size"),
    "texts that are one": (shared_texts, "would expand from"),
    "texts without end": (endless_texts, "its texts are broken"),
    "names in a circle": (circle_of_names, "its names lead in a circle"),
    "names that end the library": (crashing_tables, "crashes the program that reads it"),
    "a header of gigabytes": (header_of_gigabytes, "is damaged"),
    "a text of gigabytes": (text_of_gigabytes, "would expand from 26"),
    "texts for numbers": (put(KERNEL, ["a"] * 144, dtype=h5py.string_dtype()), "do not have the shapes"),
    "texts of the right shape": (put(KERNEL, np.full((72, 2), "a", object), dtype=h5py.string_dtype()), "no numbers"),
    "references for numbers": (
        changed(lambda file: (file.__delitem__(KERNEL), file.create_dataset(KERNEL, (72, 2), h5py.ref_dtype))),
        "no numbers",
    ),
    "records for numbers": (put(KERNEL, np.zeros((72, 2), [("a", "f4"), ("b", "i8")])), "no numbers"),
    "bytes for numbers": (put(KERNEL, np.zeros((72, 2), "V4")), "no numbers"),
    "a group for an array": (changed(lambda file: (file.__delitem__(KERNEL), file.create_group(KERNEL))), "it lacks"),
    "an array for a group": (put("model_weights/dense", np.zeros(3)), "it lacks dense"),
    "an array for all weights": (put("model_weights", np.zeros(3)), "contains no Keras model"),
    "a layer that is missing": (names("model_weights", "layer_names", [b"nowhere"]), "it lacks nowhere"),
    "a name of a megabyte": (names("model_weights", "layer_names", "x" * (1 << 20)), "lacks"),
    "numbers for names": (names("model_weights", "layer_names", np.arange(9)), "it lacks 0"),
    "one number for names": (names("model_weights", "layer_names", 7), r"bad\.h5"),
    "names that repeat": (
        names("model_weights", "layer_names", ["conv2d"] * 4000),
        "0 arrays for layer",
    ),
    "names that lead up": (names("model_weights", "layer_names", [b"../conv2d"]), r"it lacks \.\./conv2d"),
    "weights of the optimizer": (
        names("model_weights/dense", "weight_names", [b"/optimizer_weights/x", b"tiny/dense/bias"]),
        "it lacks /optimizer",
    ),
    "a hundred billion units": (changed(wide), "do not have the shapes that the architecture needs"),
}


@pytest.mark.parametrize("name", READ)
def test_what_shows_when_the_weights_are_read(name, good, tmp_path, capsys):
    make, says = READ[name]
    text = said_by(capsys, "summary", make(good, tmp_path / "bad.h5"))
    assert re.search(says, text), text


def test_a_file_that_lists_others_is_told(tmp_path):
    (tmp_path / "m.weights.json").write_text('{"weight_map": {"/layers/dense/vars": "/etc/passwd"}}')
    with pytest.raises(ModelError, match="lists weights stored in several files"):
        read_weights(tmp_path / "m.weights.json")


# What is whole opens, however it is packed.


def repacked(file: h5py.File, place: str, **packing) -> None:
    values = file[place][()]
    del file[place]
    file.create_dataset(place, data=values, **packing)


def linked(file: h5py.File) -> None:
    """A weight under two names, as a hard link: both lie in the file."""
    file["other"] = file[KERNEL]
    del file[KERNEL]
    file[KERNEL] = file["other"]


def with_moments(file: h5py.File) -> None:
    """The optimizer of a fresh model of 8 million weights: 64 MB of zeros, which shrink to nothing."""
    for name in ("m", "v"):
        file["optimizer_weights"].create_dataset(name, (1 << 23,), "f4", compression="gzip", chunks=(1 << 20,))


def with_belongings(file: h5py.File) -> None:
    """What people add to a file: texts, a named type, references."""
    file["labels"] = ["Golf", "Polo"]
    file["type"] = np.dtype("f8")
    file["refs"] = np.array([file[KERNEL].ref], h5py.ref_dtype)
    file.attrs["labels"] = ["Golf", "Polo"]


PACKINGS = {
    "hard links": linked,
    "gzip": lambda file: repacked(file, KERNEL, compression="gzip", shuffle=True, fletcher32=True),
    "lzf": lambda file: repacked(file, KERNEL, compression="lzf"),
    "blocks": lambda file: repacked(file, KERNEL, chunks=(7, 2), compression="gzip"),
    "zeros of an optimizer": with_moments,
    "belongings": with_belongings,
}


@pytest.mark.parametrize("name", PACKINGS)
def test_whole_files_open_however_they_are_packed(name, good, tmp_path):
    path = changed(PACKINGS[name])(good, tmp_path / "m.h5")
    np.testing.assert_allclose(load_classifier(path).predict(IMAGES), np.load(good / "predictions.npy"), atol=1e-6)
    assert describe_model_file(path)["refused"] is None


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_opens_however_it_is_packed(packing, good, tmp_path):
    held = members(good / "good.keras")
    inner = tmp_path / "inner.h5"
    inner.write_bytes(held[WEIGHTS])
    with h5py.File(inner, "r+") as file:
        repacked(file, INNER, compression="gzip")
        file["layers/again"] = file["layers/dense"]
    written(tmp_path / "m.keras", held | {WEIGHTS: inner.read_bytes(), "assets/note.txt": b"x" * 9999}, packing)
    for trust in (False, True):
        found = load_classifier(tmp_path / "m.keras", trust=trust).predict(IMAGES)
        np.testing.assert_allclose(found, np.load(good / "predictions.npy"), atol=1e-6)


def test_many_parts_are_fewer_than_a_large_model_may_have():
    # EfficientNetV2L with its optimizer: 1,028 layers, 1,500 arrays, two more of each for Adam, groups round them.
    assert MOST_PARTS > 3 * 9000


def test_bfloat16_comes_out_as_it_went_in(tmp_path):
    image = keras.Input((8, 8, 3), dtype="bfloat16")
    model = keras.Model(image, L.Dense(2, "softmax", dtype="bfloat16")(L.Flatten(dtype="bfloat16")(image)))
    model.save(tmp_path / "m.keras")
    opened = load_classifier(tmp_path / "m.keras").model
    for ours, theirs in zip(opened.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours.astype("f4"), theirs.astype("f4"))


# Any bytes at all.

EDITS = st.lists(
    st.tuples(st.integers(0, 1 << 20), st.one_of(st.binary(min_size=1, max_size=8), st.just(b"\xff" * 8))),
    min_size=1,
    max_size=6,
)
SETTINGS = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}


def edited(good: Path, name: str, edits) -> Path:
    data = bytearray((good / name).read_bytes())
    for place, values in edits:
        place %= len(data)
        data[place : place + len(values)] = values
    target = good / f"edited-{name}"
    target.write_bytes(data)
    return target


@pytest.mark.parametrize("name", ["good.h5", "good.keras"])
@settings(max_examples=120, **SETTINGS)
@given(edits=EDITS)
def test_any_bytes_are_described(name, good, edits):
    path = edited(good, name, edits)
    facts = describe_model_file(path)
    assert facts["refused"] is None or (str(path) in facts["refused"] and "\n" not in facts["refused"])


@settings(max_examples=20, **SETTINGS)
@given(edits=EDITS)
def test_any_bytes_of_a_zip_give_the_same_model_or_one_sentence(good, edits):
    try:
        found = load_classifier(edited(good, "good.keras", edits)).predict(IMAGES)
    except CarvisError as error:
        assert "\n" not in str(error)
    else:
        np.testing.assert_allclose(found, np.load(good / "predictions.npy"), atol=1e-6)
