"""A request says what is made of every image, and a heatmap says which request makes it again."""

import keras
import numpy as np
import pytest

from carvis.classifier import Classifier
from carvis.errors import ModelError
from carvis.explain import Contrast, heatmaps
from carvis.explain.layers import LayerChoice, named_layer
from carvis.explain.request import HeatmapRequest
from carvis.explain.sets import requested_sets

L = keras.layers
IMAGES = np.random.default_rng(0).integers(0, 255, (2, 12, 12, 3), np.uint8)


@pytest.fixture(scope="module")
def clf():
    keras.utils.set_random_seed(3)
    image = keras.Input((12, 12, 3))
    x = L.Conv2D(4, 3, activation="relu", name="first")(image)
    x = L.BatchNormalization(name="norm")(L.Conv2D(4, 3, name="second")(x))
    model = keras.Model(image, L.Dense(3, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    return Classifier(model, list("abc"), preprocessing="unit", name="tiny")


@pytest.mark.parametrize(
    ("method", "target", "layer"),
    [("grad-cam", 1, None), ("layercam", Contrast("a", "c", 0.5), ("second", "first")), ("occlusion", "b", None)],
)
def test_a_heatmap_is_made_again_by_its_own_request(clf, method, target, layer):
    for heatmap, image in zip(heatmaps(clf, IMAGES, method, target, layer, score="probability"), IMAGES, strict=True):
        [repeated] = next(requested_sets(clf, image[None], HeatmapRequest.of(heatmap))).values()
        np.testing.assert_allclose(repeated.raw, heatmap.raw, rtol=1e-5, atol=1e-7)
        assert (repeated.target_name, repeated.layer, repeated.score_kind) == (
            heatmap.target_name,
            heatmap.layer,
            "probability",
        )


def test_named_layers_are_those_of_the_classifier(clf):
    assert named_layer(clf, None) == named_layer(clf, "default") == clf.default_layer == "norm"
    assert named_layer(clf, "last") == clf.last_conv_layer and named_layer(clf, "first") == "first"
    choice = LayerChoice.of(clf, [("second", "first"), None])
    assert choice.paths[("second", "first")] == ("second", "first")
    assert choice.in_order(("second", "first")) == ["first", "second"] and choice.hooked == ("first", "second", "norm")


def test_what_cannot_be_had_is_refused_before_any_image_is_read(clf):
    for request in (HeatmapRequest(score="magic"), HeatmapRequest(precision="magic"), HeatmapRequest(targets=("d",))):
        with pytest.raises(ModelError, match="choose one of"):
            requested_sets(clf, iter([]), request)
    assert HeatmapRequest(("occlusion", "grad-cam")).takes_layer and not HeatmapRequest(("occlusion",)).takes_layer
    assert HeatmapRequest(targets=(0, Contrast("a", "true"))).needs_label and not HeatmapRequest().needs_label
