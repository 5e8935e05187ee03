"""Which layer makes the scores, whatever stands behind it: on the colours' model, whose vectors are known."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from carvis.classifier import Classifier
from carvis.feature_space.embedding_layer import EmbeddingLayer, embedding_layer
from carvis.feature_space.model_pass import embedding_pass
from tests.feature_space.small_models import CLASSES, SCORES, UNITS, chained

L = keras.layers
# Red 1, green 0.2: times UNITS, then ReLU, is (1, 0.2, 0, 1.6), as in ``small_models.VECTORS``.
ORANGE, VECTOR = (1, 0.2, 0), (1, 0.2, 0, 1.6)


class Temperature(keras.Layer):
    """Divides scores by one learnt number."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.temperature = self.add_weight(shape=(), initializer="ones", name="temperature")

    def call(self, scores: object) -> object:
        return scores / self.temperature


def model_with(*behind: keras.Layer | Callable, units_then: tuple[keras.Layer, ...] = ()) -> Classifier:
    """Return the colours' classifier with further layers behind its units and behind its scores."""
    image = keras.Input((4, 4, 3), name="image")
    layers = [L.GlobalAveragePooling2D(), L.Dense(4, activation="relu", use_bias=False, name="units"), *units_then]
    layers += [L.Dense(3, use_bias=False, name="scores"), *behind]
    model = keras.Model(image, chained(image, layers))
    model.get_layer("units").set_weights([UNITS])
    model.get_layer("scores").set_weights([SCORES])
    return Classifier(model, CLASSES, preprocessing="unit", output="logit")


def vector_of(clf: Classifier) -> tuple[EmbeddingLayer, NDArray[np.float32]]:
    """Return where the embeddings come from, and that of a plain orange image."""
    image = np.broadcast_to(np.array(ORANGE, np.float32), (1, 4, 4, 3))
    return embedding_layer(clf), embedding_pass(clf)(image).vectors[0]


BEHIND = {
    "softmax": lambda: [L.Softmax()],
    "activation": lambda: [L.Activation("softmax")],
    "dropout": lambda: [L.Dropout(0.5), L.Softmax()],
    "layer normalisation": lambda: [L.LayerNormalization(), L.Softmax()],
    "batch normalisation": lambda: [L.BatchNormalization(), L.Activation("softmax")],
    "group normalisation": lambda: [L.GroupNormalization(1)],
    "slope": lambda: [L.PReLU(), L.Softmax()],
    "temperature with a weight": lambda: [Temperature(), L.Softmax()],
    "temperature without": lambda: [L.Rescaling(0.5), L.Softmax()],
    "operation": lambda: [lambda scores: keras.ops.softmax(scores * 2 - 1)],
    "reshape": lambda: [L.Reshape((3, 1)), L.Flatten(), L.Softmax()],
    "reshape and normalise": lambda: [L.Reshape((1, 3)), L.LayerNormalization(), L.Reshape((3,)), L.Softmax()],
    "all": lambda: [L.LayerNormalization(), Temperature(), L.Dropout(0.1), L.BatchNormalization(), L.Softmax()],
}


@pytest.mark.parametrize("behind", BEHIND)
def test_what_hands_scores_on_is_looked_through(behind: str) -> None:
    layer, vector = vector_of(model_with(*BEHIND[behind]()))
    assert (layer.path, layer.source, layer.width) == ("scores", "score-input", 4)
    np.testing.assert_allclose(vector, VECTOR, rtol=1e-6)


def test_what_stands_before_the_scores_belongs_to_the_vector() -> None:
    """Layer normalisation of (1, 0.2, 0, 1.6): the mean is 0.7, the variance (0.09 + 0.25 + 0.49 + 0.81) / 4."""
    clf = model_with(L.Softmax(), units_then=(L.LayerNormalization(epsilon=0), L.Dropout(0.5)))
    layer, vector = vector_of(clf)
    assert layer.path == "scores"
    np.testing.assert_allclose(vector, (np.array(VECTOR) - 0.7) / np.sqrt(0.41), rtol=1e-5)


def test_a_further_layer_that_mixes_classes_makes_the_scores_and_is_named() -> None:
    """Matrix scaling: its input are the first scores, by hand (0, 1, 5 + 1.6) in the order of SCORES' columns."""
    clf = model_with(L.Dense(3, name="calibration"), L.Softmax())
    layer, vector = vector_of(clf)
    assert (layer.path, layer.width) == ("calibration", 3)
    np.testing.assert_allclose(vector, (0, 1, 6.6), rtol=1e-6)


def test_a_layer_of_the_head_that_holds_several_is_named_as_a_whole() -> None:
    wrapped = L.SpectralNormalization(L.Dense(3), name="head")
    layer = embedding_layer(model_with(L.Dense(5, name="more"), wrapped, L.Softmax()))
    assert (layer.path, layer.source, layer.width) == ("head", "score-input", 5)


@pytest.mark.parametrize("end", [[], [L.BatchNormalization()], [L.LayerNormalization()]], ids=["plain", "bn", "ln"])
def test_a_head_without_a_vector_has_the_mean_of_its_map(end: list[keras.Layer]) -> None:
    """The mean of a map with one channel a class is the score itself: no layer makes scores from a vector."""
    image = keras.Input((4, 4, 3))
    layers = [L.Conv2D(5, 1, name="features"), L.Conv2D(3, 1, name="classes"), L.GlobalAveragePooling2D()]
    model = keras.Model(image, chained(image, [*layers, *end, L.Softmax()]))
    clf = Classifier(model, CLASSES, preprocessing="unit")
    layer = embedding_layer(clf)
    assert (layer.path, layer.source) == (clf.default_layer, "layer-mean")


def test_scores_from_two_layers_have_no_vector() -> None:
    image = keras.Input((4, 4, 3))
    features = L.Conv2D(5, 1, name="features")(image)
    parts = [L.Dense(3)(L.GlobalAveragePooling2D()(features)), L.Dense(3)(L.GlobalMaxPooling2D()(features))]
    clf = Classifier(keras.Model(image, L.Softmax()(L.Add()(parts))), CLASSES, preprocessing="unit")
    layer = embedding_layer(clf)
    assert (layer.path, layer.source, layer.width) == (clf.default_layer, "layer-mean", 5)


def test_one_sigmoid_output_has_a_vector() -> None:
    image = keras.Input((4, 4, 3))
    layers = [L.GlobalAveragePooling2D(), L.Dense(4, name="units"), L.Dense(1, name="score")]
    model = keras.Model(image, chained(image, [*layers, L.BatchNormalization(), L.Activation("sigmoid")]))
    layer = embedding_layer(Classifier(model, CLASSES[:2], preprocessing="unit"))
    assert (layer.path, layer.width) == ("score", 4)
