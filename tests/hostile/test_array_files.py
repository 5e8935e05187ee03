"""NumPy's files, each damaged in one way: a sentence where a person owns the file, and made anew where a cache does."""

import io
import json
import resource
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carvis.dataset.health.duplicates import find_duplicates
from carvis.dataset.health.image_facts import Described, describe
from carvis.errors import CarvisError, TableError, TrainingError
from carvis.explain.faithfulness_metrics.cache import FORMAT, stored_faithfulness
from carvis.explain.faithfulness_metrics.deletion_insertion import Curves
from carvis.explain.faithfulness_metrics.result import Faithfulness, Trial
from carvis.explain.filters.cache import PATTERN_FORMAT
from carvis.explain.filters.patterns import Pattern
from carvis.explain.heatmap import Heatmap
from carvis.images import write_image
from carvis.training import Run
from carvis.training import replay as kept_epochs
from carvis.training.replay import Replay
from carvis.workspace import Cache, load_cached, open_arrays, store_cached
from tests.hostile.material import ANY_JSON, NAMES, one_sentence, places, replaced, run_folder

QUICK = settings(
    max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MAP = Heatmap(
    np.array([[0.5, -1.0]], np.float32), "ok", 1, "車", 0, "A", 2.5, "logit", np.array([0.75, 0.25], np.float32),
    tuple(NAMES), "conv", "grad-cam", "m", "f", "unit", "a.jpg", notes=("A note.",),
)  # fmt: skip


class Attack:
    """What a pickle would run."""

    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle ran')",)


def packed(arrays: dict, compressed: bool = False) -> bytes:
    """Return arrays as ``.npz``."""
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, **arrays)
    return buffer.getvalue()


def unpacked(path) -> dict:
    with np.load(path) as file:
        return dict(file)


def with_member(content: bytes, name: str, data: bytes, twice: bool = False) -> bytes:
    """Return an archive with other bytes in one member, or with the member there twice."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, data if member == name and not twice else old.read(member))
        if twice:
            new.writestr("other.npy", data)
    made = buffer.getvalue()
    return made.replace(b"other.npy", name.encode()) if twice else made


def header(text: str, rest: bytes = b"") -> bytes:
    """Return a ``.npy`` with a header of one's own."""
    body = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body + rest


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


F4 = "{'descr': '<f4', 'fortran_order': False, 'shape': "
MEMBERS = {
    "a pickle": npy(np.array([Attack()], dtype=object)),
    "records": npy(np.zeros((1, 2), [("a", "f4")])),
    "complex": npy(np.zeros((1, 2), complex)),
    "dates": npy(np.zeros((1, 2), "M8[s]")),
    "texts": npy(np.array([["a", "b"]])),
    "one side": npy(np.zeros(3, np.float32)),
    "no side": npy(np.float32(1)),
    "nothing in it": npy(np.zeros((0, 3), np.float32)),
    "a shape beyond the data": header(F4 + "(100000, 100000)}"),
    "a negative shape": header(F4 + "(-1, -2)}", b"\0" * 8),
    "a shape of texts": header(F4 + "('a', 'b')}", b"\0" * 8),
    "a header that is code": header("__import__('os').system('x')"),
    "a header of brackets": header("(" * 5000),
    "no header": b"\x93NUMPY\x01\x00\xff\xff",
    "no array": b"hello",
    "more behind it": npy(np.zeros((1, 2), np.float32)) + b"more",
    "less than it says": npy(np.zeros((1, 2), np.float32))[:-2],
    "a version of the future": npy(np.zeros((1, 2), np.float32)).replace(b"NUMPY\x01", b"NUMPY\x09"),
}


@pytest.mark.parametrize("kind", MEMBERS)
@pytest.mark.parametrize("name", ["raw", "probabilities", "facts"])
def test_a_wrong_array_of_a_heatmap_is_one_sentence(tmp_path, kind, name):
    path = MAP.save(tmp_path / "a.npz")
    assert Heatmap.load(path).overlay(np.zeros((4, 4, 3), np.uint8)).shape == (4, 4, 3)
    path.write_bytes(with_member(path.read_bytes(), f"{name}.npy", MEMBERS[kind]))
    with pytest.raises(TableError) as said:
        Heatmap.load(path)
    one_sentence(said.value, str(path), "write it again with Heatmap.save")


def torn(content: bytes) -> dict[str, bytes]:
    """Return an archive damaged in the ways of disks and strangers."""
    place = content.find(b"PK\x01\x02")
    return {
        "empty": b"",
        "zeros": b"\0" * 5000,
        "cut": content[:-40],
        "its end alone": content[-60:],
        "text": b"hello",
        "an array alone": npy(np.zeros(3)),
        "one array twice": with_member(content, "raw.npy", MEMBERS["one side"], twice=True),
        "an empty archive": packed({}),
        "a packing unknown": content[: place + 10] + b"\x63\x00" + content[place + 12 :],
        "encrypted": content[: place + 8] + b"\x01\x00" + content[place + 10 :],
        "brackets": packed(dict(unpacked(io.BytesIO(content)), facts="[" * 200_000)),
        "no text": packed(dict(unpacked(io.BytesIO(content)), facts="{")),
    }


@pytest.mark.parametrize("kind", torn(packed({"facts": "{}"})))
def test_a_torn_heatmap_is_one_sentence(tmp_path, kind):
    path = MAP.save(tmp_path / "a.npz")
    path.write_bytes(torn(path.read_bytes())[kind])
    with pytest.raises(TableError) as said:
        Heatmap.load(path)
    one_sentence(said.value, str(path))


def test_a_small_archive_of_much_is_refused_before_it_is_unpacked(tmp_path):
    """Half a gigabyte of zeros in half a megabyte."""
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("raw.npy", "w") as member:
        member.write(header(F4 + "(128, 1048576)}"))
        for _ in range(8):
            member.write(bytes(1 << 26))
    assert path.stat().st_size < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (
        pytest.raises(CarvisError, match="larger than they should be"),
        open_arrays(path, max_bytes=100_000_000) as file,
    ):
        file.read("raw", "f")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def _facts(path) -> dict:
    return json.loads(str(unpacked(path)["facts"]))


def _load(path, facts):
    path.write_bytes(packed(dict(unpacked(path), facts=json.dumps(facts))))
    found = Heatmap.load(path)
    return found, found.overlay(np.zeros((4, 4, 3), np.uint8)), found.message, found.confidence, found._repr_html_()


WRONG = [
    ("target", "A", "target must be a whole number, and is a text"),
    ("target", 2, "damaged"),
    ("predicted", -1, "predicted must be 0 or more, and is -1"),
    ("status", "fine", "status must be one of"),
    ("class_names", "AB", "class_names must be a list, and is a text"),
    ("class_names", ["A"], "the array probabilities has the shape (2,)"),
    ("score", "high", "score must be a number, and is a text"),
    ("turn", 9, "turn must be 8 or less, and is 9"),
    ("layer", ..., "layer is missing"),
    ("notes", "A note.", "notes must be a list, and is a text"),
]


@pytest.mark.parametrize(("key", "value", "words"), WRONG)
def test_a_wrong_fact_of_a_heatmap_is_named(tmp_path, key, value, words):
    path = MAP.save(tmp_path / "a.npz")
    with pytest.raises(TableError) as said:
        _load(path, replaced(_facts(path), (key,), value))
    one_sentence(said.value, str(path), words)


@QUICK
@given(data=st.data())
def test_any_fact_of_a_heatmap(tmp_path, data):
    path = MAP.save(tmp_path / "a.npz")
    good = _facts(path)
    try:
        _load(path, replaced(good, data.draw(st.sampled_from(places(good))), data.draw(ANY_JSON | st.just(...))))
    except TableError as error:
        one_sentence(error, str(path))


@QUICK
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_byte_of_a_heatmap(tmp_path, changes):
    path = MAP.save(tmp_path / "a.npz")
    content = bytearray(path.read_bytes())
    for place, value in changes:
        content[place % len(content)] = value
    path.write_bytes(content)
    try:
        Heatmap.load(path)
    except TableError as error:
        one_sentence(error, str(path))


def test_a_score_that_is_no_number_is_kept(tmp_path):
    from dataclasses import replace

    path = replace(MAP, score=float("nan"), status="non-finite").save(tmp_path / "a.npz")
    assert np.isnan(Heatmap.load(path).score) and "NaN" not in str(unpacked(path)["facts"])


@pytest.fixture
def replay(tmp_path):
    run = Run(run_folder(tmp_path))
    kept_epochs.begin(run, ["valid/A/1.jpg", "valid/車/2.jpg"], np.array([0, 1]))
    kept_epochs.keep_epoch(run, 1, np.array([0, 0]))
    assert Replay(run).confusion(1).to_numpy().tolist() == [[1, 0], [1, 0]] and not Replay(run).has_weights(1)
    return Replay(run)


@pytest.mark.parametrize("kind", [*MEMBERS, "of other classes", "of fewer images"])
@pytest.mark.parametrize(("file", "name"), [("pictures", "labels"), ("pictures", "ids"), ("epoch-0001", "answers")])
def test_a_wrong_array_of_a_replay_is_one_sentence(replay, file, name, kind):
    path = replay.folder / f"{file}.npz"
    others = {"of other classes": npy(np.array([0, 2])), "of fewer images": npy(np.array([0]))}
    path.write_bytes(with_member(path.read_bytes(), f"{name}.npy", (MEMBERS | others)[kind]))
    with pytest.raises(TrainingError) as said:
        replay.confusion(1)
    one_sentence(said.value, "choose another epoch")


def faithfulness() -> Faithfulness:
    curves = Curves(np.linspace(1, 0, 5, dtype=np.float32), np.linspace(0, 1, 5, dtype=np.float32))
    trial = Trial(curves, 0.5, 0.0)
    return Faithfulness(trial, {"random": trial, "blob": trial}, None, "ok", 4, "blur", 0)


@QUICK
@given(data=st.data())
def test_any_fact_of_a_test_of_faithfulness_is_made_anew_or_fine(tmp_path, data):
    cache = Cache(tmp_path)
    path = cache.put("key", ".npz", FORMAT.encode(faithfulness()))
    assert stored_faithfulness(cache, "key").verdict == "not-better"
    good = _facts(path)
    facts = replaced(good, data.draw(st.sampled_from(places(good))), data.draw(ANY_JSON | st.just(...)))
    path.write_bytes(packed(dict(unpacked(path), facts=json.dumps(facts))))
    found = stored_faithfulness(cache, "key")
    assert found is None or found.facts()


@pytest.mark.parametrize("kind", MEMBERS)
@pytest.mark.parametrize("name", ["image", "attempt"])
def test_a_damaged_pattern_is_made_anew(tmp_path, kind, name):
    cache = Cache(tmp_path)
    store_cached(cache, "a1", PATTERN_FORMAT, Pattern(np.zeros((4, 4, 3), np.uint8), 1))
    assert load_cached(cache, "a1", PATTERN_FORMAT).attempt == 1
    [path] = tmp_path.rglob("*.npz")
    path.write_bytes(with_member(path.read_bytes(), f"{name}.npy", MEMBERS[kind]))
    assert load_cached(cache, "a1", PATTERN_FORMAT) is None


@pytest.mark.parametrize("kind", MEMBERS)
@pytest.mark.parametrize("name", ["stamps", "facts", "small", "framed", "whole"])
def test_damaged_facts_of_images_are_made_anew(tmp_path, kind, name):
    file = tmp_path / "a.png"
    write_image(file, np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    samples = pd.DataFrame({"id": ["a"], "path": [str(file)], "split": ["test"], "label": ["A"], "size": [9]})
    cache = Cache(tmp_path / "cache")
    good = describe(samples, cache)
    [path] = (tmp_path / "cache").rglob("*.npz")
    path.write_bytes(with_member(path.read_bytes(), f"{name}.npy", MEMBERS[kind]))
    assert describe(samples, cache).table.equals(good.table)


@pytest.mark.parametrize("kind", [*MEMBERS, "other pairs"])
@pytest.mark.parametrize("name", ["pairs", "distance"])
def test_damaged_pairs_are_searched_again(tmp_path, kind, name):
    image = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3)).astype(np.uint8)
    table = pd.DataFrame({"pixels": ["a", "b"], "path": ["a", "b"]})
    described = Described(table, image, {})
    cache = Cache(tmp_path)
    assert len(find_duplicates(described, cache).pairs) == 0
    [path] = tmp_path.rglob("*.npz")
    other = {"other pairs": npy(np.array([[0, 7]] if name == "pairs" else [np.inf]))}
    path.write_bytes(with_member(path.read_bytes(), f"{name}.npy", (MEMBERS | other)[kind]))
    assert len(find_duplicates(described, cache).pairs) == 0


def test_a_cache_that_names_a_pipe_waits_for_nobody(tmp_path):
    import os

    cache = Cache(tmp_path)
    path = cache.put("key", ".npz", b"")
    path.unlink()
    os.mkfifo(path)
    assert stored_faithfulness(cache, "key") is None
    assert load_cached(SimpleNamespace(get=lambda *_: path), "a1", PATTERN_FORMAT) is None
