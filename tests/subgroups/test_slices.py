"""Slices that were planted, and none where errors are random."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from carvis.errors import CarvisError, StoppedError, TableError
from carvis.evaluation.metrics import wilson_interval
from carvis.subgroups import SliceSettings, slices
from carvis.subgroups.search import holds, propose
from tests.subgroups.small_properties import drawn, evaluated, sha256


def planted(known, seed, weak=0.35, strong=0.08):
    """Errors of a model that fails on dark images, and on strongly compressed ones of class b."""
    table = known.table
    dark = table["brightness"].to_numpy() < 40
    pair = (table["quality"].to_numpy() < 55) & (table["label"].to_numpy() == "b")
    rate = np.where(dark | pair, weak, strong)
    return np.random.default_rng(seed).random(len(table)) < rate, dark, pair


def test_planted_slices_are_found_with_honest_figures():
    known = drawn(3000)
    wrong, dark, pair = planted(known, 0)
    found = slices(evaluated(known, wrong), known)
    assert {one.key for one in found.slices} == {"brightness", "quality + label"}
    for one in found.slices:
        truth = dark if one.key == "brightness" else pair
        mask = known.table.index.isin(one.ids)
        assert (mask & truth).sum() > 0.6 * (mask | truth).sum()
        inside = known.table.index.isin(one.confirming_ids)
        outside = known.table.index.isin(found.confirming) & ~inside
        assert one.n == inside.sum() and one.accuracy == pytest.approx((~wrong[inside]).mean())
        assert one.rest == pytest.approx((~wrong[outside]).mean())
        assert (one.low, one.high) == wilson_interval(int((~wrong[inside]).sum()), one.n)
    row = found.table[found.table["property"] == "brightness"].iloc[0]
    assert row["sentence"].startswith("dark images (brightness under ")
    assert f"accuracy {100 * row['accuracy']:.0f} % [" in row["sentence"] and "for the rest" in row["sentence"]
    assert found.ids(0) == list(found.slices[0].ids) and len(found.ids(0)) == found.table["images"].iloc[0]
    assert list(found.table.columns)[:8] == ["sentence", "property", "n", "accuracy", "low", "high", "rest", "p"]


def test_random_errors_give_nothing():
    reported = 0
    for seed in range(12):
        known = drawn(400, seed)
        wrong = np.random.default_rng(seed).random(400) < 0.2
        reported += bool(len(slices(evaluated(known, wrong), known, SliceSettings(seed=seed))))
    # At a level of 0.05 three of twelve have a probability of 0.02.
    assert reported <= 2


def test_nothing_is_reported_that_the_second_half_does_not_confirm(monkeypatch):
    """The first half alone fails on dark images."""
    known = drawn(1000)
    half = np.arange(1000) % 2
    monkeypatch.setattr("carvis.subgroups.analysis.halves", lambda group, strata, seed: half)
    dark = known.table["brightness"].to_numpy() < 60
    rng = np.random.default_rng(0)
    wrong = np.where(dark & (half == 0), rng.random(1000) < 0.6, rng.random(1000) < 0.1)
    found = slices(evaluated(known, wrong), known)
    assert found.proposed and not len(found)


def test_only_the_first_of_a_group_of_near_duplicates_counts():
    known = drawn(400)
    group = np.repeat(np.arange(100), 4)
    known = dataclasses.replace(known, group=group)
    found = slices(evaluated(known, np.arange(400) % 5 == 0), known)
    assert sum(found.n) == 100 and found.uncounted == 300


def test_the_predicted_class_is_searched_only_where_named():
    known = drawn(600)
    evaluation = evaluated(known, (known.table["label"] == "b").to_numpy())
    assert "predicted" not in slices(evaluation, known).searched
    settings = SliceSettings(properties=("predicted", "label"))
    found = slices(evaluation, known, settings)
    assert found.searched == ("predicted", "label") and all(len(one.conditions) == 1 for one in found.slices)
    with pytest.raises(TableError, match="weather is not a property"):
        slices(evaluation, known, SliceSettings(properties=("weather",)))
    with pytest.raises(CarvisError, match="--seed"):
        SliceSettings(seed=-1)


def test_a_small_test_set_says_what_it_cannot_show():
    known = drawn(40)
    found = slices(evaluated(known, np.arange(40) == 3), known)
    assert not len(found) and found.power.startswith("No slice could have been confirmed")
    assert "provably" in found.finding
    # Of the 20 images of the half none or one is wrong: far more are needed for 20 points.
    assert "it takes about" in found.needed and "there are 40." in found.needed
    larger = slices(evaluated(drawn(1000), np.arange(1000) % 10 == 0), drawn(1000))
    assert "only if its accuracy is at most" in larger.power


def test_no_proposal_holds_for_more_than_half_of_the_images():
    """The images of the first proposal are set aside, and belong to the second all the same."""
    known = drawn(1000)
    rng = np.random.default_rng(0)
    rare = np.arange(1000) % 5 < 2
    brightness = known.table["brightness"]
    table = pd.DataFrame({"kind": np.where(rare, "odd", "even"), "brightness": brightness}, known.table.index)
    rate = np.where(rare, 0.9, np.where(brightness < 200, 0.5, 0.02))
    wrong = rng.random(1000) < rate
    proposals = propose(table, wrong, SliceSettings())
    assert [one[0].key for one in proposals[:2]] == ["kind", "brightness"]
    assert all(holds(one, table).sum() <= 500 for one in proposals)


def test_no_error_is_no_slice():
    known = drawn(100)
    found = slices(evaluated(known, np.zeros(100, bool)), known)
    assert not len(found) and not found.proposed and found.table.empty
    many = drawn(3000)
    assert slices(evaluated(many, np.arange(3000) % 10 == 0), many).needed is None


def test_images_that_changed_are_ignored():
    known = drawn(200)
    evaluation = evaluated(known, np.arange(200) % 4 == 0)
    changed = known.sha256.copy()
    changed[:7] = "other"
    found = slices(evaluation, dataclasses.replace(known, sha256=changed))
    assert sum(found.n) == 193 and found.notes[0].startswith("Ignored: 7 images")
    with pytest.raises(TableError, match="evaluate the model again"):
        slices(evaluation, dataclasses.replace(known, sha256=sha256(["x"] * 200)))


def test_the_table_is_written_with_the_images(tmp_path):
    known = drawn(2000)
    wrong, _dark, _pair = planted(known, 1)
    found = slices(evaluated(known, wrong), known)
    table = pd.read_csv(found.save(tmp_path / "slices.csv"))
    assert table["sentence"].tolist() == list(map(str, found.table["sentence"]))
    assert table["ids"][0].split(";") == found.ids(0)


def test_the_search_says_how_far_it_is_and_stops_where_it_is_asked_to():
    known = drawn(1000)
    evaluation = evaluated(known, planted(known, 0)[0])
    shares = []
    slices(evaluation, known, progress=lambda done, total: shares.append(done / total) and None)
    assert shares == sorted(shares) and shares[-1] == 1 and len(shares) > 2
    with pytest.raises(StoppedError):
        slices(evaluation, known, progress=lambda done, total: done / total > 0.8)
