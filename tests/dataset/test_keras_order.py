"""The class names in Keras' own order, held against Keras itself."""

import unicodedata

import numpy as np
import pytest

from carvis.dataset import Dataset
from carvis.images import write_image


def _folders(root, split, names, form="NFC"):
    for name in names:
        write_image(root / split / unicodedata.normalize(form, name) / "1.png", np.full((8, 8, 3), len(name), np.uint8))


def _keras(folder) -> list[str]:
    import keras

    names = keras.utils.image_dataset_from_directory(folder, image_size=(8, 8), verbose=False).class_names
    old = keras.src.legacy.preprocessing.image.ImageDataGenerator().flow_from_directory(folder, target_size=(8, 8))
    assert sorted(old.class_indices, key=old.class_indices.get) == names
    return [unicodedata.normalize("NFC", name) for name in names]


ORDERS = [
    ["ドア", "バス", "ハンドル"],
    ["Äpfel", "Birne", "Zebra"],
    ["class1", "class10", "class2"],
    ["bmw", "Audi", "Zeta", "alfa", "_other", "0", "10", "2"],
    ["é", "e", "f", "E", "É"],
    ["が", "か", "かき", "き", "パ", "ハ", "ヒ"],
]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("names", ORDERS)
def test_the_order_is_that_of_keras(names, form, tmp_path):
    _folders(tmp_path, "train", names, form)
    data = Dataset(tmp_path)
    assert data.keras_class_names == _keras(tmp_path / "train")
    assert sorted(data.keras_class_names) == data.class_names


def test_decomposed_names_differ_from_composed_ones(tmp_path):
    _folders(tmp_path, "train", ORDERS[0], "NFD")
    data = Dataset(tmp_path)
    assert data.class_names == ["ドア", "ハンドル", "バス"]
    assert data.keras_class_names == ["ドア", "バス", "ハンドル"]


def test_the_split_that_a_model_is_trained_on_counts(tmp_path):
    _folders(tmp_path, "train", ORDERS[1], "NFD")
    _folders(tmp_path, "test", [*ORDERS[1], "Unknown"], "NFC")
    (tmp_path / "train" / ".ipynb_checkpoints").mkdir()
    (tmp_path / "train" / "notes.txt").write_text("")
    data = Dataset(tmp_path)
    assert data.class_names == ["Birne", "Unknown", "Zebra", "Äpfel"]
    assert data.keras_class_names == ["Äpfel", "Birne", "Zebra"]


def test_two_spellings_of_one_class_in_one_split_are_one(tmp_path):
    _folders(tmp_path, "train", ORDERS[1], "NFD")
    _folders(tmp_path, "train", ["Äpfel"], "NFC")
    assert Dataset(tmp_path).keras_class_names == ["Äpfel", "Birne", "Zebra"]


@pytest.mark.parametrize("left", [["__MACOSX"], [".ipynb_checkpoints"], [".ipynb_checkpoints", "__MACOSX"]])
def test_folders_that_systems_leave_are_no_classes_but_for_a_model_trained_on_them(left, tmp_path):
    import keras

    names = ["Audi", "bmw"]
    _folders(tmp_path, "train", names)
    for name in left:
        (tmp_path / "train" / name / "Audi").mkdir(parents=True)
    (tmp_path / "train" / left[-1] / "Audi" / "._1.png").write_bytes(b"\0\5\x16\7")
    data = Dataset(tmp_path)
    assert data.class_names == data.keras_class_names == names == data.keras_names_of(2)
    assert list(data.other_files()["path"]) == [] and len(data.samples("train")) == 2
    old = keras.src.legacy.preprocessing.image.ImageDataGenerator().flow_from_directory(tmp_path / "train")
    counted = sorted(old.class_indices, key=old.class_indices.get)
    assert data.keras_names_of(len(counted)) == counted and data.keras_names_of(9) is None
