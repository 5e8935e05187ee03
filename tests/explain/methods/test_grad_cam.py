"""Grad-CAM against numbers worked by hand and against finite differences from first principles."""

import keras
import numpy as np
import pytest

from carvis.classifier import Classifier
from carvis.explain import heatmaps
from carvis.explain.keras.hooks import hook_layers
from carvis.explain.methods import METHODS

L = keras.layers
CONV = np.random.default_rng(3).normal(size=(3, 3, 1, 4)).astype(np.float32)
CONV_BIAS = np.array([0.1, -0.2, 0.3, 0.0], np.float32)
DENSE = np.random.default_rng(4).normal(size=(4, 3)).astype(np.float32)
DENSE_BIAS = np.array([0.5, -0.5, 0.1], np.float32)
IMAGES = np.random.default_rng(5).integers(0, 255, (3, 8, 8, 1), np.uint8)


def hand_worked_model() -> keras.Model:
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), L.Conv2D(2, 3, name="conv"), L.ReLU(name="relu"), L.Flatten(), L.Dense(4), L.ReLU()]
    )
    column = np.array([1, 1, 1, -1, 1, -1, 1, -1], np.float32)
    weights = [np.ones((3, 3, 1, 2)), np.array([-50, -75]), np.repeat(column[:, None], 4, axis=1), np.zeros(4)]
    model.set_weights(weights)
    return model


@pytest.mark.parametrize(
    ("method", "layer", "expected"),
    [
        ("grad-cam", "relu", [[0, 4], [28, 32.5]]),
        ("grad-cam", "conv", [[11.25, 13.5], [20.25, 22.5]]),
        ("grad-cam++", "relu", [[0, 4 * 4 / 77], [31 * 4 / 77 + 6 / 23, 40 * 4 / 77 + 15 / 23]]),
        ("hirescam", "relu", [[0, 4], [25, 25]]),
        ("layercam", "relu", [[0, 4], [31, 40]]),
    ],
)
def test_hand_worked_numbers(method, layer, expected):
    """The convolution sums 3x3 windows: 45, 54, 81, 90; less the biases and after ReLU the channels are
    [0, 4, 31, 40] and [0, 0, 6, 15]; the logit is 4 + 31 + 40 - 6 - 15 + ... = 54 for each class."""
    model = hand_worked_model()
    tap = hook_layers(model, [model.get_layer(layer)], "logit")
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    calls = tap(image, np.array([[0]], np.int32), np.array([[0]], np.int32), np.array([[0]], np.float32))
    assert calls.scores.numpy().tolist() == [[54]]
    raw = METHODS[method].function(calls.activations[0].numpy(), calls.gradients[0].numpy()[:, 0])[0]
    np.testing.assert_allclose(raw, expected, atol=1e-5)


def flat(squash):
    x = image = keras.Input((8, 8, 1))
    x = L.Conv2D(4, 3, activation="relu", name="conv")(x)
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(image, head(squash)(x)), "conv"


def head(squash):
    if squash == "argument":
        return L.Dense(3, activation="softmax", name="dense")
    return keras.Sequential([L.Dense(3, name="dense"), L.Softmax() if squash == "layer" else L.Activation("softmax")])


def nested(squash):
    image = keras.Input((8, 8, 1))
    base = keras.Model(image, L.Conv2D(4, 3, activation="relu", name="conv")(image), name="base")
    outer = keras.Input((8, 8, 1))
    return keras.Model(outer, head(squash)(L.GlobalAveragePooling2D()(base(outer)))), "base/conv"


def sequential(squash):
    base = keras.Sequential([keras.Input((8, 8, 1)), L.Conv2D(4, 3, activation="relu", name="conv")], name="base")
    features = keras.Sequential([base, L.GlobalAveragePooling2D()], name="features")
    return keras.Sequential([features, head(squash)]), "features/base/conv"


def classifier(build, squash) -> tuple[Classifier, str]:
    model, layer = build(squash)
    model.build((None, 8, 8, 1))
    model.set_weights([CONV, CONV_BIAS, DENSE, DENSE_BIAS])
    return Classifier(model, ["a", "b", "c"], preprocessing="unit", name="tiny"), layer


def convolve(image):
    """The layer's output in float64, by loops."""
    x = image[..., 0].astype(np.float64) / 255
    out = np.zeros((6, 6, 4))
    for i in range(6):
        for j in range(6):
            out[i, j] = np.tensordot(x[i : i + 3, j : j + 3], CONV[:, :, 0], axes=2) + CONV_BIAS
    return np.maximum(out, 0)


def logits_of(activations):
    return activations.mean(axis=(0, 1)) @ DENSE.astype(np.float64) + DENSE_BIAS


def softmax(z):
    return np.exp(z - z.max()) / np.exp(z - z.max()).sum()


def by_finite_differences(image, target, tail):
    """Grad-CAM from its definition: the score's slope at every cell of every channel, by central differences."""
    activations = convolve(image)
    slope = np.zeros_like(activations)
    for index in np.ndindex(activations.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = activations.copy()
            moved[index] += step
            ends.append(tail(moved)[target])
        slope[index] = (ends[0] - ends[1]) / 2e-5
    return (activations * slope.mean(axis=(0, 1))).sum(axis=2)


@pytest.mark.parametrize("squash", ["argument", "layer", "activation"])
@pytest.mark.parametrize("build", [flat, nested, sequential])
def test_maps_agree_with_finite_differences(build, squash):
    clf, layer = classifier(build, squash)
    assert clf.last_conv_layer == layer
    for score, tail in (("logit", logits_of), ("probability", lambda a: softmax(logits_of(a)))):
        for target in (0, 2):
            maps = heatmaps(clf, IMAGES, target=target, score=score)
            for heatmap, image in zip(maps, IMAGES, strict=True):
                expected = by_finite_differences(image, target, tail)
                np.testing.assert_allclose(heatmap.raw, expected, atol=2e-6)
                assert heatmap.score == pytest.approx(tail(convolve(image))[target], abs=1e-5)
                np.testing.assert_allclose(heatmap.probabilities, softmax(logits_of(convolve(image))), atol=1e-6)


def test_a_single_sigmoid_output_has_two_classes():
    image = keras.Input((8, 8, 1))
    x = L.Conv2D(4, 3, activation="relu", name="conv")(image)
    model = keras.Model(image, L.Dense(1, activation="sigmoid")(L.GlobalAveragePooling2D()(x)))
    model.set_weights([CONV, CONV_BIAS, DENSE[:, :1], DENSE_BIAS[:1]])
    clf = Classifier(model, ["no", "yes"], preprocessing="unit", name="binary")

    def two_logits(activations):
        z = logits_of(activations)[0]
        return np.array([-z, z])

    for target, name in enumerate(clf.class_names):
        heatmap = heatmaps(clf, IMAGES[:1], target=name)[0]
        assert heatmap.target == target
        np.testing.assert_allclose(heatmap.raw, by_finite_differences(IMAGES[0], target, two_logits), atol=2e-6)
        assert heatmap.probabilities[1] == pytest.approx(
            1 / (1 + np.exp(-two_logits(convolve(IMAGES[0]))[1])), abs=1e-6
        )


def test_batch_equals_singles_and_the_model_is_left_as_it_was():
    clf, layer = classifier(nested, "argument")
    before = [weight.copy() for weight in clf.model.get_weights()]
    config, predictions = clf.model.get_config(), clf.predict(IMAGES)
    together = heatmaps(clf, IMAGES)
    for heatmap, image in zip(together, IMAGES, strict=True):
        np.testing.assert_allclose(heatmap.raw, heatmaps(clf, image[None])[0].raw, rtol=1e-5, atol=1e-7)
    for old, new in zip(before, clf.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert clf.model.get_config() == config
    assert "call" not in vars(clf.layer(layer))
    np.testing.assert_array_equal(clf.predict(IMAGES), predictions)


def test_dropout_and_batch_normalisation_stand_still():
    image = keras.Input((8, 8, 1))
    x = L.BatchNormalization()(L.Conv2D(4, 3, name="conv")(image))
    x = L.Dropout(0.5)(L.ReLU(name="relu")(x))
    model = keras.Model(image, L.Dense(3, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    clf = Classifier(model, ["a", "b", "c"], preprocessing="unit", name="noisy")
    assert clf.last_conv_layer == "relu"
    first, second = heatmaps(clf, IMAGES), heatmaps(clf, IMAGES)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.raw, b.raw)


@pytest.mark.parametrize("squash", ["softmax", "sigmoid"])
@pytest.mark.parametrize("tail", [L.Reshape, L.Flatten, L.Dropout, L.Identity, L.Activation, None])
def test_layers_that_only_reshape_may_follow_the_squashing(squash, tail):
    units = 3 if squash == "softmax" else 1
    arguments = {L.Reshape: ((units,),), L.Dropout: (0.5,), L.Activation: ("linear",)}.get(tail, ())
    image = keras.Input((8, 8, 1))
    x = L.GlobalAveragePooling2D()(L.Conv2D(4, 3, activation="relu", name="conv")(image))
    x = L.Dense(units, activation=squash)(x)
    model = keras.Model(image, tail(*arguments)(x) if tail else x)
    model.set_weights([CONV, CONV_BIAS, DENSE[:, :units], DENSE_BIAS[:units]])
    clf = Classifier(model, ["a", "b", "c"][: max(units, 2)], preprocessing="unit", name="tiny")
    z = logits_of(convolve(IMAGES[0]))
    for score in ("logit", "probability"):
        heatmap = heatmaps(clf, IMAGES[:1], target=1, score=score)[0]
        z_1 = z[1] if squash == "softmax" else z[0]
        p_1 = softmax(z)[1] if squash == "softmax" else 1 / (1 + np.exp(-z[0]))
        assert heatmap.score == pytest.approx(z_1 if score == "logit" else p_1, abs=1e-5)
