"""Filter patterns against the plain loop of one filter at a time, and on filters whose pattern is known."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import skew

from carvis.architectures import build_model
from carvis.classifier import Classifier
from carvis.errors import ModelError
from carvis.explain.filters import FilterSettings, ascent, draw_filters, filter_patterns, objective
from carvis.explain.filters.objective import channel_maps
from carvis.explain.keras.hooks import hook_layers
from carvis.explain.keras.submodel import submodel_to
from carvis.images import read_image
from carvis.workspace import Cache

L = keras.layers


def colours(bias):
    """A 1x1 convolution that hands on red, green, blue and nothing, after a bias and ReLU."""
    image = keras.Input((16, 16, 3))
    x = L.Conv2D(4, 1, activation="relu", name="conv")(image)
    model = keras.Model(image, L.Dense(2, activation="softmax")(L.Flatten()(x)))
    kernel = np.zeros((1, 1, 3, 4), np.float32)
    kernel[0, 0, [0, 1, 2], [0, 1, 2]] = 1
    model.get_layer("conv").set_weights([kernel, np.array(bias, np.float32)])
    return Classifier(model, ["a", "b"], preprocessing="unit", name="colours")


@pytest.fixture(scope="module")
def nested():
    keras.utils.set_random_seed(2)
    image = keras.Input((32, 32, 3))
    x = L.Conv2D(6, 3, padding="same", activation="relu", name="first")(image)
    base = keras.Model(image, L.Conv2D(8, 3, activation="relu", name="second")(L.MaxPooling2D()(x)), name="base")
    model = keras.Sequential([keras.Input((32, 32, 3)), base, L.Flatten(), L.Dense(3, activation="softmax")])
    return Classifier(model, ["a", "b", "c"], preprocessing="unit", name="nested")


def test_a_filter_of_a_colour_draws_that_colour():
    """The gradient of the mean of red is the same at every pixel and zero for green and blue, so its root mean square
    is the gradient over the square root of 3: each step adds 1.73 to red alone."""
    patterns = draw_filters(colours([0, 0, 0, 0]), "conv", range(3), FilterSettings(8, 40))
    assert patterns.dead == () and patterns.images.shape == (3, 8, 8, 3)
    for index, image in enumerate(patterns.images):
        means = image.mean(axis=(0, 1))
        assert means.argmax() == index and np.sort(means)[-1] - np.sort(means)[-2] > 30


def test_dead_filters_are_tried_from_wider_noise_and_marked(tmp_path):
    """Red needs 0.9 of the range, which noise of 128 to 148 never reaches and wider noise does; green needs 3."""
    patterns = draw_filters(colours([-0.9, -3, 0, 0]), "conv", [0, 1, 2, 3], FilterSettings(8, 3))
    assert patterns.retried == (0,) and patterns.dead == (1, 3)
    assert not patterns.images[[1, 3]].any() and patterns.images[0].any()
    path = patterns.save(tmp_path / "grid", columns=3)
    assert read_image(path).shape == (2 * 8 + 5, 3 * 8 + 2 * 5, 3)
    facts = json.loads(path.with_suffix(".json").read_text())
    assert facts["dead"] == [1, 3] and facts["settings"]["steps"] == 3 and facts["columns"] == 3


def test_all_together_are_the_tutorials_loop_one_at_a_time(nested):
    """The loop written anew from what the tutorial does, at the tutorial's start, from the same noise."""
    patterns = filter_patterns(nested, "base/second", [0, 3, 5], size=12, steps=5, start="tutorial", seed=7)
    run = submodel_to(nested.model, nested.layer("base/second"))
    for index, image in zip([0, 3, 5], patterns, strict=True):
        x = tf.constant(128 + 20 * np.random.default_rng([7, index, 0]).random((1, 12, 12, 3)), tf.float32)
        for _ in range(5):
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_mean(run(x)[..., index])
            gradient = tape.gradient(loss, x)
            x += gradient / (tf.sqrt(tf.reduce_mean(gradient**2)) + 1e-5)
        x = x.numpy()[0]
        expected = np.clip((x - x.mean()) / (x.std() + 1e-5) * 0.1 + 0.5, 0, 1) * 255
        np.testing.assert_allclose(image, expected.astype(np.uint8), atol=1)


def test_a_filter_does_not_depend_on_the_others_and_the_seed_decides(nested):
    together = filter_patterns(nested, "base/first", range(6), size=8, steps=4)
    alone = filter_patterns(nested, "base/first", [4], size=8, steps=4)
    np.testing.assert_array_equal(together[4], alone[0])
    assert not np.array_equal(alone, filter_patterns(nested, "base/first", [4], size=8, steps=4, seed=1))


def test_each_regularised_pattern_excites_its_own_filter_most(nested):
    patterns = filter_patterns(nested, "base/second", range(4), size=32, steps=200, regularised=True, smoothness=0.001)
    grey = np.full((1, 32, 32, 3), 128, np.uint8)
    run = submodel_to(nested.model, nested.layer("base/second"))
    means = tf.reduce_mean(run(nested.preprocess(np.concatenate([patterns, grey]))), axis=(1, 2)).numpy()[:, :4]
    assert (means.argmax(axis=0) == np.arange(4)).all()
    assert (np.diag(means) > 1.5 * means[4]).all()


def test_drawing_can_be_stopped(nested, monkeypatch):
    """Two filters a chunk, and a person who stops in the middle of the second one keeps the first."""
    monkeypatch.setattr(ascent, "CHUNK_PIXELS", 2 * 8 * 8)
    calls = []
    progress = lambda done, total: calls.append((done, total)) or done > 2  # noqa: E731
    patterns = draw_filters(nested, "base/first", range(6), FilterSettings(8, 32), progress=progress)
    assert patterns.filters == (0, 1) and len(patterns.images) == 2
    assert calls[0] == (0, 6) and (2, 6) in calls and 2 < calls[-1][0] < 4
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_what_was_drawn_is_kept_and_only_the_rest_is_drawn(nested, tmp_path):
    cache = Cache(tmp_path)
    options = FilterSettings(8, 3)
    first = draw_filters(nested, "base/first", range(3), options, cache=cache)
    calls = []
    progress = lambda done, total: calls.append(done)  # noqa: E731
    more = draw_filters(nested, "base/first", range(6), options, cache=cache, progress=progress)
    assert calls[0] == 3 and more.filters == tuple(range(6))
    np.testing.assert_array_equal(more.images[:3], first.images)
    np.testing.assert_array_equal(more.images, draw_filters(nested, "base/first", range(6), options).images)
    draw_filters(nested, "base/first", range(6), replace(options, seed=1), cache=cache, progress=progress)
    assert len(list(tmp_path.glob("*/*.npz"))) == 12
    for file in tmp_path.glob("*/*.npz"):
        file.write_bytes(b"no pattern")
    repeated = draw_filters(nested, "base/first", range(6), options, cache=cache)
    np.testing.assert_array_equal(repeated.images, more.images)


def test_a_dead_filter_is_cached_as_dead(tmp_path):
    cache = Cache(tmp_path)
    for _ in range(2):
        patterns = draw_filters(colours([-0.9, -3, 0, 0]), "conv", range(4), FilterSettings(8, 3), cache=cache)
        assert patterns.retried == (0,) and patterns.dead == (1, 3)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("size", "strides", "dilation"), [(3, 1, 1), (4, 2, 1), ((2, 3), (2, 3), 1), (3, 1, 2)])
def test_one_channel_by_itself_is_the_layers_own(padding, size, strides, dilation):
    """A plain convolution computes only the channel each image asks for: against the whole layer, on odd sides."""
    keras.utils.set_random_seed(5)
    image = keras.Input((17, 14, 6))
    layer = L.Conv2D(5, size, strides, padding, dilation_rate=dilation, activation="relu", bias_initializer="normal")
    model = keras.Model(image, layer(image))
    images = tf.constant(np.random.default_rng(1).normal(size=(4, 17, 14, 6)), tf.float32)
    channels = [4, 0, 2, 2]
    assert objective._is_plain(layer)
    own = tf.reduce_mean(channel_maps(model, layer)(tf.constant(channels))(images), axis=(1, 2))
    whole = tf.reduce_mean(model(images), axis=(1, 2)).numpy()[range(4), channels]
    np.testing.assert_allclose(own, whole, rtol=1e-5)


@pytest.mark.parametrize(
    ("layer", "options", "says"),
    [
        ("nonsense", {}, "no layer nonsense"),
        ("dense", {}, "does not output a feature map"),
        ("base/first", {"filters": [6]}, "no filter 6"),
        ("base/first", {"size": 4}, "at least 8 pixels"),
        ("base/first", {"start": "magic"}, "magic is not a start"),
    ],
)
def test_what_cannot_be_drawn_is_told(nested, layer, options, says):
    if layer == "dense":
        layer = nested.model.layers[-1].name
    with pytest.raises(ModelError, match=says):
        filter_patterns(nested, layer, **options)


def test_the_trunk_gives_what_the_whole_model_gives(nested):
    images = np.random.default_rng(1).random((2, 32, 32, 3), np.float32)
    none = np.zeros((2, 1), np.int32)
    for layer in ("base/first", "base/second"):
        calls = hook_layers(nested.model, [nested.layer(layer)], "logit")(images, none, none, none.astype(np.float32))
        result = submodel_to(nested.model, nested.layer(layer))(tf.constant(images))
        np.testing.assert_allclose(result, calls.activations[0], atol=1e-6)
    assert submodel_to(nested.model, nested.layer("base/second"))(tf.zeros((1, 64, 48, 3))).shape == (1, 30, 22, 8)


@pytest.mark.real
def test_vgg16s_polka_dots_are_white_dots_on_grey(real_data):
    """Dots are few and bright, so luminance leans far to one side; stripes are as bright as they are dark."""
    weights = real_data / "weights" / "vgg16_block1_to_block3_notop_partial.h5"
    model = build_model("transfer", 20, 64, backbone="vgg16", weights=weights)
    clf = Classifier(model, [str(i) for i in range(20)], preprocessing="unit", name="vgg16")
    images = filter_patterns(clf, "block3_conv1", [0, 1, 4, 5], size=128, start="tutorial")
    luminance = (images @ np.array([0.299, 0.587, 0.114])).reshape(4, -1)
    dots, *stripes = skew(luminance, axis=1)
    assert 2.2 < dots < 3.0 and (np.abs(stripes) < 0.5).all()
    assert (np.abs(luminance.mean(axis=1) - 127) < 3).all()


@pytest.mark.real
def test_regularised_patterns_use_no_full_colours(real_data):
    weights = real_data / "weights" / "vgg16_block1_to_block3_notop_partial.h5"
    model = build_model("transfer", 20, 64, backbone="vgg16", weights=weights)
    clf = Classifier(model, [str(i) for i in range(20)], preprocessing="unit", name="vgg16")
    images = filter_patterns(clf, "block3_conv1", [0, 1, 5], steps=24, regularised=True)
    assert ((images < 8) | (images > 247)).mean() < 0.02 and (images.std(axis=(1, 2, 3)) > 40).all()


def test_a_damaged_pattern_is_drawn_again(nested, tmp_path):
    patterns = draw_filters(nested, "base/second", [0, 1], FilterSettings(16, 2), cache=Cache(tmp_path))
    for file in tmp_path.glob("*/*.npz"):
        file.write_bytes(file.read_bytes()[:100])
    repeated = draw_filters(nested, "base/second", [0, 1], FilterSettings(16, 2), cache=Cache(tmp_path))
    np.testing.assert_array_equal(patterns.images, repeated.images)
