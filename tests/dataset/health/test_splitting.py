"""Splits without leaks: what must hold of every one."""

import os
import shutil

import numpy as np
import pytest

from carvis.dataset import Dataset
from carvis.dataset.health import check_dataset, split_dataset
from carvis.dataset.health.splitting import _deal
from carvis.errors import DatasetError
from carvis.images import write_image
from tests.dataset.health.scenes import mirrored, reencoded, scene


@pytest.fixture(scope="module")
def leaky(tmp_path_factory):
    """Two classes of 20 scenes; each fourth has a re-encoded or mirrored copy in test, each fifth an exact one."""
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
    # Of one scene two copies that bear different labels, and a file that is none.
    write_image(root / "train" / "a" / "odd.png", scene(99))
    write_image(root / "test" / "b" / "odd.jpg", scene(99))
    (root / "test" / "a" / "broken.jpg").write_bytes(b"no picture")
    return root


def test_no_group_lies_across_splits_and_every_picture_is_accounted_for(leaky, tmp_path):
    health = check_dataset(leaky)
    made = split_dataset(health, tmp_path / "new")
    assert made.leaks == 0 and made.how == {"hard link": 50}
    table = made.table
    assert sorted(table["id"]) == sorted(health.pictures["id"])
    kept = table[table["split"] != ""]
    assert kept.groupby("group")["split"].nunique().max() == 1
    assert made.left_out == {"exact copy": 8, "labels disagree": 2, "unreadable": 1}
    assert (kept["reason"] == "").all() and (table.loc[table["split"] == "", "reason"] != "").all()
    data = Dataset(tmp_path / "new")
    ids = [name for split in data.splits for name in data.samples(split)["id"]]
    assert sorted(ids) == sorted(kept["new_id"])
    for row in kept.itertuples():
        assert os.path.samefile(row.path, data.resolve(row.new_id))
    again = check_dataset(data)
    assert again.distinct == len(again.pictures) == 50
    assert all(found.copies == 0 for found in again.crossing().values())
    counts = made.counts
    assert counts.sum(axis=1).tolist() == [30, 20]
    # Groups are of one or two pictures: no class is further than that from its shares.
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
    import pandas as pd

    # Group 7 has three pictures, the others one each: of 6 pictures train lacks 3, valid 1.5, test 1.5.
    groups = pd.Series([7, 7, 7, 1, 2, 3])
    place = _deal(groups, np.array([0.5, 0.25, 0.25]), np.random.default_rng(0))
    assert place[7] == "train"
    assert {place[group] for group in (1, 2, 3)} == {"test", "valid"}
    none = _deal(groups, np.array([0.8, 0.0, 0.2]), np.random.default_rng(0))
    assert "valid" not in none.values()


def test_what_cannot_be_is_one_sentence_and_leaves_nothing(leaky, tmp_path):
    health = check_dataset(leaky)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    for out, fractions, words in (
        (tmp_path / "full", (0.7, 0.15, 0.15), "not empty"),
        (leaky / "new", (0.7, 0.15, 0.15), "lies in the data set"),
        (tmp_path / "new", (0.7, 0.7, 0.15), "sum up to 1"),
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


def test_where_links_are_impossible_pictures_are_copied(leaky, tmp_path, monkeypatch):
    def refuse(*args, **more):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    assert split_dataset(check_dataset(leaky), tmp_path / "new").how == {"symbolic link": 50}
    monkeypatch.setattr(os, "symlink", refuse)
    made = split_dataset(check_dataset(leaky), tmp_path / "newer")
    assert made.how == {"copy": 50} and made.leaks == 0


def test_files_of_the_same_name_both_stay(tmp_path):
    for i, place in enumerate(("train/a/x.png", "test/a/x.png", "train/a/more/x.png", "train/a/y.png")):
        write_image(tmp_path / "cars" / place, scene(i))
    made = split_dataset(check_dataset(tmp_path / "cars"), tmp_path / "new", (1, 0, 0))
    assert made.table["new_id"].nunique() == 4 and len(Dataset(tmp_path / "new").samples("train")) == 4
