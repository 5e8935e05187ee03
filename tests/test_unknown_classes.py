"""The experiment on classes that a model never saw: its figures by hand."""

import numpy as np
import pytest

from tests.unknown_classes import auroc, bootstrap_interval, groups_of, no_cars, without_classes, without_images


def test_auroc_counts_the_pairs_in_order():
    # Known 1, 2, 4 against 2: above 1, level with 2, below 4. Against 3: above 1 and 2, below 4.
    known, unknown = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0])
    assert auroc(known, unknown) == pytest.approx((1 + 0.5 + 0 + 1 + 1 + 0) / 6)
    assert auroc(np.zeros(3), np.ones(2)) == 1 and auroc(np.ones(3), np.ones(2)) == 0.5


def test_its_interval_holds_it_and_is_seeded():
    rng = np.random.default_rng(0)
    known, unknown = rng.normal(size=80), rng.normal(1, size=60)
    samples = (known, np.arange(80)), (unknown, np.arange(60))
    low, high = bootstrap_interval(auroc, *samples, resamples=300)
    assert low < auroc(known, unknown) < high and high - low < 0.25
    assert bootstrap_interval(auroc, *samples, resamples=300) == (low, high)


def test_the_interval_draws_whole_groups(tmp_path):
    # Four groups of one value each: a mean can only be a multiple of 1/4. Of one group alone there is one mean.
    values, groups = np.repeat([0.0, 0, 0, 1], 10), np.repeat([5, 2, 9, 7], 10)
    means = set()
    bootstrap_interval(lambda drawn: means.add(float(drawn.mean())) or 0.0, (values, groups), resamples=200)
    assert means <= {0, 0.25, 0.5, 0.75, 1} and len(means) > 2
    assert bootstrap_interval(np.mean, (np.array([0.0, 1]), np.array([3, 3])), resamples=20) == (0.5, 0.5)
    # Twins make the interval wider than if they were images of their own.
    rng = np.random.default_rng(0)
    twins = np.repeat(rng.normal(size=60), 2)
    low, high = bootstrap_interval(np.mean, (twins, np.arange(120) // 2))
    narrow = bootstrap_interval(np.mean, (twins, np.arange(120)))
    assert (high - low) / (narrow[1] - narrow[0]) == pytest.approx(2**0.5, rel=0.15)
    table = "id,group,new_id\na/1.jpg,4,test/a/1.jpg\na/2.jpg,4,test/a/2.jpg\na/3.jpg,4,\nb/4.jpg,6,train/b/4.jpg\n"
    (tmp_path / "split.csv").write_text(table, "utf-8-sig")
    assert groups_of(tmp_path, ["train/b/4.jpg", "test/a/1.jpg"]).tolist() == [6, 4]


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
