"""Probing methods on models so small that the answer is worked out on paper."""

import keras
import numpy as np
import pytest

from carvis.classifier import Classifier
from carvis.explain import heatmaps
from carvis.explain.methods.gradient import integrated_gradients, smooth_grad
from carvis.explain.methods.perturbation import occlusion, score_cam
from carvis.explain.methods.probe import Probe

L = keras.layers


def probe(image, scores, gradients=None, activations=None, seed=0):
    image = np.asarray(image, np.float32)[..., None]
    return Probe(image, np.zeros_like(image), activations, scores, gradients, seed)


def test_integrated_gradients_of_a_product_and_their_sum():
    """The score x y has the gradient (y, x); from black to (2, 3) the mean gradient is (1.5, 1), times the way
    (2, 3) gives 3 for each: together the score, 6."""

    def scores(images):
        return images[:, 0, 0, 0] * images[:, 0, 1, 0]

    def gradients(images):
        return images[:, :, ::-1]

    np.testing.assert_allclose(integrated_gradients(probe([[2, 3]], scores, gradients)), [[3, 3]], rtol=1e-6)


def test_occlusion_of_a_sum():
    """The score is the sum of four pixels 4, 0, 0, 0, whose mean is 1. A patch over all leaves the sum as it is (fall
    0); over the corner of the 4 alone it takes 3 away, over a row or column with it 2; without the 4 it adds."""
    result = occlusion(probe([[4, 0], [0, 0]], lambda images: images.sum(axis=(1, 2, 3))))
    # Patches around the 9 corners: [[3, 2, -1], [2, 0, -2], [-1, -2, -1]]; each cell is the mean of its four.
    np.testing.assert_allclose(result, [[7 / 4, -1 / 4], [-1 / 4, -5 / 4]])


def test_score_cam_weighs_channels_by_what_they_show():
    """Channel 0 is bright where the image's 2 lies, channel 1 where its 1 lies; the third is flat and masks nothing.
    Masked, the sum is 2 or 1, so the weights are e^2 and e^1 over their sum."""
    activations = np.array([[[5.0, 0, 1], [0, 3, 1]]])
    result = score_cam(probe([[2, 1]], lambda images: images.sum(axis=(1, 2, 3)), activations=activations))
    first = np.e / (1 + np.e)
    np.testing.assert_allclose(result, [[5 * first, 3 * (1 - first)]], rtol=1e-6)
    assert not score_cam(probe([[2, 1]], None, activations=np.ones((1, 2, 3)))).any()


def test_smoothgrad_of_a_square_is_its_gradient_and_depends_on_the_seed_alone():
    def gradients(images):
        return 2 * images

    result = [smooth_grad(probe([[1, -3]], None, gradients, seed=seed)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(result[0], result[1])
    assert not np.array_equal(result[0], result[2])
    # The noise has a spread of 0.15 x 4, so the mean of 16 doubles it within 2 x 0.6 / 4 at one standard deviation.
    np.testing.assert_allclose(result[0], [[2, 6]], atol=0.9)


@pytest.fixture(scope="module")
def red_votes():
    """Red votes for the first class, green for the second; each by its mean. Preprocessing takes [0, 1]."""
    image = keras.Input((32, 32, 3))
    x = L.Conv2D(3, 1, use_bias=False, name="conv")(image)
    model = keras.Model(image, L.Dense(2, use_bias=False, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    model.set_weights([np.eye(3, dtype=np.float32).reshape(1, 1, 3, 3), np.eye(3, 2, dtype=np.float32)])
    return Classifier(model, ["red", "green"], preprocessing="unit", name="colours")


@pytest.mark.parametrize("method", ["score-cam", "occlusion", "smoothgrad", "integrated-gradients"])
def test_the_evidence_lies_where_the_colour_is(red_votes, method):
    image = np.zeros((32, 32, 3), np.uint8)
    image[:16, :16, 0] = 255
    heatmap = heatmaps(red_votes, image[None], method, target="red")[0]
    assert heatmap.status == ("constant" if method == "smoothgrad" else "ok")
    if method != "smoothgrad":
        height, width = heatmap.raw.shape
        inside = heatmap.positive[: height // 2, : width // 2].sum()
        assert inside > 0.9 * heatmap.positive.sum()
    assert heatmap.layer == ("conv" if method == "score-cam" else "input")


def test_the_sum_of_integrated_gradients_is_the_rise_over_black(red_votes):
    image = np.random.default_rng(0).integers(0, 255, (1, 32, 32, 3), np.uint8)
    for score in ("logit", "probability"):
        heatmap = heatmaps(red_votes, image, "integrated-gradients", target="green", score=score)[0]
        black = heatmaps(red_votes, np.zeros_like(image), "grad-cam", target="green", score=score)[0]
        assert heatmap.raw.sum() == pytest.approx(heatmap.score - black.score, abs=1e-5)
