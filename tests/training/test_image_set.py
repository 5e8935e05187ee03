"""Which images are trained on, and reading them once."""

import shutil

import numpy as np
import pytest

from carvis import Dataset
from carvis.errors import TrainingError
from carvis.images import read_image, resize
from carvis.training.image_set import ImageSet, split_samples


def copy(colours, to) -> Dataset:
    shutil.copytree(colours.root, to)
    return Dataset(to)


def test_without_a_valid_split_a_share_of_each_class_is_held_out(colours, tmp_path):
    data = copy(colours, tmp_path / "d")
    shutil.rmtree(data.root / "valid")
    data = Dataset(data.root)
    train, valid, note = split_samples(data, seed=5)
    assert "12 of 72" in note
    assert valid["label"].value_counts().to_dict() == {"blue car": 4, "red": 4, "日産": 4}
    assert set(train["id"]) | set(valid["id"]) == set(data.samples("train")["id"])
    assert not set(train["id"]) & set(valid["id"])
    repeated, other = split_samples(data, seed=5)[1], split_samples(data, seed=6)[1]
    assert list(repeated["id"]) == list(valid["id"]) != list(other["id"])


def test_a_valid_split_is_taken_as_it_is(colours):
    train, valid, note = split_samples(colours, seed=0)
    assert (len(train), len(valid), note) == (72, 24, None)


def test_too_little_to_learn_from(colours, tmp_path):
    data = copy(colours, tmp_path / "d")
    for name in ("red", "日産"):
        shutil.rmtree(data.root / "train" / name)
    with pytest.raises(TrainingError, match="two or more are needed"):
        split_samples(Dataset(data.root), 0)
    shutil.rmtree(data.root / "train")
    with pytest.raises(TrainingError, match="no train folder"):
        split_samples(Dataset(data.root), 0)


def test_broken_images_are_ignored_and_listed(colours, tmp_path):
    data = copy(colours, tmp_path / "d")
    (data.root / "train" / "red" / "car3.jpg").write_bytes(b"no image")
    samples = data.samples("train")
    images = ImageSet(samples, data.class_names, (32, 32))
    assert len(images) == 71
    assert np.bincount(images.labels).tolist() == [24, 23, 24]
    [(index, reason)] = images.unreadable.reasons.items()
    assert samples["id"][index] == "train/red/car3.jpg" and "car3.jpg" in reason


def test_images_that_do_not_fit_in_memory_are_the_same(colours):
    samples = colours.samples("train")
    in_memory, read_again = (ImageSet(samples, colours.class_names, (32, 32), memory=m) for m in (10**9, 10))
    assert in_memory.in_memory and not read_again.in_memory
    chosen = np.array([5, 70, 0])
    np.testing.assert_array_equal(in_memory.images(chosen), read_again.images(chosen))
    np.testing.assert_array_equal(in_memory.images(chosen)[1], resize(read_image(samples["path"][70]), 32))


def test_the_content_names_the_images(colours):
    whole, less = (
        ImageSet(colours.samples("valid").head(n), colours.class_names, (32, 32), memory=m)
        for n, m in ((24, 10), (23, 10**9))
    )
    assert whole.content == ImageSet(colours.samples("valid"), colours.class_names, (32, 32)).content != less.content
