import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from carvis.dataset import Dataset, Unreadable, canonical_id, pipeline
from carvis.errors import DatasetError, PathError
from carvis.images import load_batch


@pytest.fixture
def cars(tmp_path, make_pictures):
    root = tmp_path / "cars"
    make_pictures(root / "train" / "Audi a3", ["b.jpg", "a.png"])
    make_pictures(root / "train" / "トヨタ", ["1.jpg"])
    make_pictures(root / "val" / "Audi a3", ["c.jpg"])
    make_pictures(root / "Test" / "Zoe" / "more", ["d.jpg"])
    return root


def test_classes_counts_and_ids(cars):
    data = Dataset(cars)
    assert data.class_names == ["Audi a3", "Zoe", "トヨタ"]
    assert data.counts().to_dict("index") == {
        "Audi a3": {"train": 2, "valid": 1, "test": 0},
        "Zoe": {"train": 0, "valid": 0, "test": 1},
        "トヨタ": {"train": 1, "valid": 0, "test": 0},
    }
    assert data.samples("train")["id"].tolist() == ["train/Audi a3/a.png", "train/Audi a3/b.jpg", "train/トヨタ/1.jpg"]
    assert data.samples("validation")["id"].tolist() == ["valid/Audi a3/c.jpg"]
    assert data.samples("test")[["id", "label"]].to_numpy().tolist() == [["test/Zoe/more/d.jpg", "Zoe"]]


def test_ids_are_the_same_on_every_machine():
    decomposed = unicodedata.normalize("NFD", "val/プジョー/é.jpg")
    assert canonical_id(decomposed) == "valid/プジョー/é.jpg"
    assert canonical_id("Validation\\Golf\\a.jpg") == "valid/Golf/a.jpg"
    assert canonical_id("test/Golf/a.jpg") == "test/Golf/a.jpg"


def test_an_id_leads_back_to_its_image(cars):
    data = Dataset(cars)
    for split in data.splits:
        for sample in data.samples(split).itertuples():
            assert str(data.resolve(sample.id)) == sample.path
    assert data.resolve("val/Audi a3/c.jpg").name == "c.jpg"
    with pytest.raises(PathError):
        data.resolve("test/../../../x.jpg")
    with pytest.raises(DatasetError, match=r"none\.jpg"):
        data.resolve("test/Zoe/none.jpg")


def test_a_decomposed_name_on_disk_is_found_by_its_composed_id(tmp_path, make_pictures):
    make_pictures(tmp_path / "test" / unicodedata.normalize("NFD", "プジョー"), ["a.jpg"])
    data = Dataset(tmp_path)
    assert data.class_names == ["プジョー"]
    assert data.resolve("test/プジョー/a.jpg").is_file()


def test_files_that_are_no_images_are_listed(cars):
    (cars / "train" / "Zoe").mkdir()
    (cars / "train" / "Zoe" / "notes.txt").write_text("x")
    (cars / "train" / "Zoe" / "empty.jpg").touch()
    (cars / "train" / "stray.jpg").write_text("x")
    (cars / "train" / "Zoe" / "Thumbs.db").write_text("x")
    data = Dataset(cars)
    assert sorted(data.other_files("train")["reason"]) == ["empty file", "not an image file", "not in a class folder"]
    assert len(data.samples("train")) == 3


def test_a_name_that_is_not_utf_8_stops_nothing(cars, make_pictures):
    other = os.fsdecode(b"\x83g\x83\x88\x83^")
    make_pictures(cars / "train" / other, ["1.jpg"])
    make_pictures(cars / "train" / "Zoe" / other, ["1.jpg"])
    try:
        shutil.copy(cars / "train" / "Audi a3" / "b.jpg", cars / "train" / "Audi a3" / f"{other}.jpg")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    data = Dataset(cars)
    assert data.class_names == ["Audi a3", "Zoe", "トヨタ"] and len(data.samples("train")) == 3
    others = data.other_files()
    assert others["reason"].tolist() == ["its name is not UTF-8: rename it"] * 3
    assert all("\\udc83" in path for path in others["path"]) and others.to_csv().encode() and data.fingerprint
    cars.rename(cars.parent / other)
    with pytest.raises(DatasetError, match="not UTF-8"):
        Dataset(cars.parent / other)


@pytest.mark.skipif(sys.platform == "darwin", reason="one name in two spellings is one file there")
def test_of_two_spellings_of_a_name_the_one_that_the_id_leads_to_is_kept(tmp_path, make_pictures):
    folder = tmp_path / "val" / "a"
    make_pictures(folder, ["café.jpg", unicodedata.normalize("NFD", "café.jpg"), "plain.jpg"])
    make_pictures(folder / "b", ["c.jpg"])
    if os.sep == "/":
        make_pictures(folder, ["b\\c.jpg"])
    data = Dataset(tmp_path)
    samples = data.samples("valid")
    assert samples["id"].tolist() == ["valid/a/b/c.jpg", "valid/a/café.jpg", "valid/a/plain.jpg"]
    assert [str(data.resolve(name)) for name in samples["id"]] == samples["path"].tolist()
    others = data.other_files()
    assert len(others) == (2 if os.sep == "/" else 1) and others["reason"].str.contains("same name as").all()


def test_the_fingerprint_knows_the_images_not_the_place(cars, tmp_path):
    first = Dataset(cars).fingerprint
    elsewhere = tmp_path / "elsewhere" / "renamed"
    shutil.copytree(cars, elsewhere)
    (elsewhere / "val").rename(elsewhere / "validation")
    assert Dataset(elsewhere).fingerprint == first
    (elsewhere / "train" / "トヨタ" / "1.jpg").unlink()
    assert Dataset(elsewhere).fingerprint != first


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ("none", "is not a folder"),
        ("cars/train", "name the folder above it"),
        ("cars/train/Audi a3", "lay the images out"),
        (".", "name a data set in it"),
    ],
)
def test_a_wrong_folder_is_told_what_to_do(cars, folder, sentence):
    with pytest.raises(DatasetError, match=sentence):
        Dataset(cars.parent / folder)


def test_two_folders_of_one_split_are_refused(cars, make_pictures):
    make_pictures(cars / "valid" / "Zoe", ["e.jpg"])
    with pytest.raises(DatasetError, match="both val and valid"):
        Dataset(cars)


def test_an_unknown_split_is_told_which_there_are(cars):
    with pytest.raises(DatasetError, match="choose train, valid or test"):
        Dataset(cars).samples("trian")


def test_the_pipeline_keeps_order_and_equals_the_reader(cars, make_pictures):
    make_pictures(cars / "train" / "Zoe", [f"{i:02}.jpg" for i in range(20)], size=(30, 40))
    paths = Dataset(cars).samples("train")["path"].tolist()
    batches = list(pipeline(paths, input_size=(16, 24), resize_method="nearest", batch_size=6))
    indices = np.concatenate([batch[0] for batch in batches])
    images = np.concatenate([batch[1] for batch in batches])
    np.testing.assert_array_equal(indices, np.arange(23))
    np.testing.assert_array_equal(images, load_batch(paths, (16, 24), "nearest"))


def test_the_pipeline_leaves_out_and_reports_what_it_cannot_read(cars):
    (cars / "train" / "Audi a3" / "bad.jpg").write_bytes(b"no image")
    paths = Dataset(cars).samples("train")["path"].tolist()
    bad = next(i for i, path in enumerate(paths) if path.endswith("bad.jpg"))
    unreadable = Unreadable()
    labels = [10, 11, 12, 13]
    batches = list(pipeline(paths, labels, input_size=(8, 8), batch_size=2, channels=1, unreadable=unreadable))
    assert [label for batch in batches for label in batch[2].numpy()] == [v for i, v in enumerate(labels) if i != bad]
    assert list(unreadable.reasons) == [bad] and "bad.jpg" in unreadable.reasons[bad]
    with pytest.raises(Exception, match=r"bad\.jpg"):
        list(pipeline(paths, input_size=(8, 8)))


def test_batches_are_full_whatever_cannot_be_read(cars, make_pictures):
    written = make_pictures(cars / "train" / "Zoe", [f"{i:02}.jpg" for i in range(40)])
    readable = {0, 1, 5, 23, 24, 31, 38}
    for i, path in enumerate(written):
        if i not in readable:
            path.write_bytes(b"no image")
    unreadable = Unreadable()
    data = pipeline(list(map(str, written)), range(100, 140), input_size=(8, 8), batch_size=3, unreadable=unreadable)
    batches = list(data.as_numpy_iterator())
    assert [indices.tolist() for indices, _, _ in batches] == [[0, 1, 5], [23, 24, 31], [38]]
    assert [labels.tolist() for _, _, labels in batches] == [[100, 101, 105], [123, 124, 131], [138]]
    assert len(unreadable.reasons) == 33


def test_shuffling_is_new_each_epoch_and_the_same_for_a_seed(cars, make_pictures):
    make_pictures(cars / "train" / "Zoe", [f"{i:02}.jpg" for i in range(20)])
    paths = Dataset(cars).samples("train")["path"].tolist()

    def epochs(seed):
        data = pipeline(paths, input_size=(4, 4), shuffle_seed=seed, batch_size=50)
        return [next(iter(data))[0].numpy().tolist() for _ in range(2)]

    first, second = epochs(1)
    assert first != second and sorted(first) == sorted(second) == list(range(23))
    assert epochs(1) == [first, second]
    assert epochs(2)[0] != first


def test_importing_what_lists_images_loads_no_tensorflow():
    script = "import sys, carvis, carvis.dataset; assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links_that_lead_nowhere_or_round_in_circles_are_listed(tmp_path, make_pictures):
    make_pictures(tmp_path / "test" / "red", ["a.png"], (200, 0, 0))
    (tmp_path / "test" / "red" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "test" / "red" / "self").symlink_to("self")
    (tmp_path / "test" / "red" / "round").symlink_to(tmp_path)
    data = Dataset(tmp_path)
    assert data.samples("test")["id"].tolist() == ["test/red/a.png"]
    assert sorted(Path(path).name for path in data.other_files()["path"]) == ["gone.jpg", "round", "self"]
