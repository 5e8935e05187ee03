"""Embeddings of models whose numbers are known: which layer they are of, and that every way of building it agrees."""

import keras
import numpy as np
import pytest

import carvis
from carvis.classifier import Classifier
from carvis.errors import DatasetError, ModelError, StoppedError
from carvis.evaluation import evaluate
from carvis.feature_space.embedding_layer import embedding_layer
from carvis.feature_space.model_pass import embedding_pass
from carvis.images import write_image
from tests.feature_space.small_models import CLASSES, VECTORS, chained, classifier, half, make_images

L = keras.layers


@pytest.fixture
def data(tmp_path):
    return make_images(tmp_path / "elsewhere" / "colours")


def test_they_are_what_goes_into_the_layer_that_makes_the_scores(data):
    found = carvis.embeddings(classifier(), data)
    assert found.ids.tolist() == data.samples("test")["id"].tolist()
    assert found.labels.tolist() == [name for name in CLASSES for _ in range(2)]
    np.testing.assert_array_equal(found.vectors, half([VECTORS[name] for name in found.labels]))
    assert found.vectors.dtype == np.float32
    assert (found.layer, found.source) == ("scores", "score-input")
    assert (found.model, found.dataset, found.split) == ("tiny", "colours", "test")
    assert found.words == "Embeddings of tiny: the 4 values that go into scores, which makes the scores."
    assert not list(data.root.parent.rglob("cache"))


@pytest.mark.parametrize("kind", ["flat", "nested", "sequential"])
@pytest.mark.parametrize("end", ["activation", "layer", "logits", "temperature"])
@pytest.mark.parametrize("dropout", [True, False])
def test_however_the_model_is_built_they_are_the_same(data, kind, end, dropout):
    found = carvis.embeddings(classifier(kind, end=end, dropout=dropout), data)
    np.testing.assert_array_equal(found.vectors, half([VECTORS[name] for name in found.labels]))
    assert found.layer == ("head/scores" if kind == "nested" else "scores")


@pytest.mark.parametrize("backbone", ["vgg16-slim", "mobilenet_v2"])
def test_the_output_of_the_pass_is_that_of_the_plain_one_bit_for_bit(backbone):
    """Were another tensor fetched in the middle of what the processor computes in one go, it might round otherwise."""
    from carvis.architectures import build_model

    keras.utils.set_random_seed(0)
    model = build_model("transfer", 5, 64, None, backbone, head_units=64)
    clf = Classifier(model, "abcde", preprocessing="unit", name=backbone)
    images = np.random.default_rng(0).random((9, 64, 64, 3), np.float32)
    outputs = embedding_pass(clf)(images)
    np.testing.assert_array_equal(clf.probabilities(outputs.output), clf.predict_prepared(images))
    # The head by hand: ReLU of the pooled features was taken along, so the kernel gives the scores.
    kernel, bias = model.layers[-1].get_weights()
    scores = outputs.vectors @ kernel + bias
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(shares / shares.sum(axis=1, keepdims=True), outputs.output, atol=1e-5)


def test_a_convolutional_head_gives_the_mean_of_the_default_layer(data):
    """A 1x1 convolution scores each place: ReLU, its mean over the places, softmax."""
    image = keras.Input((4, 4, 3))
    scored = L.Conv2D(3, 1, use_bias=False, name="by_place")(image)
    model = keras.Model(image, L.Softmax()(L.GlobalAveragePooling2D()(L.ReLU(name="cut")(scored))))
    model.get_layer("by_place").set_weights([np.array([[0, 0, 5], [0, 5, -5], [5, 0, 0]], np.float32)[None, None]])
    clf = Classifier(model, CLASSES, preprocessing="unit", resize="nearest", name="fully_conv")
    found = carvis.embeddings(clf, data)
    assert (found.source, found.layer) == ("layer-mean", clf.default_layer)
    np.testing.assert_allclose(found.vectors[::2], [[5, 0, 0], [0, 4, 0], [0, 1, 4]], atol=1e-5)
    assert "the mean of each of the 3 channels of" in str(found.words)


def test_an_average_of_heads_gives_the_mean_of_the_layer_that_they_share(data):
    image = keras.Input((4, 4, 3))
    shared = L.Conv2D(3, 1, use_bias=False, name="shared")(image)
    pooled = L.GlobalAveragePooling2D()(shared)
    heads = [L.Dense(3, activation="softmax", name=f"head{i}")(pooled) for i in range(2)]
    model = keras.Model(image, L.Average()(heads))
    model.get_layer("shared").set_weights([2 * np.eye(3, dtype=np.float32)[None, None]])
    found = carvis.embeddings(Classifier(model, CLASSES, preprocessing="unit", resize="nearest"), data)
    assert (found.source, found.layer) == ("layer-mean", "shared")
    np.testing.assert_allclose(found.vectors[::2], [[0, 0, 2], [0, 1.6, 0], [2, 0.4, 0]], atol=2e-3)


def test_an_average_of_views_gives_the_mean_of_all_calls(data):
    """The model sees each image twice, as it is and mirrored: one layer, two calls, one vector."""
    image = keras.Input((4, 4, 3))
    inner = keras.Input((4, 4, 3))
    own = keras.Model(
        inner,
        chained(inner, [L.Conv2D(3, 1, use_bias=False, name="c"), L.GlobalAveragePooling2D(), L.Dense(3, "softmax")]),
        name="own",
    )
    own.get_layer("c").set_weights([np.eye(3, dtype=np.float32)[None, None]])
    model = keras.Model(image, L.Average()([own(image), own(image[:, :, ::-1])]))
    clf = Classifier(model, CLASSES, preprocessing="unit", resize="nearest")
    found = carvis.embeddings(clf, data)
    assert found.source == "layer-mean" and found.layer == clf.default_layer and "#" in found.layer
    np.testing.assert_allclose(found.vectors[::2], [[0, 0, 1], [0, 0.8, 0], [1, 0.2, 0]], atol=1e-3)


def test_an_average_of_unlike_models_has_none_and_is_evaluated_all_the_same(tmp_path):
    data = make_images(tmp_path / "data" / "colours")
    image = keras.Input((4, 4, 3))
    members = []
    for i in range(2):
        inner = keras.Input((4, 4, 3))
        layers = [L.Conv2D(3, 1, name="c"), L.GlobalAveragePooling2D(), L.Dense(3, activation="softmax")]
        members.append(keras.Model(inner, chained(inner, layers), name=f"member{i}")(image))
    clf = Classifier(keras.Model(image, L.Average()(members)), CLASSES, preprocessing="unit", name="both")
    with pytest.raises(ModelError, match=r"both has no embeddings: .* use each of them"):
        carvis.embeddings(clf, data)
    evaluation = evaluate(clf, data, leakage=False)
    assert "embeddings" not in evaluation.setup and len(evaluation.predictions) == 6


def test_a_model_of_two_outputs_is_refused_before():
    image = keras.Input((4, 4, 3))
    pooled = L.GlobalAveragePooling2D()(image)
    with pytest.raises(ModelError, match="several inputs or outputs"):
        Classifier(keras.Model(image, [L.Dense(3)(pooled), L.Dense(2)(pooled)]), CLASSES)


def test_nan_and_infinity_are_refused(data):
    clf = classifier()
    clf.model.get_layer("units").set_weights([np.full((3, 4), np.inf, np.float32)])
    with pytest.raises(ModelError, match="NaN or infinite"):
        carvis.embeddings(clf, data)


def test_values_beyond_float16_keep_their_size(data):
    clf = classifier()
    units = clf.model.get_layer("units")
    units.set_weights([units.get_weights()[0] * 1e6])
    found = carvis.embeddings(clf, data)
    np.testing.assert_allclose(found.vectors, [1e6 * np.array(VECTORS[name]) for name in found.labels], rtol=2**-11)


def test_batches_make_no_difference(data):
    one, all_at_once = (carvis.embeddings(classifier(), data, batch_size=n).vectors for n in (1, 64))
    np.testing.assert_array_equal(one, all_at_once)


def test_images_that_cannot_be_read_are_ignored_and_unknown_classes_are_not(data):
    write_image(data.root / "test" / "grey" / "0.png", np.full((6, 6, 3), 51, np.uint8))
    (data.root / "test" / "blue" / "0.png").write_bytes(b"\x89PNG no image")
    found = carvis.embeddings(classifier(), str(data.root))
    assert found.ids[0] == "test/blue/1.png" and len(found) == 6
    np.testing.assert_array_equal(found.vectors[found.labels == "grey"], half([[0.2, 0.2, 0.2, 0]]))


def test_a_split_without_images_says_so(data):
    for file in data.root.rglob("*.png"):
        file.write_bytes(b"\x89PNG no image")
    with pytest.raises(DatasetError, match="None of the 6 images"):
        carvis.embeddings(classifier(), str(data.root))
    with pytest.raises(DatasetError, match="no split"):
        carvis.embeddings(classifier(), data, "train")


def test_progress_is_reported_and_stops(data):
    steps = []
    carvis.embeddings(classifier(), data, batch_size=4, progress=lambda *step: steps.append(step))
    assert steps == [(4, 6), (6, 6)]
    with pytest.raises(StoppedError):
        carvis.embeddings(classifier(), data, progress=lambda *step: True)


def test_the_input_itself_counts_where_one_layer_scores_it(data):
    image = keras.Input((4, 4, 3))
    model = keras.Model(image, L.Dense(3, activation="softmax", name="all")(L.Flatten()(image)))
    layer = embedding_layer(Classifier(model, CLASSES, preprocessing="unit"))
    assert (layer.path, layer.source, layer.width) == ("all", "score-input", 48)


def test_a_head_that_is_normalised_is_looked_through(data):
    """Normalising the scores class by class makes none: the layer before it does."""
    image = keras.Input((4, 4, 3))
    layers = [L.GlobalAveragePooling2D(), L.Dense(4, name="units"), L.Dense(3, name="scores")]
    model = keras.Model(image, chained(image, [*layers, L.BatchNormalization(), L.Activation("softmax")]))
    assert embedding_layer(Classifier(model, CLASSES, preprocessing="unit")).path == "scores"
