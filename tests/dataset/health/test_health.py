"""Checking data sets: duplicates planted with known answers, broken files, classes with too few images."""

import json
import os

import cv2
import numpy as np
import pytest
from PIL import Image

import carvis
from carvis.dataset.health import check_dataset
from carvis.dataset.health.candidates import sampling, signatures
from carvis.dataset.health.verification import _windows
from carvis.images import encode_image, write_image
from carvis.workspace import Cache
from tests.dataset.health.scenes import CHANGES, scene


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """30 different scenes in train; of six of them a near-duplicate in test, one changed otherwise each."""
    root = tmp_path_factory.mktemp("planted") / "cars"
    for seed in range(30):
        write_image(root / "train" / f"class {seed % 3}" / f"{seed:02}.png", scene(seed))
    for seed, change in enumerate(CHANGES):
        image = np.ascontiguousarray(change(scene(seed)))
        write_image(root / "test" / f"class {seed % 3}" / f"{change.__name__}.jpg", image)
    for seed in range(100, 106):
        write_image(root / "test" / f"class {seed % 3}" / f"{seed}.png", scene(seed))
    return root


def test_every_change_is_found_and_nothing_else(planted):
    health = check_dataset(planted)
    duplicates = health.duplicates_of("test")
    expected = {
        f"test/class {seed % 3}/{change.__name__}.jpg": f"train/class {seed % 3}/{seed:02}.png"
        for seed, change in enumerate(CHANGES)
    }
    assert {name: original for name, original in duplicates.items() if original} == expected
    assert len(health.copies) == 6 and (health.copies["distance"] > 0).all()
    assert health.copies.columns.tolist() == [
        "path", "split", "label", "twin_path", "twin_split", "twin_label", "distance",
    ]  # fmt: skip
    assert vars(health.shared()) == {"n": 12, "exact": 0, "copies": 6}
    assert (health.distinct, health.groups) == (42, 36)


@pytest.mark.parametrize("change", CHANGES[:5])
def test_a_change_is_found_on_many_images(change, tmp_path):
    for seed in range(40):
        write_image(tmp_path / "cars" / "train" / "a" / f"{seed}.png", scene(seed))
        write_image(tmp_path / "cars" / "test" / "a" / f"{seed}.png", np.ascontiguousarray(change(scene(seed))))
    duplicates = check_dataset(tmp_path / "cars").duplicates_of("test")
    right = sum(original.rpartition("/")[2] == name.rpartition("/")[2] for name, original in duplicates.items())
    assert right >= 39 and sum(duplicates != "") == right


def test_a_small_and_bright_motif_is_found_without_its_background(tmp_path):
    """At its edge the small images that are compared mix it with black, which is most of what varies in it."""
    rows, columns = np.mgrid[:180, :240]
    inside = ((rows - 110) / 35) ** 2 + ((columns - 125) / 60) ** 2 < 1
    for seed in range(20):
        image = (140 + 0.45 * scene(seed)).astype(np.uint8)
        write_image(tmp_path / "cars" / "train" / "a" / f"{seed}.png", image)
        write_image(tmp_path / "cars" / "test" / "a" / f"{seed}.png", image * inside[..., None].astype(np.uint8))
    duplicates = check_dataset(tmp_path / "cars").duplicates_of("test")
    assert all(original == f"train/a/{name.rpartition('/')[2]}" for name, original in duplicates.items())


def test_another_car_before_the_same_backdrop_is_no_duplicate(tmp_path):
    for car in range(8):
        write_image(tmp_path / "cars" / "train" / "a" / f"{car}.png", scene(1, car=1000 + car))
    # The same car, photographed again from a little aside.
    write_image(tmp_path / "cars" / "train" / "a" / "again.png", np.roll(scene(1, car=1000), 25, axis=1))
    assert check_dataset(tmp_path / "cars").copies.empty


def test_exact_duplicates_by_bytes_and_by_pixels_across_splits_and_labels(tmp_path):
    original = write_image(tmp_path / "cars" / "train" / "a" / "1.png", scene(1))
    same = tmp_path / "cars" / "test" / "b" / "2.png"
    same.parent.mkdir(parents=True)
    same.write_bytes(original.read_bytes())
    Image.fromarray(scene(1)).save(tmp_path / "cars" / "valid.bmp")
    (tmp_path / "cars" / "valid" / "a").mkdir(parents=True)
    os.replace(tmp_path / "cars" / "valid.bmp", tmp_path / "cars" / "valid" / "a" / "3.bmp")
    health = check_dataset(tmp_path / "cars")
    rows = health.copies[["split", "label", "twin_split", "twin_label", "distance"]].to_numpy().tolist()
    assert rows == [
        ["test", "b", "train", "a", 0.0],
        ["test", "b", "valid", "a", 0.0],
        ["valid", "a", "train", "a", 0.0],
    ]
    assert health.mixed_groups == 1 and health.summary()["copies of another class"] == 2
    assert {pair: shared.exact for pair, shared in health.crossing().items()} == {
        ("test", "train"): 1, ("test", "valid"): 1, ("valid", "train"): 1,
    }  # fmt: skip


def test_broken_and_misnamed_files_stop_nothing(tmp_path):
    folder = tmp_path / "cars" / "train" / "a"
    write_image(folder / "good.png", scene(1))
    (folder / "broken.jpg").write_bytes(b"no image")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("x")
    half = encode_image(scene(2))
    (folder / "half.jpg").write_bytes(half[: len(half) // 2])
    (folder / "really a png.jpg").write_bytes(encode_image(scene(3), "PNG"))
    for name in ("black", "black too"):
        write_image(folder / f"{name}.jpg", np.full((40, 40, 3), 3 if name == "black" else 4, np.uint8))
    health = check_dataset(tmp_path / "cars")
    assert sorted(os.path.basename(path) for path in health.broken["path"]) == ["broken.jpg", "half.jpg"]
    assert all(str(path) in reason for path, reason in health.broken[["path", "reason"]].to_numpy())
    assert sorted(health.others["reason"]) == ["empty file", "not an image file"]
    assert health.mistyped[["format"]].to_numpy().tolist() == [["PNG"]]
    # Two plain images show nothing by which they could be told apart or be the same.
    assert health.copies.empty
    assert health.sparse.to_numpy().tolist() == [["a", "train", 6]]
    assert set(health.images.loc[health.images["reason"] != "", "group"]) == {-1}


def test_nothing_that_can_be_read(tmp_path):
    folder = tmp_path / "cars" / "train" / "a"
    folder.mkdir(parents=True)
    for broken in (0, 1):
        health = check_dataset(tmp_path / "cars")
        assert (len(health.images), health.groups, health.distinct, len(health.copies)) == (broken, 0, 0, 0)
        assert len(health.broken) == broken and health.mistyped.empty and health.sizes.empty
        assert health.summary()["shared"] == {} and health.save(tmp_path / "health.json").is_file()
        (folder / "broken.jpg").write_bytes(b"no image")


def test_light_and_sharpness_are_what_they_are_on_paper(tmp_path):
    board = np.kron(np.indices((8, 8)).sum(axis=0) % 2, np.ones((32, 32)))[..., None].repeat(3, axis=2)
    write_image(tmp_path / "cars" / "train" / "a" / "board.png", (255 * board).astype(np.uint8))
    write_image(tmp_path / "cars" / "train" / "a" / "grey.png", np.full((50, 90, 3), 77, np.uint8))
    images = check_dataset(tmp_path / "cars").images.set_index("id")
    assert images.loc["train/a/board.png", "brightness"] == pytest.approx(127.5)
    assert images.loc["train/a/board.png", "contrast"] == pytest.approx(127.5)
    grey = images.loc["train/a/grey.png"]
    assert (grey["brightness"], grey["contrast"], grey["sharpness"]) == pytest.approx((77, 0, 0))
    assert (grey["width"], grey["height"]) == (90, 50)


def test_a_second_check_reads_no_image_and_a_changed_file_is_seen(planted, tmp_path, monkeypatch):
    from carvis.dataset.health import image_facts

    cache = Cache(tmp_path / "cache")
    first = check_dataset(planted, cache=cache)
    read = []
    original = image_facts._describe
    monkeypatch.setattr(image_facts, "_describe", lambda path: read.append(path) or original(path))
    steps = []
    second = check_dataset(planted, lambda done, total: steps.append((done, total)), cache)
    assert not read and steps[-1] == (100, 100)
    assert second.copies.equals(first.copies) and second.images.equals(first.images)
    changed = planted / "test" / "class 0" / "102.png"
    before = changed.read_bytes()
    try:
        write_image(changed, scene(29))
        third = check_dataset(planted, cache=cache)
        assert read == [str(changed)]
        assert third.duplicates_of("test")["test/class 0/102.png"] == "train/class 2/29.png"
    finally:
        changed.write_bytes(before)


def test_a_damaged_cache_is_made_again(planted, tmp_path):
    first = check_dataset(planted, cache=tmp_path / "cache")
    for file in (tmp_path / "cache").glob("*/*"):
        file.write_bytes(file.read_bytes()[:50])
    assert check_dataset(planted, cache=tmp_path / "cache").copies.equals(first.copies)


def test_results_can_be_written(planted, tmp_path):
    health = check_dataset(planted)
    document = json.loads(health.save(tmp_path / "health.json").read_text("utf-8"))
    assert document["shared"]["test in train"] == {"n": 12, "exact": 0, "copies": 6}
    assert len(document["copies"]) == 6 and len(document["counts"]) == 3
    assert health.save(tmp_path / "health.csv").read_text("utf-8-sig").startswith("path,split,label,twin_path")


def test_a_row_sampled_by_hand():
    # Two windows over the right half of four pixels: their centres lie on the pixels 2 and 3.
    assert sampling((0.5, 1.0), 2, 4).tolist() == [[0, 0, 1, 0], [0, 0, 0, 1]]
    # Four windows over the same half: the second lies a quarter of the way from pixel 2 to pixel 3.
    assert sampling((0.5, 1.0), 4, 4)[1].tolist() == [0, 0, 0.75, 0.25]


def test_windows_average_pixels_by_hand():
    # 32 windows over the middle half of 64 pixels are pixels 16 to 47 themselves.
    [rows] = _windows(np.array([[0.25, 0.75]]), 64)
    assert np.array_equal(rows, np.eye(64, dtype=np.float32)[16:48])
    # Moved by a quarter of a pixel, each holds three quarters of its own and a quarter of the next.
    [rows] = _windows(np.array([[0.25, 0.75]]) + 0.25 / 64, 64)
    assert rows[5, 20:24].tolist() == [0, 0.75, 0.25, 0] and rows.sum(axis=1).tolist() == [1] * 32


@pytest.mark.parametrize("cut", [(0.2, 0, 0, 0), (0, 0.2, 0.2, 0), (0.1, 0.1, 0.1, 0.1), (0.03, 0.17, 0.12, 0)])
def test_a_fifth_of_the_sides_may_be_cut_off(tmp_path, cut):
    top, bottom, left, right = cut
    for seed in range(8):
        image = scene(seed)
        height, width = image.shape[:2]
        part = image[
            round(top * height) : round((1 - bottom) * height), round(left * width) : round((1 - right) * width)
        ]
        write_image(tmp_path / "data" / "train" / "car" / f"{seed}.png", image)
        write_image(tmp_path / "data" / "test" / "car" / f"{seed}.jpg", part, quality=80)
    health = carvis.check_dataset(tmp_path / "data", cache=tmp_path / "cache")
    assert health.shared().copies == 8 and health.groups == 8


def test_signatures_have_length_1_and_a_plain_image_none():
    luminance = np.stack([np.full((32, 32), 80.0), np.add.outer(np.arange(32.0), np.arange(32.0))]).astype(np.float32)
    assert np.linalg.norm(signatures(luminance), axis=1) == pytest.approx([0, 1], abs=1e-5)


def test_cells_find_what_holding_all_against_all_finds(tmp_path):
    from carvis.dataset.health.candidates import candidates

    rng = np.random.default_rng(0)
    base = np.stack([cv2.resize(rng.uniform(0, 255, (7, 7)).astype(np.float32), (32, 32)) for _ in range(300)])
    images = np.concatenate([base, base[:100, :, ::-1] + rng.normal(0, 4, (100, 32, 32))]).astype(np.float32)
    exhaustive, cells = candidates(images), candidates(images, all_pairs=0)
    pairs = [set(zip(result.first.tolist(), result.second.tolist(), strict=True)) for result in (exhaustive, cells)]
    planted = {(i, 300 + i) for i in range(100)}
    assert planted <= pairs[0] and pairs[1] <= pairs[0] and len(planted - pairs[1]) <= 2


@pytest.mark.real
def test_cars20_has_its_test_images_in_train(real_data, tmp_path):
    health = carvis.check_dataset(real_data / "cars20", cache=tmp_path)
    shared = health.shared()
    assert (shared.n, shared.exact) == (577, 572) and shared.copies >= 572
    # Held against groupings by eye: 2,777 distinct files, of which half are cut-outs of others.
    assert health.distinct == 2777 and 1400 < health.groups < 1450 and health.mixed_groups == 0
