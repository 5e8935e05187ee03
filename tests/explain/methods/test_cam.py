"""Class activation methods against their definitions, and all of them together against each alone."""

import keras
import numpy as np
import pytest

from carvis.classifier import Classifier
from carvis.errors import ModelError
from carvis.explain import METHODS, Contrast, Heatmap, heatmap_sets, heatmaps
from carvis.explain.methods.availability import why_not
from carvis.explain.methods.cam import METHODS as CAM
from carvis.explain.methods.cam import eigen_cam, grad_cam_plus_plus, hires_cam, layer_cam
from carvis.explain.methods.fusion import fuse

L = keras.layers
RNG = np.random.default_rng(11)
IMAGES = RNG.integers(0, 255, (3, 12, 12, 3), np.uint8)


@pytest.fixture(scope="module")
def clf():
    """Two convolutions, the last followed by nothing but linear layers."""
    keras.utils.set_random_seed(1)
    image = keras.Input((12, 12, 3))
    x = L.Conv2D(4, 3, activation="relu", name="first")(image)
    x = L.Conv2D(5, 3, strides=2, activation="relu", name="second")(x)
    model = keras.Model(image, L.Dense(4, activation="softmax", name="dense")(L.Flatten()(x)))
    return Classifier(model, ["a", "b", "c", "d"], preprocessing="unit", name="tiny")


def test_the_sum_of_hirescam_is_the_logit(clf):
    maps = heatmaps(clf, IMAGES, "hirescam", target=2)
    bias = clf.model.get_layer("dense").get_weights()[1][2]
    for heatmap in maps:
        assert heatmap.raw.sum() + bias == pytest.approx(heatmap.score, abs=1e-5)


def test_before_average_pooling_and_a_linear_layer_grad_cam_is_hirescam_and_adds_up_to_the_logit():
    keras.utils.set_random_seed(2)
    image = keras.Input((12, 12, 3))
    x = L.GlobalAveragePooling2D()(L.Conv2D(5, 3, activation="relu", name="conv")(image))
    model = keras.Model(image, L.Dense(4, bias_initializer="random_normal", activation="softmax", name="dense")(x))
    clf = Classifier(model, list("abcd"), preprocessing="unit", name="pooled")
    bias = model.get_layer("dense").get_weights()[1]
    for target in range(4):
        pairs = zip(heatmaps(clf, IMAGES, target=target), heatmaps(clf, IMAGES, "hirescam", target), strict=True)
        for first, second in pairs:
            np.testing.assert_allclose(first.raw, second.raw, atol=1e-7)
            assert first.raw.sum() == pytest.approx(first.score - bias[target], abs=1e-6)


def test_grad_cam_plus_plus_leaves_out_what_has_no_gradient():
    activations = np.array([1.0, 2, 3, 4]).reshape(1, 2, 2, 1)
    assert not grad_cam_plus_plus(activations, np.zeros_like(activations)).any()
    # 2 g^2 + A g^3 is zero where A sums to 10 and g is -0.2; a negative gradient has no weight anyway.
    assert not grad_cam_plus_plus(activations, np.full_like(activations, -0.2)).any()


@pytest.mark.parametrize("shape", [(1, 2, 2, 7), (2, 5, 4, 3)])
def test_eigen_cam_is_the_first_term_of_the_decomposition(shape):
    activations = RNG.random(shape)
    maps = eigen_cam(activations, activations)
    for item, heatmap in zip(activations, maps, strict=True):
        left, values, _ = np.linalg.svd(item.reshape(-1, shape[-1]), full_matrices=False)
        expected = left[:, 0] * values[0]
        np.testing.assert_allclose(heatmap.ravel(), expected * np.sign(expected.sum()), rtol=1e-5)


def test_a_contrast_is_the_map_of_one_class_less_that_of_the_other(clf):
    first, second = (heatmaps(clf, IMAGES, target=name) for name in ("b", "d"))
    for gamma in (0.0, 1.0, 0.5):
        for heatmap, a, b in zip(heatmaps(clf, IMAGES, target=Contrast("b", 3, gamma)), first, second, strict=True):
            np.testing.assert_allclose(heatmap.raw, a.raw - gamma * b.raw, atol=1e-6)
            assert heatmap.score == pytest.approx(a.score - gamma * b.score, abs=1e-6)
    assert heatmap.target_name == "b rather than 0.5 x d" and (heatmap.target, heatmap.against) == (1, 3)
    plain = heatmaps(clf, IMAGES, target=Contrast("b", "d", 0))[0]
    assert plain.target_name == "b" and plain.against is None


def test_a_contrast_of_the_answer_with_the_truth(clf):
    maps = heatmaps(clf, IMAGES, target=Contrast("predicted", "true"), labels=["a", "b", "c"])
    assert [(m.target, m.against) for m in maps] == [(m.predicted, i) for i, m in enumerate(maps)]
    with pytest.raises(ModelError, match="label is unknown"):
        heatmaps(clf, IMAGES, target=Contrast("predicted", "true"))
    with pytest.raises(ModelError, match="e is not a class"):
        heatmaps(clf, IMAGES, target=Contrast("a", "e"))


@pytest.mark.parametrize("score", ["logit", "probability"])
def test_all_together_are_each_alone(clf, score):
    targets = ["predicted", 2, Contrast("a", "b")]
    layers = [None, "first", ("second", "first")]
    methods = [name for name in METHODS if why_not(clf, name) is None]
    assert len(methods) == len(METHODS) - 2
    sets = list(heatmap_sets(clf, IMAGES, methods, targets, layers, score=score, batch_size=2))
    assert len(sets) == 3 and all(len(heatmap_set) == len(methods) * 9 for heatmap_set in sets)
    for method in methods:
        for target in targets:
            for layer in layers:
                for i in range(3):
                    alone = heatmaps(clf, IMAGES[i : i + 1], method, target, layer, score=score)[0]
                    together = sets[i][method, target, layer]
                    np.testing.assert_allclose(together.raw, alone.raw, rtol=1e-4, atol=1e-6)
                    assert (together.status, together.layer) == (alone.status, alone.layer)


def test_fused_maps_take_the_most_evidence_of_any_layer(clf):
    shallow = np.array([[-1.0, 0], [0, 2]])
    deep = np.array([[4.0]])
    np.testing.assert_allclose(fuse([shallow, deep]), 1)
    np.testing.assert_allclose(fuse([shallow, -deep]), [[0, 0], [0, np.tanh(2)]], rtol=1e-6)
    heatmap = heatmaps(clf, IMAGES, "layercam", layer=["last", "first"])[0]
    assert heatmap.layer == "second+first" and heatmap.raw.shape == (10, 10)
    with pytest.raises(ModelError, match="does not output a feature map"):
        heatmaps(clf, IMAGES, layer=["second", "dense"])


def test_a_contrast_survives_a_file(clf, tmp_path):
    heatmap = heatmaps(clf, IMAGES, target=Contrast("a", "b", 0.5))[0]
    reloaded = Heatmap.load(heatmap.save(tmp_path / "map"))
    assert (reloaded.against, reloaded.gamma, reloaded.target_name) == (1, 0.5, heatmap.target_name)


@pytest.mark.parametrize("method", CAM, ids=lambda method: method.name)
def test_channels_in_another_order_give_the_same_map(method):
    activations, gradients = RNG.random((2, 4, 4, 6)), RNG.normal(size=(2, 4, 4, 6))
    order = RNG.permutation(6)
    result = method.function(activations, gradients)
    turned = method.function(activations[..., order], gradients[..., order])
    np.testing.assert_allclose(result, turned, rtol=1e-5, atol=1e-6)
    assert result.dtype == np.float32


def test_hirescam_and_layercam_differ_by_what_speaks_against(clf):
    activations, gradients = RNG.random((1, 3, 3, 2)), RNG.normal(size=(1, 3, 3, 2))
    against = hires_cam(activations, np.minimum(gradients, 0))
    np.testing.assert_allclose(
        layer_cam(activations, gradients) + against, hires_cam(activations, gradients), atol=1e-6
    )
