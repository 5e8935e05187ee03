"""Raw maps against those of tf-keras-vis on the same Keras model, where the two define the same thing.

Its Grad-CAM++ divides the shares of equation 19 by their sum, and its Score-CAM takes the softmax over the classes
instead of the channels: those are other definitions and are not compared.
"""

import keras
import numpy as np
import pytest

from carvis.classifier import Classifier
from carvis.explain import heatmaps

pytest.importorskip("tf_keras_vis", reason="tf-keras-vis is not installed")
L = keras.layers
IMAGES = np.random.default_rng(2).integers(0, 255, (3, 20, 24, 3), np.uint8)


@pytest.fixture(scope="module")
def clf():
    keras.utils.set_random_seed(5)
    image = keras.Input((20, 24, 3))
    x = L.Conv2D(6, 3, activation="relu", name="first")(image)
    x = L.MaxPooling2D()(x)
    x = L.Conv2D(8, 3, activation="relu", name="second")(x)
    x = L.Dense(10, activation="relu")(L.Flatten()(x))
    model = keras.Model(image, L.Dense(4, activation="softmax", name="answer")(x))
    return Classifier(model, ["a", "b", "c", "d"], preprocessing="unit", name="small")


def reference(name: str, clf: Classifier, layer: str, targets: list[int]) -> np.ndarray:
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.layercam import Layercam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    method = (Gradcam if name == "grad-cam" else Layercam)(clf.model, ReplaceToLinear())
    raw = {"activation_modifier": None, "expand_cam": False, "normalize_cam": False}
    if name == "hirescam":
        # LayerCAM without the ReLU over its gradients.
        raw["gradient_modifier"] = None
    prepared = clf.prepare(IMAGES)
    return np.asarray(method(CategoricalScore(targets), prepared, penultimate_layer=layer, **raw))


@pytest.mark.parametrize("layer", ["first", "second"])
@pytest.mark.parametrize("method", ["grad-cam", "layercam", "hirescam"])
def test_raw_maps_agree(clf, method, layer):
    targets = [2, 0, 3]
    expected = reference(method, clf, layer, targets)
    maps = np.stack([heatmaps(clf, IMAGES[i : i + 1], method, t, layer)[0].raw for i, t in enumerate(targets)])
    assert maps.shape == expected.shape and np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(maps, expected, atol=1e-4 * np.abs(expected).max())
