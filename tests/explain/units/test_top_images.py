"""From filters to images: on a model that hands on red, green and blue."""

import keras
import numpy as np
import pytest

from carvis.classifier import Classifier
from carvis.dataset import Dataset
from carvis.errors import DatasetError, ModelError
from carvis.explain import activation_maps, top_images
from carvis.explain.units import top_images as module
from carvis.images import write_image
from carvis.workspace import Cache

L = keras.layers


@pytest.fixture
def clf():
    image = keras.Input((8, 8, 3))
    x = L.Conv2D(4, 1, activation="relu", use_bias=False, name="conv")(image)
    model = keras.Model(image, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    kernel = np.zeros((1, 1, 3, 4), np.float32)
    kernel[0, 0, [0, 1, 2], [0, 1, 2]] = 1
    model.get_layer("conv").set_weights([kernel])
    return Classifier(model, ["a", "b"], preprocessing="unit", name="colours")


@pytest.fixture
def data(tmp_path):
    """Picture i has a red dot of strength 50 i at row 1, column i, and a green one in the last corner."""
    for i in range(1, 6):
        image = np.zeros((8, 8, 3), np.uint8)
        image[1, i, 0], image[7, 7, 1] = 50 * i, 20
        write_image(tmp_path / "d" / "test" / "ab"[i % 2] / f"{i}.png", image)
    (tmp_path / "d" / "test" / "a" / "broken.png").write_bytes(b"no picture")
    return Dataset(tmp_path / "d")


def test_the_strongest_come_first_with_their_place(clf, data):
    calls = []
    top = top_images(clf, data, "test", "conv", most=3, progress=lambda *done: calls.append(done))
    red = top.of(0)
    assert red["id"].tolist() == ["test/b/5.png", "test/a/4.png", "test/b/3.png"] and red["rank"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(red["value"], [250 / 255, 200 / 255, 150 / 255], rtol=1e-5)
    np.testing.assert_allclose(red["x"], [5.5 / 8, 4.5 / 8, 3.5 / 8])
    np.testing.assert_allclose(red["y"], 1.5 / 8)
    assert red["label"].tolist() == ["b", "a", "b"]
    # All are equally green: the first by id count.
    assert top.of(1)["id"].tolist() == ["test/a/2.png", "test/a/4.png", "test/b/1.png"]
    assert top.of(2).empty and top.of(3).empty
    assert top.n_images == 5 and list(top.skipped) == ["test/a/broken.png"] and calls[-1][1] == 6


def test_of_equal_maxima_the_larger_area_counts(clf, tmp_path):
    for name, width in (("a", 1), ("b", 5), ("c", 3)):
        image = np.zeros((8, 8, 3), np.uint8)
        image[0, :width, 2] = 255
        write_image(tmp_path / "e" / "test" / "x" / f"{name}.png", image)
    top = top_images(clf, Dataset(tmp_path / "e"), "test", "conv")
    assert top.of(2)["id"].tolist() == ["test/x/b.png", "test/x/c.png", "test/x/a.png"]


def test_one_more_batch_changes_nothing(clf, data, monkeypatch):
    whole = top_images(clf, data, "test", "conv", most=2).table
    own = module.layer_outputs
    monkeypatch.setattr(module, "layer_outputs", lambda *args, **more: own(*args, **more, batch_size=2))
    assert top_images(clf, data, "test", "conv", most=2).table.equals(whole)


def test_it_is_kept_until_an_image_changes(clf, data, tmp_path):
    cache, calls = Cache(tmp_path / "cache"), []

    def ask():
        return top_images(clf, data, "test", "conv", cache=cache, progress=lambda *done: calls.append(done))

    first, second = ask(), ask()
    assert calls == [(0, 6), (6, 6)] and first.table.equals(second.table) and second.skipped == first.skipped
    write_image(data.root / "test" / "a" / "2.png", np.full((8, 8, 3), 255, np.uint8))
    assert ask().of(2)["id"].tolist() == ["test/a/2.png"] and len(calls) == 4


def test_maps_show_where(clf, data):
    path = data.samples("test").set_index("id")["path"]["test/b/5.png"]
    (result,) = activation_maps(clf, [path], "conv", 0)
    expected = np.zeros((8, 8), np.float32)
    expected[1, 5] = 250 / 255
    np.testing.assert_allclose(result, expected, rtol=1e-5)


def test_stopping_keeps_what_was_looked_at_and_stores_nothing(clf, data, tmp_path):
    cache = Cache(tmp_path / "cache")
    top = top_images(clf, data, "test", "conv", cache=cache, progress=lambda done, total: done > 0)
    assert top.n_images == 5 and not top.of(0).empty
    none = top_images(clf, data, "test", "conv", cache=cache, progress=lambda done, total: True)
    assert none.n_images == 0 and none.of(0).empty and not list(cache.folder.glob("*/*"))


def test_what_cannot_be_asked_is_told(clf, data, tmp_path):
    with pytest.raises(ModelError, match="no layer magic"):
        top_images(clf, data, "test", "magic")
    (tmp_path / "e" / "test" / "a").mkdir(parents=True)
    (tmp_path / "e" / "test" / "a" / "bad.png").write_bytes(b"x")
    with pytest.raises(DatasetError, match="None of the 1 images"):
        top_images(clf, Dataset(tmp_path / "e"), "test", "conv")
