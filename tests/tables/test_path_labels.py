"""The label of a path: the first folder below the split."""

import unicodedata

import pytest

from carvis.dataset import Dataset, label_of_path
from carvis.evaluation import read_misclassified
from carvis.tables.path_labels import split_place


@pytest.fixture
def place(tmp_path, make_pictures):
    def data_set(*names):
        for name in names:
            folder, _, file = name.rpartition("/")
            make_pictures(tmp_path / folder, [file], size=(8, 8))
        return tmp_path

    return data_set


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("mini/test/cat/x.png", "cat"),
        ("mini/test/cat/dog/x.png", "cat"),
        ("mini/test/cat/2019/x.png", "cat"),
        ("mini/val/cat/a/b/c/x.png", "cat"),
        ("mini/Training/dog/dog/cat/x.png", "dog"),
        ("mini/test/" + unicodedata.normalize("NFD", "ドア") + "/x.png", "ドア"),
        ("mini/test/" + unicodedata.normalize("NFD", "Äpfel") + "/rot/x.png", "Äpfel"),
    ],
)
def test_the_first_folder_below_the_split(place, name, label):
    root = place(name)
    assert label_of_path(root / name) == (label, None)
    data = Dataset(root / "mini")
    samples = data.samples(data.splits and next(iter(data.splits)))
    assert samples["label"].tolist() == [label]
    assert data.label_of(samples["id"].iloc[0]) == label == data.label_of(name.partition("/")[2])
    table = root / "df2.csv"
    table.write_text("PATH\n" + name.replace("/", "\\") + "\n", encoding="utf-8")
    misclassified = read_misclassified(table, root)
    assert misclassified["label"].tolist() == [label] and misclassified["status"].tolist() == ["found"]


@pytest.mark.parametrize(
    ("names", "path", "label"),
    [
        # The class is called train, and its images lie in folders by year.
        (["d/test/train/2019/x.png", "d/test/car/x.png", "d/train/train/x.png"], "d/test/train/2019/x.png", "train"),
        (["d/test/train/2019/x.png", "d/test/car/x.png", "d/test/bus/x.png"], "d/test/train/2019/x.png", "train"),
        (["d/test/train/x.png"], "d/test/train/x.png", "train"),
        # The data set, or a folder around it, is called test.
        (["test/mini/train/cat/x.png", "test/mini/test/cat/2019/x.png"], "test/mini/test/cat/2019/x.png", "cat"),
        (["test/train/cat/a/x.png", "test/valid/cat/x.png"], "test/train/cat/a/x.png", "cat"),
        # A class holds a folder called test.
        (["d/train/cat/test/deep/x.png", "d/test/cat/x.png"], "d/train/cat/test/deep/x.png", "cat"),
    ],
)
def test_where_several_folders_are_called_like_a_split_the_disk_tells(place, names, path, label):
    root = place(*names)
    assert label_of_path(root / path) == (label, None)


def test_without_a_split_it_is_the_folder_and_is_said(place):
    root = place("holiday/cats/x.png")
    label, note = label_of_path(root / "holiday/cats/x.png")
    assert label == "cats"
    assert (
        note == "x.png lies in no train, valid or test folder: its label is taken to be the name of its folder, cats."
    )


def test_a_table_without_splits_says_so(place):
    root = place("holiday/cats/x.png", "mini/test/dog/y.png")
    table = root / "df2.csv"
    table.write_text("PATH\nholiday/cats/x.png\nmini/test/dog/y.png\n", encoding="utf-8")
    misclassified = read_misclassified(table, root)
    assert misclassified["label"].tolist() == ["cats", "dog"]
    assert misclassified.attrs["problems"] == [
        "1 path has no train, valid or test folder: its folder's name is used as the label."
    ]


def test_a_path_from_elsewhere_is_read_as_written():
    assert split_place(["mini", "test", "cat", "2019"]) == 1
    assert split_place(["mini", "cats"]) is None and split_place(["test"]) is None
