import keras
import numpy as np
import pytest
import tensorflow as tf

from carvis.classifier import PREPROCESSING
from carvis.classifier.card import ModelCard, card_path, read_card, write_card
from carvis.errors import ModelError

IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 4, 5, 3)).astype(np.float32)


@pytest.mark.parametrize("name", ["caffe", "tf", "torch"])
def test_equals_keras(name):
    expected = keras.applications.imagenet_utils.preprocess_input(IMAGES.copy(), mode=name)
    np.testing.assert_allclose(PREPROCESSING[name](IMAGES), expected, atol=1e-4)


@pytest.mark.parametrize("name", PREPROCESSING)
def test_tensors_and_arrays_alike(name):
    np.testing.assert_allclose(PREPROCESSING[name](tf.constant(IMAGES)), PREPROCESSING[name](IMAGES), atol=1e-4)


def test_unit_and_none_by_hand():
    pixel = np.array([[[[0.0, 51.0, 255.0]]]], np.float32)
    np.testing.assert_allclose(PREPROCESSING["unit"](pixel).ravel(), [0, 0.2, 1], atol=1e-7)
    np.testing.assert_array_equal(PREPROCESSING["none"](pixel), pixel)


def test_a_card_keeps_what_it_does_not_know(tmp_path):
    card_path(tmp_path / "m.h5").write_text('{"class_names": ["a", "b"], "colour": "red"}', encoding="utf-8")
    card = read_card(tmp_path / "m.h5")
    assert card.class_names == ["a", "b"]
    with pytest.raises(ModelError, match="exists already"):
        write_card(tmp_path / "m.h5", ModelCard())
    write_card(tmp_path / "m.h5", card, overwrite=True)
    assert '"colour": "red"' in card_path(tmp_path / "m.h5").read_text(encoding="utf-8")
    assert read_card(tmp_path / "other.h5") is None
