"""Splits without leaks: what must hold of every one."""

import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest

from carvis.dataset import Dataset
from carvis.dataset.health import check_dataset, split_dataset
from carvis.dataset.health.assignment import _deal
from carvis.dataset.parts import read_parts
from carvis.errors import CarvisError, DatasetError
from carvis.images import read_image, write_image
from tests.dataset.health.scenes import mirrored, reencoded, scene


@pytest.fixture(scope="module")
def leaky(tmp_path_factory):
    """Two classes of 20 scenes; each fourth has a re-encoded or mirrored duplicate in test, each fifth an exact one."""
    root = tmp_path_factory.mktemp("leaky") / "cars"
    for seed in range(40):
        label = "ab"[seed % 2]
        path = write_image(root / "train" / label / f"{seed:02}.png", scene(seed))
        if seed % 4 == 0:
            changed = (reencoded, mirrored)[seed % 8 // 4](scene(seed))
            write_image(root / "test" / label / f"{seed:02}.png", np.ascontiguousarray(changed))
        if seed % 5 == 0:
            (root / "test" / label).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, root / "test" / label / f"same {seed}.png")
    # Of one scene two duplicates that bear different labels, and a file that is none.
    write_image(root / "train" / "a" / "odd.png", scene(99))
    write_image(root / "test" / "b" / "odd.jpg", scene(99))
    (root / "test" / "a" / "broken.jpg").write_bytes(b"no image")
    return root


def test_no_group_lies_across_splits_and_every_image_is_accounted_for(leaky, tmp_path):
    health = check_dataset(leaky)
    made = split_dataset(health, tmp_path / "new")
    assert made.leaks == 0 and made.placed_by == {"hard link": 50}
    table = made.table
    assert sorted(table["id"]) == sorted(health.images["id"])
    placed = table[table["split"] != ""]
    assert placed.groupby("group")["split"].nunique().max() == 1
    assert made.skipped == {"exact duplicate": 8, "labels disagree": 2, "unreadable": 1}
    assert (placed["reason"] == "").all() and (table.loc[table["split"] == "", "reason"] != "").all()
    data = Dataset(tmp_path / "new")
    ids = [name for split in data.splits for name in data.samples(split)["id"]]
    assert sorted(ids) == sorted(placed["new_id"])
    for row in placed.itertuples():
        assert os.path.samefile(row.path, data.resolve(row.new_id))
    new_health = check_dataset(data)
    assert new_health.distinct == len(new_health.images) == 50
    assert all(shared.copies == 0 for shared in new_health.crossing().values())
    counts = made.counts
    assert counts.sum(axis=1).tolist() == [30, 20]
    # Groups are of one or two images: no class is further than that from its shares.
    assert (abs(counts.to_numpy() - np.outer(counts.sum(axis=1), (0.7, 0.15, 0.15))) <= 2).all()


def test_a_seed_decides(leaky, tmp_path):
    health = check_dataset(leaky)
    tables = [
        split_dataset(health, tmp_path / f"{i}", seed=seed, manifest=True).table for i, seed in enumerate((3, 3, 4))
    ]
    assert tables[0].equals(tables[1]) and not tables[0]["split"].equals(tables[2]["split"])
    assert (tmp_path / "0" / "split.csv").read_bytes() == (tmp_path / "1" / "split.csv").read_bytes()
    assert sorted(path.name for path in (tmp_path / "0").iterdir()) == ["split.csv", "split.json"]


def test_groups_go_to_the_split_that_lacks_most():
    # Group 7 has three images, the others one each: of 6 images train lacks 3, valid 1.5, test 1.5.
    groups = pd.Series([7, 7, 7, 1, 2, 3])
    place = _deal(groups, np.array([0.5, 0.25, 0.25]), np.random.default_rng(0))
    assert place[7] == "train"
    assert {place[group] for group in (1, 2, 3)} == {"test", "valid"}
    none = _deal(groups, np.array([0.8, 0.0, 0.2]), np.random.default_rng(0))
    assert "valid" not in none.values()


def test_a_small_class_has_images_in_each_split():
    shares = np.array([0.7, 0.15, 0.15])
    for n, counts in ((1, [1]), (2, [2]), (3, [1, 1, 1]), (4, [1, 1, 2]), (5, [1, 1, 3])):
        for seed in range(5):
            place = list(_deal(pd.Series(range(n)), shares, np.random.default_rng(seed)).values())
            assert sorted(place.count(split) for split in set(place)) == counts and place.count("train") == max(counts)
    # The smallest group goes to the split that would be empty.
    place = _deal(pd.Series([7] * 8 + [5] * 4 + [3] * 3), np.array([0.9, 0.05, 0.05]), np.random.default_rng(0))
    assert place[7] == "train" and {place[5], place[3]} == {"valid", "test"}
    assert set(_deal(pd.Series([1, 2]), np.array([0.8, 0.0, 0.2]), np.random.default_rng(0)).values()) == {
        "train",
        "test",
    }


def test_classes_without_images_in_a_split_are_named(tmp_path):
    for i, label in enumerate("abbbc"):
        write_image(tmp_path / "cars" / "train" / label / f"{i}.png", scene(i))
    (tmp_path / "cars" / "train" / "c" / "4.png").write_bytes(b"no image")
    health = check_dataset(tmp_path / "cars")
    made = split_dataset(health, tmp_path / "new")
    assert made.missing_classes == {"train": ["c"], "valid": ["a", "c"], "test": ["a", "c"]}
    assert (
        json.loads((tmp_path / "new" / "split.json").read_text("utf-8"))["classes without images"]
        == made.missing_classes
    )
    assert split_dataset(health, tmp_path / "halves", (0.5, 0.5, 0)).missing_classes["test"] == ["a", "b", "c"]


def test_an_image_removed_since_the_check_is_left_out(tmp_path):
    for i in range(3):
        write_image(tmp_path / "cars" / "train" / "a" / f"{i}.png", scene(i))
    health = check_dataset(tmp_path / "cars")
    (tmp_path / "cars" / "train" / "a" / "1.png").unlink()
    made = split_dataset(health, tmp_path / "new")
    assert made.skipped == {"removed": 1} and made.placed_by == {"hard link": 2} and made.counts.to_numpy().sum() == 2
    assert "was gone" in made.table.set_index("id").loc["train/a/1.png", "reason"]
    data = Dataset(tmp_path / "new")
    assert sum(len(data.samples(split)) for split in data.splits) == 2 and data.other_files().empty
    listed = split_dataset(health, tmp_path / "listed", manifest=True)
    assert listed.skipped == made.skipped
    shutil.rmtree(tmp_path / "cars")
    with pytest.raises(DatasetError, match="removed"):
        split_dataset(health, tmp_path / "newer")
    assert not (tmp_path / "newer").exists()


def test_of_two_splits_into_one_folder_the_later_says_so(tmp_path):
    for i in range(3):
        write_image(tmp_path / "cars" / "train" / "a" / f"{i}.png", scene(i))
    health = check_dataset(tmp_path / "cars")
    started = []

    def another(done, total):
        if not started:
            started.append(split_dataset(health, tmp_path / "new"))

    with pytest.raises(DatasetError, match="already exists"):
        split_dataset(health, tmp_path / "new", seed=1, progress=another)
    assert started[0].out.is_dir() and sorted(path.name for path in tmp_path.iterdir()) == ["cars", "new"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(CarvisError, match="new could not be written"):
        split_dataset(health, tmp_path / "file" / "new")


def test_what_cannot_be_is_one_sentence_and_leaves_nothing(leaky, tmp_path):
    health = check_dataset(leaky)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    for out, fractions, words in (
        (tmp_path / "full", (0.7, 0.15, 0.15), "not empty"),
        (leaky / "new", (0.7, 0.15, 0.15), "lies in the data set"),
        (tmp_path / "new", (0.7, 0.7, 0.15), "sum to 1"),
        (tmp_path / "new", (0, 0.5, 0.5), "train is 0"),
    ):
        with pytest.raises(DatasetError, match=words):
            split_dataset(health, out, fractions)
    assert [path.name for path in tmp_path.iterdir()] == ["full"]

    def stop(done, total):
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        split_dataset(health, tmp_path / "new", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_where_links_are_impossible_images_are_copied(leaky, tmp_path, monkeypatch):
    def refuse(*args, **more):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    # Beside it, where a link would be followed.
    assert split_dataset(check_dataset(leaky), leaky.parent / "new").placed_by == {"symbolic link": 50}
    monkeypatch.setattr(os, "symlink", refuse)
    made = split_dataset(check_dataset(leaky), tmp_path / "newer")
    assert made.placed_by == {"copy": 50} and made.leaks == 0


def test_files_of_the_same_name_both_stay(tmp_path):
    for i, place in enumerate(("train/a/x.png", "test/a/x.png", "train/a/more/x.png", "train/a/y.png")):
        write_image(tmp_path / "cars" / place, scene(i))
    made = split_dataset(check_dataset(tmp_path / "cars"), tmp_path / "new", (1, 0, 0))
    assert made.table["new_id"].nunique() == 4 and len(Dataset(tmp_path / "new").samples("train")) == 4


def test_masks_come_along_under_the_new_names(tmp_path):
    # Two images of one name before the suffix need two masks; a third has none.
    for i, (place, mask) in enumerate((("val/a/x.png", "val"), ("test/a/x.jpg", "test"), ("train/a/y.png", None))):
        image = write_image(tmp_path / "cars" / place, scene(i))
        if mask:
            write_image(tmp_path / "cars" / "masks" / mask / "a" / "x.png", np.full((4, 4), i, np.uint8))
        assert image.exists()
    (tmp_path / "cars" / "masks" / "parts.json").write_text('["background", "body"]')
    made = split_dataset(check_dataset(tmp_path / "cars"), tmp_path / "new", (1, 0, 0))
    assert made.masks == 2
    new = made.table.set_index("id")["new_id"]
    for old, value in (("valid/a/x.png", 0), ("test/a/x.jpg", 1)):
        mask = (tmp_path / "new" / "masks" / new[old]).with_suffix(".png")
        assert (read_image(mask, 1) == value).all()
    assert not (tmp_path / "new" / "masks" / new["train/a/y.png"]).exists()
    assert len(read_parts(tmp_path / "new" / "masks", Dataset(tmp_path / "new"), "train").names) == 2
