"""Activations against values worked out on paper, and what follows from them."""

import keras
import numpy as np
import pytest

import carvis
from carvis.classifier import Classifier, load_classifier
from carvis.errors import ImageError, ModelError
from carvis.explain.units.channels import (
    by_largest,
    channel_grid,
    dead_channels,
    last_of_each_size,
    mean_map,
    stretched,
)
from carvis.images import colorize

L = keras.layers
# Red, green and blue of a 2x4 image; unit preprocessing divides by 255.
IMAGE = np.zeros((2, 4, 3), np.uint8)
IMAGE[..., 0] = [[0, 51, 102, 153], [204, 255, 0, 51]]
IMAGE[..., 2] = 255
RED = IMAGE[..., 0] / 255


def small(build="flat") -> Classifier:
    """Channels of the first layer: red itself, dead by its bias, twice red less 1, blue itself."""

    def convolutions():
        return [L.Conv2D(4, 1, activation="relu", name="first"), L.Conv2D(1, 2, name="second")]

    image, size = keras.Input((2, 4, 3)), (2, 4, 3)
    if build == "sequential":
        model = keras.Sequential([keras.Input(size), *convolutions(), L.Flatten(), L.Dense(2)])
    elif build == "nested":
        inner = keras.Sequential([keras.Input(size), *convolutions()], name="base")
        model = keras.Model(image, L.Dense(2)(L.Flatten()(inner(image))))
    else:
        x = image
        for layer in convolutions():
            x = layer(x)
        model = keras.Model(image, L.Dense(2)(L.Flatten()(x)))
    kernel = np.zeros((1, 1, 3, 4), np.float32)
    kernel[0, 0, 0, 0], kernel[0, 0, 0, 2], kernel[0, 0, 2, 3] = 1, 2, 1
    second = np.zeros((2, 2, 4, 1), np.float32)
    second[..., 0, 0] = 1
    bias = np.array([0, -1e3, -1, 0], np.float32)
    model.set_weights([kernel, bias, second, np.zeros(1), np.ones((3, 2)), np.zeros(2)])
    return Classifier(model, ["a", "b"], preprocessing="unit", name="small")


def test_values_worked_out_on_paper():
    maps = carvis.activations(small(), IMAGE)
    assert list(maps) == ["first", "second"]
    first = maps["first"]
    assert first.shape == (2, 4, 4) and first.dtype == np.float32
    np.testing.assert_allclose(first[..., 0], RED, atol=1e-6)
    np.testing.assert_array_equal(first[..., 1], 0)
    np.testing.assert_allclose(first[..., 2], np.maximum(2 * RED - 1, 0), atol=1e-6)
    np.testing.assert_allclose(first[..., 3], 1, atol=1e-6)
    # Windows of red: 0 + .2 + .8 + 1, .2 + .4 + 1 + 0, .4 + .6 + 0 + .2.
    np.testing.assert_allclose(maps["second"][..., 0], [[2.0, 1.6, 1.2]], atol=1e-6)


@pytest.mark.parametrize(("build", "prefix"), [("nested", "base/"), ("sequential", "")])
def test_nested_and_sequential_equal_flat(build, prefix):
    flat, other = carvis.activations(small(), IMAGE), carvis.activations(small(build), IMAGE)
    assert list(other) == [prefix + path for path in flat]
    for path, values in flat.items():
        np.testing.assert_array_equal(other[prefix + path], values)


def test_layers_can_be_chosen():
    clf = small()
    assert list(carvis.activations(clf, IMAGE, "first")) == ["first"]
    assert list(carvis.activations(clf, IMAGE, ["last", "first", "second"])) == ["second", "first"]
    for wrong in ("third", ["first", "third"]):
        with pytest.raises(ModelError, match="no layer third"):
            carvis.activations(clf, IMAGE, wrong)
    with pytest.raises(ModelError, match="does not output a feature map"):
        carvis.activations(clf, IMAGE, clf.model.layers[-1].name)
    for none in ([], ()):
        with pytest.raises(ModelError, match="name a layer"):
            carvis.activations(clf, IMAGE, none)
    with pytest.raises(ImageError):
        carvis.activations(clf, IMAGE[..., 0])


def test_images_of_any_size_and_grey_ones_are_brought_to_the_model():
    clf = small()
    large = np.repeat(np.repeat(IMAGE, 3, axis=0), 3, axis=1)
    clf.resize = "nearest"
    np.testing.assert_array_equal(carvis.activations(clf, large)["first"], carvis.activations(clf, IMAGE)["first"])
    grey = carvis.activations(clf, IMAGE[..., :1])["first"]
    np.testing.assert_allclose(grey[..., 0], RED, atol=1e-6)
    np.testing.assert_allclose(grey[..., 3], RED, atol=1e-6)


def stacked() -> Classifier:
    """Convolutions completed by batch normalisation and ReLU, at two sizes of map, then dropout and a dense layer."""
    image = keras.Input((8, 8, 3))
    x = L.ReLU(name="one")(L.BatchNormalization()(L.Conv2D(2, 1, name="conv_1")(image)))
    x = L.BatchNormalization(name="two")(L.DepthwiseConv2D(1, name="conv_2")(x))
    x = L.Conv2D(3, 3, strides=2, activation="relu", name="three")(L.Dropout(0.5)(x))
    model = keras.Model(image, L.Dense(2)(L.GlobalAveragePooling2D()(x)))
    return Classifier(model, ["a", "b"], preprocessing="unit", name="stacked")


def test_completed_layers_and_the_last_at_each_size():
    clf = stacked()
    image = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    assert clf.conv_layers == ["conv_1", "conv_2", "three"]
    assert clf.completed_layers == ["one", "two", "three"]
    assert list(carvis.activations(clf, image, "completed")) == ["one", "two", "three"]
    assert list(carvis.activations(clf, image, "stages")) == ["two", "three"]
    sizes = {"a": (4, 4, 1), "b": (2, 2, 1), "c": (4, 4, 2), "d": (2, 2, 2)}
    assert sorted(last_of_each_size({path: np.zeros(size) for path, size in sizes.items()})) == ["c", "d"]


def test_the_model_is_left_as_it_was_and_predicts_alike():
    clf = stacked()
    image = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    clf.model.trainable = True
    weights, config = clf.model.get_weights(), clf.model.get_config()
    first, second = carvis.activations(clf, image), carvis.activations(clf, image)
    for path, values in first.items():
        np.testing.assert_array_equal(values, second[path])
        assert "call" not in vars(clf.layer(path))
    for old, new in zip(weights, clf.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert clf.model.get_config() == config


def test_dead_channels_are_the_same_everywhere():
    first = carvis.activations(small(), IMAGE, "first")["first"]
    # Blue is 1 everywhere in this image: alive in others, but it tells nothing of this one.
    assert dead_channels(first).tolist() == [False, True, False, True]
    rounding = np.full((3, 3, 2), 1000.0, np.float32)
    rounding[0, 0] += [0.001, 1]
    assert dead_channels(rounding).tolist() == [True, False]
    broken = np.arange(8.0).reshape(2, 2, 2)
    broken[0, 0, 1] = np.nan
    assert dead_channels(broken).tolist() == [False, True]


def test_order_and_mean():
    maps = np.zeros((1, 2, 4))
    maps[0, :, 0], maps[0, :, 1], maps[0, :, 2], maps[0, :, 3] = (0, 3), (9, 9), (5, -9), (0, 3)
    assert by_largest(maps).tolist() == [2, 0, 3, 1]
    np.testing.assert_array_equal(mean_map(maps), [[3.5, 1.5]])
    np.testing.assert_array_equal(stretched(np.array([-1.0, 0, 3])), [0, 0.25, 1])
    np.testing.assert_array_equal(stretched(np.full(3, 7.0)), 0)


def test_the_grid_goes_row_by_row_with_margins():
    maps = np.zeros((2, 2, 5))
    maps[0, 0] = [1, 2, 4, 0, 8]
    grid = channel_grid(maps, columns=3, side=2, margin=1)
    assert grid.shape == (1 + 2 * 3, 1 + 3 * 3, 3) and grid.dtype == np.uint8
    high, low = colorize(np.array([[1.0, 0.0]]))[0]
    for place, (row, column) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]):
        tile = grid[1 + 3 * row : 3 + 3 * row, 1 + 3 * column : 3 + 3 * column]
        if place == 3:
            assert np.ptp(tile, axis=2).max() == 0 and not (tile == low).all(axis=2).any()
        else:
            np.testing.assert_array_equal(tile, [[high, low], [low, low]])
    assert (grid[:, ::3] == 255).all() and (grid[::3] == 255).all() and (grid[4:, 7:] == 255).all()


def test_a_shared_scale_an_order_and_an_enlarged_tile():
    maps = np.zeros((1, 2, 3))
    maps[0, 0] = [1, 4, 2]
    low, quarter, half, high = colorize(np.array([[0, 0.25, 0.5, 1]]))[0]
    shared = channel_grid(maps, scale="layer", side=2, margin=0)
    np.testing.assert_array_equal(shared, [[quarter, low, high, low, half, low]])
    ordered = channel_grid(maps, scale="layer", side=2, margin=0, largest_first=True)
    np.testing.assert_array_equal(ordered, [[high, low, half, low, quarter, low]])
    single = channel_grid(maps, channels=[2], scale="layer", side=5, margin=0)
    assert single.shape == (2, 4, 3)
    np.testing.assert_array_equal(single[:, :2], np.broadcast_to(half, (2, 2, 3)))
    with pytest.raises(ValueError, match="scale"):
        channel_grid(maps, scale="all")


def test_sixteen_a_row_and_labels_that_take_their_own_room():
    maps = np.random.default_rng(1).random((128, 100, 40))
    plain, labelled = channel_grid(maps, side=32, margin=2), channel_grid(maps, side=32, margin=2, labels=True)
    assert plain.shape == (3 * 34 + 2, 16 * 27 + 2, 3)
    assert labelled.shape == (3 * (34 + 12) + 2, 16 * 27 + 2, 3)
    np.testing.assert_array_equal(labelled[14:46, 2:27], plain[2:34, 2:27])
    assert (labelled[2:14, 2:27] < 200).any()
    assert channel_grid(np.zeros((3, 3, 2)), labels=True).shape[2] == 3


@pytest.mark.real
def test_an_old_nested_file_equals_the_flat_one_and_has_real_maps(real_data):
    folder = real_data / "legacy_h5"
    names = [f"class {i}" for i in range(20)]
    clf = load_classifier(folder / "vgg16_nested_gap_keras220.h5", class_names=names)
    image = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    maps = carvis.activations(clf, image, "stages")
    assert [values.shape for values in maps.values()] == [
        (256 // 2**block, 256 // 2**block, channels) for block, channels in enumerate((64, 128, 256, 512, 512))
    ]
    below = keras.Model(clf.model.layers[0].inputs, clf.layer("vgg16/block2_conv2").output)
    expected = below([clf.prepare([image])], training=False).numpy()[0]
    np.testing.assert_allclose(maps["vgg16/block2_conv2"], expected, rtol=1e-4, atol=1e-5)
