"""The experiment on classes that a model never saw: its figures by hand."""

import numpy as np
import pytest

from tests.unknown_classes import auroc, auroc_interval, no_cars, without_classes, without_images


def test_auroc_counts_the_pairs_in_order():
    # Known 1, 2, 4 against 2: above 1, level with 2, below 4. Against 3: above 1 and 2, below 4.
    known, unknown = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0])
    assert auroc(known, unknown) == pytest.approx((1 + 0.5 + 0 + 1 + 1 + 0) / 6)
    assert auroc(np.zeros(3), np.ones(2)) == 1 and auroc(np.ones(3), np.ones(2)) == 0.5


def test_its_interval_holds_it_and_is_seeded():
    rng = np.random.default_rng(0)
    known, unknown = rng.normal(size=80), rng.normal(1, size=60)
    low, high = auroc_interval(known, unknown, resamples=300)
    assert low < auroc(known, unknown) < high and high - low < 0.25
    assert auroc_interval(known, unknown, resamples=300) == (low, high)


def test_classes_are_moved_out_of_the_data_set(tmp_path):
    for place in ("train/a/1.jpg", "train/b/2.jpg", "test/b/3.jpg"):
        (tmp_path / "data" / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / place).write_bytes(b"")
    moved = without_classes(tmp_path / "data", tmp_path / "out", ["b"])
    assert [path.relative_to(tmp_path / "out").as_posix() for path in moved] == ["b/test/3.jpg", "b/train/2.jpg"]
    assert [path.name for path in (tmp_path / "data").glob("*/*/*")] == ["1.jpg"]
    [left] = without_images(tmp_path / "data", tmp_path / "others", ["a/1.jpg", "a/gone.jpg"])
    assert left == tmp_path / "others" / "a" / "1.jpg" and left.is_file()
    assert not list((tmp_path / "data").glob("*/*/*"))
    assert len(list(no_cars())) >= 2
