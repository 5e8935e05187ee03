"""Properties that give the class away, and those that do not."""

import dataclasses

import numpy as np
import pytest

from carvis.subgroups import ShortcutSettings, shortcuts
from carvis.subgroups.shortcut_scores import class_score, mean_recall, permuted_p, tree_depth
from tests.subgroups.small_properties import drawn


def test_mean_recall_by_hand():
    # Recalls 3 / 4 and 1 / 2.
    table = np.array([[3, 1], [2, 2]])
    assert mean_recall(table, np.arange(2)) == pytest.approx(0.625)
    # A class without images has no row.
    assert mean_recall(np.array([[0, 1, 3]]), np.array([2])) == pytest.approx(0.75)


def test_permuted_labels_by_hand():
    # Two a and two b, all predicted right: of the 6 ways to deal out the labels one is as good. p = 1 / 6.
    labels = np.array([0, 0, 1, 1])
    p = permuted_p(labels, labels, 2, 20_000, np.random.default_rng(0))
    assert p == pytest.approx(1 / 6, abs=0.01)


def test_a_tree_stays_shallow():
    assert [tree_depth(n) for n in (2, 4, 5, 20, 200)] == [3, 3, 4, 6, 9]


def test_a_class_that_is_always_bright_is_found():
    known = drawn(400)
    table = known.table
    bright = np.where(table["label"] == "b", 200 + table["brightness"] / 10, table["brightness"] * 0.7)
    table = table.assign(brightness=bright)
    found = shortcuts(dataclasses.replace(known, table=table))
    assert [one.key for one in found.shortcuts] == ["brightness"]
    one = found.shortcuts[0]
    assert one.accuracy > 0.95 and one.chance == 0.5 and one.p < 0.01
    assert "brightness alone predicts the class" in one.sentence and one.share > 0.95
    assert found.table["property"].tolist() == ["brightness"] and found.finding.startswith("1 property")
    mask = one.example.holds(table)
    assert one.n == mask.sum() and one.share == pytest.approx((table["label"][mask] == one.label).mean())


def test_a_file_format_that_belongs_to_a_class_is_found():
    known = drawn(300)
    table = known.table.assign(format=np.where(known.table["label"] == "b", "PNG", "JPEG").astype(object))
    found = shortcuts(dataclasses.replace(known, table=table))
    assert [one.key for one in found.shortcuts] == ["format"] and "files" in found.shortcuts[0].sentence


def test_properties_without_a_relation_are_no_shortcut():
    found = [len(shortcuts(drawn(300, seed), ShortcutSettings(seed=seed))) for seed in range(12)]
    # At a level of 0.05 three of twelve have a probability of 0.02.
    assert sum(map(bool, found)) <= 2


def test_near_duplicates_do_not_leak_from_fold_to_fold():
    """Each photograph five times: its brightness is its own name, but says nothing of another photograph."""
    known = drawn(60)
    rows = np.repeat(np.arange(60), 5)
    table = known.table.iloc[rows].set_axis([f"{i}" for i in range(300)])
    often = dataclasses.replace(known, table=table, group=known.group[rows], sha256=known.sha256[rows])
    found = shortcuts(often)
    assert found.n == 60 and not len(found)


def test_too_few_images_are_said_to_be_too_few():
    known = drawn(2)
    found = shortcuts(known)
    assert not found.tested and "too few" in found.finding
    assert class_score(np.arange(6.0), np.zeros(6, int), ShortcutSettings()) is None
