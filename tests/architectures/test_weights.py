"""Weights from files of every kind, layer by layer."""

import logging

import h5py
import keras
import numpy as np
import pytest

from carvis.architectures import build_model
from carvis.architectures.weights import read_weights, take_weights
from carvis.classifier import Classifier, save_classifier
from carvis.errors import ModelError


def slim(n_classes=3, **more):
    return build_model("transfer", n_classes, 32, backbone="vgg16-slim", head_units=4, **more)


def kernels(model):
    return [layer.get_weights()[0] for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


@pytest.mark.parametrize("file", ["m.keras", "m.h5", "m.weights.h5"])
def test_the_backbone_is_taken_from_a_model_of_other_classes(tmp_path, file, caplog):
    source = slim(n_classes=5)
    (source.save_weights if file == "m.weights.h5" else source.save)(tmp_path / file)
    with caplog.at_level(logging.INFO, "carvis"):
        model = slim(weights=tmp_path / file)
    assert all(np.array_equal(a, b) for a, b in zip(kernels(source), kernels(model), strict=True))
    assert "all 13 layers" in caplog.text


def test_the_head_is_not_taken_even_where_it_would_fit(tmp_path):
    source = slim()
    source.save(tmp_path / "m.keras")
    assert not np.array_equal(
        source.get_layer("dense").get_weights()[0],
        slim(weights=tmp_path / "m.keras").get_layer("dense").get_weights()[0],
    )


def test_a_nested_base_is_found_by_the_names_of_its_layers(tmp_path):
    source = slim()
    base = keras.Model(source.inputs[0], source.get_layer("block5_pool").output, name="vgg")
    nested = keras.Sequential([keras.Input((32, 32, 3)), base, keras.layers.Flatten(), keras.layers.Dense(2)])
    for file in ("m.keras", "m.h5"):
        nested.save(tmp_path / file)
        model = slim(weights=tmp_path / file)
        assert all(np.array_equal(a, b) for a, b in zip(kernels(source), kernels(model), strict=True)), file


def test_a_partial_file_gives_what_it_has_and_says_so(tmp_path, caplog):
    source = slim()
    part = keras.Model(source.inputs[0], source.get_layer("block3_pool").output)
    part.save_weights(tmp_path / "part.weights.h5")
    with caplog.at_level(logging.INFO, "carvis"):
        model = slim(weights=tmp_path / "part.weights.h5")
    same = [np.array_equal(a, b) for a, b in zip(kernels(source), kernels(model), strict=True)]
    assert same == [True] * 7 + [False] * 6
    assert "7 of 13 layers" in caplog.text and "block4_conv1" in caplog.text


def test_weights_are_taken_in_order_where_only_the_names_differ(tmp_path):
    layers = [keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3, name="a"), keras.layers.Conv2D(2, 1, name="b")]
    source = keras.Sequential(layers)
    source.save(tmp_path / "m.h5")
    target = keras.Sequential([layers[0], keras.layers.Conv2D(2, 3, name="x"), keras.layers.Conv2D(2, 1, name="y")])
    assert take_weights(target.layers, tmp_path / "m.h5").unchanged == []
    for a, b in zip(source.get_weights(), target.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_old_files_of_keras_2_are_read(tmp_path):
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["layer_names"] = np.array([b"conv", b"pool"])
        conv, pool = file.create_group("conv"), file.create_group("pool")
        conv.attrs["weight_names"] = np.array([b"conv_1/kernel:0", b"conv_1/bias:0"])
        conv["conv_1/kernel:0"] = np.ones((1, 1, 3, 2))
        conv["conv_1/bias:0"] = np.array([1.0, 2.0])
        pool.attrs["weight_names"] = np.array([], dtype="S1")
    weights = read_weights(tmp_path / "old.h5")
    assert list(weights) == ["conv"]
    assert weights["conv"][1].tolist() == [1.0, 2.0]


def test_the_card_of_a_weights_file_says_its_preprocessing(tmp_path):
    from carvis.architectures.backbones import preprocessing_for

    clf = Classifier(slim(), ["a", "b", "c"], preprocessing="tf")
    path = save_classifier(clf, tmp_path / "m.keras")
    assert preprocessing_for("transfer", "vgg16-slim", path) == "tf"


def test_files_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        slim(weights=tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no weights")
    with pytest.raises(ModelError, match="contains no Keras weights"):
        slim(weights=tmp_path / "text.h5")
    build_model("own", 3, 32, width=4).save(tmp_path / "own.keras")
    with pytest.raises(ModelError, match="fits none of the 13 layers"):
        slim(weights=tmp_path / "own.keras")


@pytest.mark.real
def test_real_mobilenet_weights_give_the_predictions_of_keras(real_data):
    path = real_data / "weights" / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    theirs = keras.applications.MobileNetV2(weights=str(path), include_top=False, input_shape=(96, 96, 3))
    model = build_model("transfer", 20, 96, path, "mobilenet_v2")
    ours = keras.Model(model.inputs[0], model.get_layer("out_relu").output)
    images = np.random.default_rng(0).uniform(-1, 1, (2, 96, 96, 3)).astype(np.float32)
    np.testing.assert_allclose(ours(images), theirs(images), atol=1e-5)


@pytest.mark.real
def test_real_vgg16_weights_partial_nested_and_flat(real_data, caplog):
    with caplog.at_level(logging.INFO, "carvis"):
        part = build_model("transfer", 20, 64, real_data / "weights" / "vgg16_block1_to_block3_notop_partial.h5")
        models = [
            build_model("transfer", 20, 64, real_data / "legacy_h5" / f"vgg16_{kind}_gap_keras220.h5")
            for kind in ("nested", "functional")
        ]
    assert "7 of 13" in caplog.text and caplog.text.count("all 13 layers") == 2
    for model in models:
        np.testing.assert_array_equal(kernels(part)[6], kernels(model)[6])


def test_weights_kept_in_another_file_are_not_read(tmp_path):
    (tmp_path / "secret.bin").write_bytes(bytes(64))
    path = tmp_path / "w.weights.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/dense/vars")
        group.create_dataset("0", (4, 4), "f4", external=[(str(tmp_path / "secret.bin"), 0, 64)])
    with pytest.raises(ModelError, match="points to another file"):
        read_weights(path)
