"""Which pictures are trained on, and reading them once."""

import shutil

import numpy as np
import pytest

from carvis import Dataset
from carvis.errors import TrainingError
from carvis.images import read_image, resize
from carvis.training.image_set import Pictures, shuffled, split_samples


def copy(colours, to) -> Dataset:
    shutil.copytree(colours.root, to)
    return Dataset(to)


def test_without_a_valid_split_a_share_of_each_class_is_held_out(colours, tmp_path):
    data = copy(colours, tmp_path / "d")
    shutil.rmtree(data.root / "valid")
    data = Dataset(data.root)
    train, valid, said = split_samples(data, seed=5)
    assert "12 of 72" in said
    assert valid["label"].value_counts().to_dict() == {"blue car": 4, "red": 4, "日産": 4}
    assert set(train["id"]) | set(valid["id"]) == set(data.samples("train")["id"])
    assert not set(train["id"]) & set(valid["id"])
    again, other = split_samples(data, seed=5)[1], split_samples(data, seed=6)[1]
    assert list(again["id"]) == list(valid["id"]) != list(other["id"])


def test_a_valid_split_is_taken_as_it_is(colours):
    train, valid, said = split_samples(colours, seed=0)
    assert (len(train), len(valid), said) == (72, 24, None)


def test_too_little_to_learn_from(colours, tmp_path):
    data = copy(colours, tmp_path / "d")
    for name in ("red", "日産"):
        shutil.rmtree(data.root / "train" / name)
    with pytest.raises(TrainingError, match="two or more are needed"):
        split_samples(Dataset(data.root), 0)
    shutil.rmtree(data.root / "train")
    with pytest.raises(TrainingError, match="no train folder"):
        split_samples(Dataset(data.root), 0)


def test_broken_pictures_are_left_out_and_listed(colours, tmp_path):
    data = copy(colours, tmp_path / "d")
    (data.root / "train" / "red" / "car3.jpg").write_bytes(b"no picture")
    samples = data.samples("train")
    pictures = Pictures(samples, data.class_names, (32, 32))
    assert len(pictures) == 71
    assert np.bincount(pictures.labels).tolist() == [24, 23, 24]
    [(index, reason)] = pictures.broken.reasons.items()
    assert samples["id"][index] == "train/red/car3.jpg" and "car3.jpg" in reason


def test_pictures_that_do_not_fit_in_memory_are_the_same(colours):
    samples = colours.samples("train")
    kept, read_again = (Pictures(samples, colours.class_names, (32, 32), memory=m) for m in (10**9, 10))
    assert kept.cached and not read_again.cached
    chosen = np.array([5, 70, 0])
    np.testing.assert_array_equal(kept.images(chosen), read_again.images(chosen))
    np.testing.assert_array_equal(kept.images(chosen)[1], resize(read_image(samples["path"][70]), 32))


def test_batches_hold_every_picture_once_in_an_order_of_seed_and_epoch(colours):
    pictures = Pictures(colours.samples("train"), colours.class_names, (32, 32))

    def labels(**which):
        return np.concatenate([label.numpy() for _, label in pictures.batches(16, "unit", **which)])

    np.testing.assert_array_equal(labels(), pictures.labels)
    first, again, later = (labels(epoch=epoch, seed=1, view=epoch) for epoch in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != later).any() and (first != pictures.labels).any()
    assert np.bincount(later).tolist() == [24, 24, 24]


def test_batches_are_preprocessed(colours):
    pictures = Pictures(colours.samples("valid"), colours.class_names, (32, 32))
    images, _ = next(pictures.batches(4, "tf"))
    assert images.shape == (4, 32, 32, 3)
    np.testing.assert_allclose(images, pictures.images(np.arange(4)) / 127.5 - 1, atol=1e-5)


def test_a_view_of_a_picture_is_the_same_in_any_batch_and_order(colours):
    pictures = Pictures(colours.samples("valid"), colours.class_names, (32, 32))

    def view(number, batch_size, epoch=None):
        order = shuffled(len(pictures), epoch, seed=3)
        batches = pictures.batches(batch_size, "unit", epoch=epoch, seed=3, view=number)
        return np.concatenate([images.numpy() for images, _ in batches])[np.argsort(order)]

    one = view(0, 24)
    np.testing.assert_allclose(view(0, 5, epoch=2), one, atol=1e-5)
    assert np.abs(view(1, 24) - one).max() > 0.1


def test_the_content_names_the_pictures(colours):
    whole, less = (
        Pictures(colours.samples("valid").head(n), colours.class_names, (32, 32), memory=m)
        for n, m in ((24, 10), (23, 10**9))
    )
    assert whole.content == Pictures(colours.samples("valid"), colours.class_names, (32, 32)).content != less.content
