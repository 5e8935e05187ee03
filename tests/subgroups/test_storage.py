"""Slices in a cache: read back as they were, and never from a damaged or foreign file."""

import json

import numpy as np
import pytest

from carvis.subgroups import SliceSettings, slices, slices_format
from carvis.workspace import Cache, load_cached, store_cached
from tests.subgroups.small_properties import drawn, evaluated
from tests.subgroups.test_slices import planted

KEY = "a" * 64


@pytest.fixture(scope="module")
def searched():
    known = drawn(2000)
    evaluation = evaluated(known, planted(known, 1)[0])
    return evaluation, slices(evaluation, known, SliceSettings(seed=3))


def test_slices_come_back_as_they_were(searched, tmp_path):
    evaluation, found = searched
    cache, form = Cache(tmp_path), slices_format(evaluation)
    assert load_cached(cache, KEY, form) is None and len(found)
    assert store_cached(cache, KEY, form, found)
    again = load_cached(cache, KEY, form)
    assert again.slices == found.slices and again.table.equals(found.table)
    for name in ("proposed", "searched", "n", "errors", "uncounted", "confirming", "settings", "notes", "power"):
        assert getattr(again, name) == getattr(found, name), name
    assert again.evaluation is evaluation and again.finding == found.finding


def test_notes_stay_messages(searched, tmp_path):
    evaluation, _found = searched
    known = drawn(2000)
    changed = known.sha256.copy()
    changed[:7] = "other"
    ignored = slices(evaluation, type(known)(known.table, known.group, changed))
    cache, form = Cache(tmp_path), slices_format(evaluation)
    store_cached(cache, KEY, form, ignored)
    note = load_cached(cache, KEY, form).notes[0]
    assert note.plural is not None and note == ignored.notes[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("searched"),
        lambda data: data["slices"][0].update(n="many"),
        lambda data: data["slices"][0]["ids"].append("test/x/of another.jpg"),
        lambda data: data.update(format=2),
        lambda data: data.update(n=[1, 2, 3]),
        lambda data: data.update(notes=["a sentence of no template"]),
        lambda data: data["settings"].update(seed=-1),
    ],
)
def test_a_file_of_something_else_is_not_read(searched, tmp_path, change):
    evaluation, found = searched
    cache, form = Cache(tmp_path), slices_format(evaluation)
    store_cached(cache, KEY, form, found)
    path = cache.get(KEY, ".json")
    data = json.loads(path.read_text("utf-8"))
    change(data)
    path.write_text(json.dumps(data), "utf-8")
    assert load_cached(cache, KEY, form) is None
    path.write_bytes(b"{")
    assert load_cached(cache, KEY, form) is None


def test_no_slice_has_no_ids(tmp_path):
    known = drawn(100)
    evaluation = evaluated(known, np.zeros(100, bool))
    found = slices(evaluation, known)
    cache, form = Cache(tmp_path), slices_format(evaluation)
    store_cached(cache, KEY, form, found)
    again = load_cached(cache, KEY, form)
    assert not len(again) and again.n == found.n and again.table.empty
