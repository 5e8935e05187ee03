"""Neighbours in a feature space that can be worked by hand: the mean colour of an image."""

from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

import carvis
from carvis import Classifier, Dataset
from carvis.errors import CarvisError, DatasetError, StoppedError
from carvis.feature_space import image_neighbours, neighbour_table, rows_of
from carvis.images import write_image

# Colours on paper: the cosine of (a, 0, 0) and (a, a, 0) is 1 / sqrt(2), of (a, a, 0) and (a, a, a) is sqrt(2 / 3).
RED, YELLOW, GREY, GREEN = (255, 0, 0), (255, 255, 0), (255, 255, 255), (0, 255, 0)


def plain(rgb, size=8):
    return np.full((size, size, 3), rgb, np.uint8)


@pytest.fixture(scope="module")
def clf():
    """A classifier whose scores are made from the mean colour."""
    image = keras.Input((8, 8, 3))
    colour = keras.layers.GlobalAveragePooling2D()(image)
    return Classifier(keras.Model(image, keras.layers.Dense(2, activation="softmax")(colour)), ["a", "b"], name="mean")


@pytest.fixture
def data(tmp_path):
    root = tmp_path / "colours"
    for name, rgb in {
        "train/a/red": RED,
        "train/a/red2": RED,
        "train/b/yellow": YELLOW,
        "train/b/grey": GREY,
        "test/a/green": GREEN,
    }.items():
        write_image(root / f"{name}.png", plain(rgb))
    return Dataset(root)


def test_neighbours_of_samples_by_hand(clf, data):
    table = carvis.neighbours(clf, ["train/a/red.png", "test/a/green.png"], data, k=2)
    assert list(table.columns) == ["image", "rank", "id", "label", "distance"]
    assert table[["image", "rank", "id", "label"]].to_numpy().tolist() == [
        # An exact duplicate is a neighbour, the image itself is not.
        ["train/a/red.png", 1, "train/a/red2.png", "a"],
        ["train/a/red.png", 2, "train/b/yellow.png", "b"],
        ["test/a/green.png", 1, "train/b/yellow.png", "b"],
        ["test/a/green.png", 2, "train/b/grey.png", "b"],
    ]
    expected = [0, 1 - 0.5**0.5, 1 - 0.5**0.5, 1 - 3**-0.5]
    np.testing.assert_allclose(table["distance"], expected, rtol=1e-3)
    assert table["distance"][0] == 0 and table.attrs["notes"] == []


def test_files_bytes_and_arrays_are_compared_as_samples_are(clf, data, tmp_path):
    path = write_image(tmp_path / "new.png", plain(YELLOW, 20))
    images = [path, str(path), path.read_bytes(), plain(YELLOW), "train/b/yellow.png"]
    table = carvis.neighbours(clf, images, data, k=1)
    assert table["image"].tolist() == [str(path), str(path), "[2]", "[3]", "train/b/yellow.png"]
    assert table["id"].tolist() == ["train/b/yellow.png"] * 4 + ["train/b/grey.png"]
    assert table["distance"][:4].tolist() == [0] * 4


@pytest.mark.parametrize("image", ["train/a/red.png", b"", plain(RED), plain(RED, 30)])
def test_a_single_image_needs_no_list(clf, data, image):
    image = (data.root / "train/a/red.png").read_bytes() if isinstance(image, bytes) else image
    assert carvis.neighbours(clf, image, str(data.root), k=3)["rank"].tolist() == [1, 2, 3]


def test_an_array_of_images_is_one_image_after_the_other(clf, data):
    table = carvis.neighbours(clf, np.stack([plain(RED), plain(GREY)]), data, k=1)
    assert table[["image", "id"]].to_numpy().tolist() == [["[0]", "train/a/red.png"], ["[1]", "train/b/grey.png"]]


def test_the_path_of_an_image_of_the_split_means_that_image(clf, data, monkeypatch):
    path = data.root / "train/b/grey.png"
    monkeypatch.chdir(data.root)
    for named in (path, str(path), "train/b/grey.png", "train\\b\\grey.png"):
        assert "train/b/grey.png" not in set(carvis.neighbours(clf, named, data)["id"]), named


def test_more_neighbours_than_images_are_those_there_are(clf, data):
    table = carvis.neighbours(clf, ["train/a/red.png", "test/a/green.png"], data, k=50)
    assert table["rank"].tolist() == [1, 2, 3, 1, 2, 3, 4]


def test_what_cannot_be_read_is_said_and_the_rest_goes_on(clf, data, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    images = [tmp_path / "broken.jpg", "test/a/green.png", tmp_path / "missing.jpg", np.zeros(3)]
    table = carvis.neighbours(clf, images, data, k=1)
    assert table["image"].tolist() == ["test/a/green.png"]
    first, second, third = table.attrs["notes"]
    assert "broken.jpg" in first and "missing.jpg" in second and "An image must be" in third
    with pytest.raises(CarvisError, match=r"broken\.jpg"):
        carvis.neighbours(clf, tmp_path / "broken.jpg", data)
    assert carvis.neighbours(clf, [], data).empty


def test_a_batch_of_many_keeps_its_order(clf, data, monkeypatch):
    monkeypatch.setattr(image_neighbours, "_BATCH", 2)
    images = [plain(RED), plain(GREY), plain(YELLOW), "train/b/grey.png", plain(GREEN), plain(RED)]
    table = carvis.neighbours(clf, images, data, k=1)
    assert table["image"].tolist() == ["[0]", "[1]", "[2]", "train/b/grey.png", "[4]", "[5]"]
    assert table["id"].tolist()[::5] == ["train/a/red.png"] * 2


@pytest.mark.parametrize("split", ["valid", "nonsense"])
def test_a_split_that_is_not_there_is_said(clf, data, split):
    with pytest.raises(DatasetError) as error:
        carvis.neighbours(clf, plain(RED), data, split=split)
    assert ("evaluate" in str(error.value)) == (split == "valid")


def test_without_the_images_kept_embeddings_of_this_very_model_are_searched(clf, data, tmp_path, monkeypatch):
    kept = carvis.embeddings(clf, data, "train")
    valid = replace(kept, split="valid", ids=np.char.replace(kept.ids, "train/", "valid/"))
    asked = []

    def stored(workspace, names):
        asked.append(names)
        return {"train": kept, "valid": valid}.get(names[1])

    monkeypatch.setattr(image_neighbours, "stored_embeddings", stored)
    for file in (data.root / "train").rglob("*.png"):
        file.unlink()
    data = Dataset(data.root)
    images = ["test/a/green.png", "train/a/red.png", "valid/b/grey.png"]
    table = carvis.neighbours(clf, images, data, workspace=tmp_path, k=1)
    assert table["id"].tolist() == ["train/b/yellow.png", "train/a/red2.png", "train/b/grey.png"]
    assert asked[0] == ("colours", "train", "mean")
    kept = replace(kept, fingerprint="another")
    with pytest.raises(DatasetError, match="evaluate"):
        carvis.neighbours(clf, plain(RED), data, workspace=tmp_path)


def test_a_number_of_neighbours_below_1_is_refused_and_a_stop_stops(clf, data):
    with pytest.raises(CarvisError, match="at least 1"):
        carvis.neighbours(clf, plain(RED), data, k=0)
    done = []
    carvis.neighbours(clf, plain(RED), data, progress=lambda *step: done.append(step))
    assert done == sorted(done) and done[-1] == (100, 100)
    with pytest.raises(StoppedError):
        carvis.neighbours(clf, plain(RED), data, progress=lambda done, total: done > 50)


def test_the_table_of_vectors_needs_no_model(clf, data):
    train = carvis.embeddings(clf, data, "train")
    assert rows_of(["train/b/yellow.png", "test/a/green.png"], train).tolist() == [3, -1]
    table = neighbour_table(train.ids, train.vectors, train, k=1)
    assert table["id"].tolist() == ["train/a/red2.png", "train/a/red.png", "train/b/yellow.png", "train/b/grey.png"]
    unknown = np.full((1, 3), np.nan, np.float32)
    assert neighbour_table(["new"], unknown, train).empty and isinstance(table, pd.DataFrame)
