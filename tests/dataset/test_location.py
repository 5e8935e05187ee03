"""Which data set an image lies in."""

import numpy as np

from carvis.dataset import dataset_of, datasets_of, label_of_path
from carvis.images import write_image


def _image(path):
    return write_image(path, np.zeros((4, 4, 3), np.uint8))


def test_the_data_set_around_an_image(tmp_path):
    inner = _image(tmp_path / "cars" / "test" / "Golf" / "2019" / "1.png")
    assert dataset_of(inner).root == (tmp_path / "cars").resolve()
    assert dataset_of(tmp_path / "cars" / "test" / "Golf" / "gone.png").name == "cars"
    assert dataset_of(_image(tmp_path / "alone" / "1.png")) is None


def test_a_class_may_be_named_like_a_split(tmp_path):
    train = _image(tmp_path / "vehicles" / "test" / "train" / "fast" / "1.png")
    assert dataset_of(train).name == "vehicles"


def test_a_data_set_below_a_folder_named_train(tmp_path):
    nested = _image(tmp_path / "train" / "cars" / "valid" / "Golf" / "1.png")
    assert dataset_of(nested).name == "cars"


def test_a_data_set_called_train(tmp_path):
    """Its label and its names come from one data set: a folder with two splits is no split of the folder around it."""
    inner = _image(tmp_path / "data" / "train" / "test" / "Golf" / "2019" / "1.png")
    _image(tmp_path / "data" / "train" / "train" / "Golf" / "2.png")
    assert dataset_of(inner).root == (tmp_path / "data" / "train").resolve()
    assert dataset_of(inner).class_names == [label_of_path(inner)[0]] == ["Golf"]


def test_a_data_set_made_of_links(tmp_path):
    """Split, class or image may be a link to elsewhere: the data set, and so its names, are as the path says."""
    image = _image(tmp_path / "pool" / "train" / "kitty" / "1.png")
    linked = tmp_path / "mine"
    for link, target in (("test/cat", image.parent), ("valid", image.parent.parent), ("train/dog/1.png", image)):
        (linked / link).parent.mkdir(parents=True, exist_ok=True)
        (linked / link).symlink_to(target)
    for name in ("test/cat/1.png", "valid/kitty/1.png", "train/dog/1.png"):
        assert dataset_of(linked / name).root == linked.resolve()
        assert label_of_path(linked / name)[0] in dataset_of(linked / name).class_names
    assert [data.name for data in datasets_of([linked / "test/cat/1.png", linked / "train/dog/1.png"])] == ["mine"]
    (tmp_path / "shortcut").symlink_to(tmp_path / "pool" / "train" / "kitty")
    assert dataset_of(tmp_path / "shortcut" / "1.png").name == "pool"


def test_a_folder_beside_the_splits_is_no_part_of_it(tmp_path):
    _image(tmp_path / "cars" / "test" / "Golf" / "1.png")
    assert dataset_of(_image(tmp_path / "cars" / "masks" / "1.png")) is None


def test_several_data_sets(tmp_path):
    paths = [_image(tmp_path / name / "test" / "Golf" / f"{i}.png") for name in ("a", "b") for i in range(3)]
    assert [data.name for data in datasets_of([*paths, tmp_path / "no.png"])] == ["a", "b"]
