"""What a model's output means: probabilities of hand-set models against the mean, softmax or sigmoid worked by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from carvis.classifier import Classifier, load_classifier
from carvis.errors import ModelError
from carvis.explain import heatmaps

L, ops = keras.layers, keras.ops
SIZE = (8, 8, 3)
IMAGES = np.random.default_rng(1).integers(0, 256, (6, *SIZE)).astype(np.uint8)


def softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def confident(n: int, seed: int) -> keras.layers.Dense:
    """Scores of several units, so that a second softmax would show."""
    return L.Dense(n, kernel_initializer=keras.initializers.RandomNormal(stddev=8, seed=seed), name=f"scores_{seed}")


def built(end, n=3, dtype=None) -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """Return a model of two heads that ``end`` joins, and the scores of each head for ``IMAGES``."""
    image = keras.Input(SIZE, dtype=dtype)
    pooled = L.GlobalAveragePooling2D()(L.Conv2D(4, 3, activation="relu", name="conv")(image))
    a, b = confident(n, 1)(pooled), confident(n, 2)(pooled)
    return keras.Model(image, end(a, b)), *keras.Model(image, [a, b])(IMAGES.astype(np.float32) / 255, training=False)


def soft(x):
    return L.Softmax()(x)


def head(activation):
    return lambda a, b: L.Dense(3, activation=activation, kernel_initializer="identity")(a)


def nested(a, b):
    scores = keras.Input((3,))
    inner = keras.Model(scores, L.Activation("softmax")(scores))
    return L.Average()([inner(a), inner(b)])


def sequential(a, b):
    return keras.Sequential([keras.Input((3,)), L.Rescaling(0.5), keras.Sequential([L.Softmax()]), L.Flatten()])(a)


def spread(a, b):
    pair = ops.stack([a, b], axis=1)
    return L.GlobalAveragePooling1D()(L.TimeDistributed(L.Dense(3, "softmax", kernel_initializer="identity"))(pair))


def summed(a, b):
    return ops.exp(a / 8) / ops.sum(ops.exp(a / 8), axis=-1, keepdims=True)


# End, what the output must mean, the probabilities by hand of the heads' scores a and b.
MULTI = {
    "average": (
        lambda a, b: L.Average()([soft(a), soft(b)]), "probability", lambda a, b: (softmax(a) + softmax(b)) / 2
    ),
    "maximum": (
        lambda a, b: L.Maximum()([soft(a), soft(b)]), "independent", lambda a, b: np.maximum(softmax(a), softmax(b))
    ),
    "minimum": (
        lambda a, b: L.Minimum()([soft(a), soft(b)]), "independent", lambda a, b: np.minimum(softmax(a), softmax(b))
    ),
    "sum_halved": (lambda a, b: (soft(a) + soft(b)) / 2, "probability", lambda a, b: (softmax(a) + softmax(b)) / 2),
    "sum": (lambda a, b: L.Add()([soft(a), soft(b)]), "share", lambda a, b: (softmax(a) + softmax(b)) / 2),
    "percent": (lambda a, b: 100 * soft(a), "share", lambda a, b: softmax(a)),
    "add_rescaled": (
        lambda a, b: L.Rescaling(0.5)(L.Add()([soft(a), soft(b)])),
        "probability",
        lambda a, b: (softmax(a) + softmax(b)) / 2,
    ),
    "weighted": (
        lambda a, b: 0.25 * soft(a) + 0.75 * soft(b), "probability", lambda a, b: softmax(a) / 4 + softmax(b) * 3 / 4
    ),
    "mean_of_stack": (
        lambda a, b: ops.mean(ops.stack([soft(a), soft(b)], axis=1), axis=1),
        "probability",
        lambda a, b: (softmax(a) + softmax(b)) / 2,
    ),
    "product": (lambda a, b: L.Multiply()([soft(a), soft(b)]), "independent", lambda a, b: softmax(a) * softmax(b)),
    "normalised_product": (
        lambda a, b: (lambda p: p / ops.sum(p, axis=-1, keepdims=True))(soft(a) * soft(b)),
        "probability",
        lambda a, b: softmax(a + b),
    ),
    "sigmoids_side_by_side": (
        lambda a, b: L.Concatenate()([ops.sigmoid(a[:, :1] / 9), L.Activation("sigmoid")(a[:, 1:] / 9)]),
        "independent",
        lambda a, b: sigmoid(a / 9),
    ),
    "clipped": (lambda a, b: ops.clip(soft(a), 1e-7, 1 - 1e-7), "probability", lambda a, b: softmax(a)),
    "softmax_layer": (lambda a, b: soft(a), "probability", lambda a, b: softmax(a)),
    "activation": (lambda a, b: L.Activation("softmax")(a), "probability", lambda a, b: softmax(a)),
    "operation": (lambda a, b: ops.softmax(a), "probability", lambda a, b: softmax(a)),
    "dense_softmax": (head("softmax"), "probability", lambda a, b: softmax(a)),
    "dense_tf_softmax": (head(tf.nn.softmax), "probability", lambda a, b: softmax(a)),
    "dense_layer_as_activation": (head(L.Softmax()), "probability", lambda a, b: softmax(a)),
    "dropped_out": (lambda a, b: L.Dropout(0.5)(L.Reshape((3,))(soft(a))), "probability", lambda a, b: softmax(a)),
    "temperature": (lambda a, b: soft(a / 2.5), "probability", lambda a, b: softmax(a / 2.5)),
    "cooled_scores": (lambda a, b: a / 2.5, "logit", lambda a, b: softmax(a / 2.5)),
    "scores": (lambda a, b: a, "logit", lambda a, b: softmax(a)),
    "mean_of_scores": (lambda a, b: L.Average()([a, b]), "logit", lambda a, b: softmax((a + b) / 2)),
    "log_softmax": (lambda a, b: ops.log_softmax(a), "log-probability", lambda a, b: softmax(a)),
    "log_softmax_activation": (head("log_softmax"), "log-probability", lambda a, b: softmax(a)),
    "exp_of_log": (lambda a, b: ops.exp(ops.log_softmax(a)), "probability", lambda a, b: softmax(a)),
    "exp_normalised": (summed, "probability", lambda a, b: softmax(a / 8)),
    "log_of_softmax": (lambda a, b: ops.log(soft(a / 9)), "log-probability", lambda a, b: softmax(a / 9)),
    "hard_sigmoid": (head("hard_sigmoid"), "independent", lambda a, b: np.clip(a / 6 + 0.5, 0, 1)),
    "sigmoid": (head("sigmoid"), "independent", lambda a, b: sigmoid(a)),
    "mean_of_sigmoids": (
        lambda a, b: (ops.sigmoid(a) + ops.sigmoid(b)) / 2, "independent", lambda a, b: (sigmoid(a) + sigmoid(b)) / 2
    ),
    "log_sigmoid": (head("log_sigmoid"), "log-probability", lambda a, b: sigmoid(a)),
    "pairs_of_softmax": (
        # Three labels that are there or not, each by a softmax of three of its own: rows of them add up to no 1.
        lambda a, b: soft(ops.stack([a, b, a - b], axis=1) / 9)[..., 1],
        "independent",
        lambda a, b: softmax(np.stack([a, b, a - b], axis=1) / 9)[..., 1],
    ),
    "row_of_softmax": (
        lambda a, b: soft(ops.stack([a, b, a - b], axis=1) / 9)[:, 1, :],
        "probability",
        lambda a, b: softmax(b / 9),
    ),
    "tanh": (head("tanh"), "logit", lambda a, b: softmax(np.tanh(a))),
    "nested": (nested, "probability", lambda a, b: (softmax(a) + softmax(b)) / 2),
    "sequential": (sequential, "probability", lambda a, b: softmax(a / 2)),
    "time_distributed": (spread, "probability", lambda a, b: (softmax(a) + softmax(b)) / 2),
    "unknown_to_one": (
        lambda a, b: L.Lambda(lambda x: tf.nn.softmax(x))(a), "probability", lambda a, b: softmax(a)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MULTI)
def test_probabilities_by_hand(name):
    end, meaning, by_hand = MULTI[name]
    model, a, b = built(end)
    before = model.get_config()
    clf = Classifier(model, "abc")
    assert clf.output == meaning
    expected = by_hand(np.asarray(a, np.float64), np.asarray(b, np.float64))
    np.testing.assert_allclose(clf.predict(IMAGES), expected, atol=2e-5)
    assert str(model.get_config()) == str(before)


@pytest.mark.parametrize(
    "name",
    ["sum", "maximum", "clipped", "dense_tf_softmax", "dense_layer_as_activation", "log_softmax", "sigmoid", "nested"],
)
def test_heatmaps_show_the_same_probabilities_whatever_their_score(name):
    end, _, by_hand = MULTI[name]
    model, a, b = built(end)
    expected = by_hand(np.asarray(a, np.float64), np.asarray(b, np.float64))
    for score in ("logit", "probability"):
        (heatmap,) = heatmaps(Classifier(model, "abc"), IMAGES[:1], layer="conv", score=score)
        np.testing.assert_allclose(heatmap.probabilities, expected[0], atol=2e-5)
        assert heatmap.status != "non-finite" and heatmap.predicted == expected[0].argmax()


def test_sparsemax_goes_out_as_it_comes():
    model, *_ = built(lambda a, b: L.Activation("sparsemax")(a / 9))
    expected = model.predict(IMAGES.astype(np.float32) / 255, verbose=0)
    np.testing.assert_allclose(Classifier(model, "abc").predict(IMAGES), expected, atol=1e-6)


# One output: end, meaning, probability of the second class by hand of the score a.
SINGLE = {
    "logit": (lambda a, b: a, "logit", lambda a, b: sigmoid(a)),
    "sigmoid": (lambda a, b: ops.sigmoid(a), "probability", lambda a, b: sigmoid(a)),
    "mean": (
        lambda a, b: L.Average()([ops.sigmoid(a), ops.sigmoid(b)]),
        "probability",
        lambda a, b: (sigmoid(a) + sigmoid(b)) / 2,
    ),
    "clipped": (
        lambda a, b: ops.clip(ops.sigmoid(a), 0.01, 0.99), "probability", lambda a, b: np.clip(sigmoid(a), 0.01, 0.99)
    ),
    "hard_sigmoid": (
        lambda a, b: L.Activation("hard_sigmoid")(a), "probability", lambda a, b: np.clip(a / 6 + 0.5, 0, 1)
    ),
    "tanh": (lambda a, b: ops.tanh(a), "signed", lambda a, b: (1 + np.tanh(a)) / 2),
    "one_of_two": (lambda a, b: soft(L.Concatenate()([a, b]))[:, 1:], "probability", lambda a, b: sigmoid(b - a)),
    "unknown": (lambda a, b: L.Lambda(lambda x: tf.sigmoid(x))(a), "probability", lambda a, b: sigmoid(a)),
}  # fmt: skip


@pytest.mark.parametrize("name", SINGLE)
def test_one_output_is_a_binary_classifier(name):
    end, meaning, by_hand = SINGLE[name]
    model, a, b = built(end, n=1)
    clf = Classifier(model, ["no", "yes"])
    assert clf.output == meaning
    expected = by_hand(np.asarray(a, np.float64), np.asarray(b, np.float64))
    np.testing.assert_allclose(clf.predict(IMAGES), np.concatenate([1 - expected, expected], axis=1), atol=1e-5)
    (heatmap,) = heatmaps(clf, IMAGES[:1], layer="conv") if name in ("logit", "mean", "tanh") else (None,)
    assert heatmap is None or (heatmap.score_kind == "logit" and heatmap.predicted == int(expected[0, 0] > 0.5))


def test_a_file_of_one_score_opens_with_and_without_names(tmp_path):
    model, a, _ = built(lambda a, b: a, n=1)
    model.save(tmp_path / "cats.keras")
    for names in (None, ["cat", "dog"]):
        clf = load_classifier(tmp_path / "cats.keras", names)
        np.testing.assert_allclose(clf.predict(IMAGES)[:, 1], sigmoid(np.asarray(a))[:, 0], atol=1e-5)
        assert any("logit of the second class" in sentence for sentence in clf.assumptions)


@pytest.mark.parametrize(
    ("end", "sentence"),
    [(lambda a, b: ops.relu(a), "as a regression model does"), (lambda a, b: ops.softmax(a), "1 for every image")],
)
def test_one_number_that_can_be_no_class_is_refused_unless_told(end, sentence):
    model, _, _ = built(end, n=1)
    with pytest.raises(ModelError, match=sentence):
        Classifier(model, ["a", "b"])
    assert Classifier(model, ["a", "b"], output="logit").output == "logit"


def test_the_log_loss_of_a_mixture_is_that_of_its_probabilities(tmp_path, make_pictures):
    from carvis.evaluation import evaluate

    for label, colour in (("a", (250, 10, 10)), ("b", (10, 250, 10)), ("c", (10, 10, 250))):
        make_pictures(tmp_path / "data" / "test" / label, ["1.png", "2.png"], colour)
    image = keras.Input(SIZE)
    pooled = L.GlobalAveragePooling2D()(image)
    ends = [L.Dense(3, "softmax", kernel_initializer=keras.initializers.Identity(gain))(pooled) for gain in (12, 15)]
    model = keras.Model(image, L.Average()(ends))
    evaluation = evaluate(Classifier(model, "abc"), tmp_path / "data", "test", leakage=False)
    assert evaluation.accuracy == 1
    by_hand = model.predict(np.full((1, *SIZE), (250, 10, 10), np.float32) / 255, verbose=0)[0, 0]
    assert (
        evaluation.metrics["log_loss"] == pytest.approx(-np.log(by_hand), rel=0.3)
        and evaluation.metrics["log_loss"] < 1e-3
    )


def test_scores_never_pass_two_softmaxes_and_say_what_they_are():
    model, a, b = built(lambda a, b: L.Average()([soft(a / 9), soft(b / 9)]))
    clf = Classifier(model, "abc")
    assert clf.score_kind("logit") == "log-probability"
    mixed = (softmax(np.asarray(a) / 9) + softmax(np.asarray(b) / 9)) / 2
    (default,) = heatmaps(clf, IMAGES[:1], target=0, layer="conv")
    assert default.score_kind == "log-probability" and default.score == pytest.approx(np.log(mixed[0, 0]), abs=1e-5)
    (share,) = heatmaps(clf, IMAGES[:1], target=0, layer="conv", score="probability")
    assert share.score_kind == "probability" and share.score == pytest.approx(mixed[0, 0], abs=1e-5)
    mixture, scores, _ = built(lambda a, b: soft(a))
    (plain,) = heatmaps(Classifier(mixture, "abc"), IMAGES[:1], target=0, layer="conv")
    assert plain.score_kind == "logit" and plain.score == pytest.approx(float(scores[0, 0]), rel=1e-4)


def test_the_gradient_of_a_mixture_is_that_of_the_log_probability():
    model, _, _ = built(lambda a, b: (soft(a / 9) + soft(b / 9)) / 2)
    clf = Classifier(model, "abc")
    maps = heatmaps(clf, IMAGES[:2], "hirescam", target=1, layer="conv")
    below = keras.Model(model.input, model.get_layer("conv").output)
    above = keras.Model(model.get_layer("conv").output, model.output)
    activations = below(IMAGES[:2].astype(np.float32) / 255)
    with tf.GradientTape() as tape:
        tape.watch(activations)
        total = tf.reduce_sum(tf.math.log(above(activations)[:, 1]))
    expected = (activations * tape.gradient(total, activations)).numpy().sum(axis=-1)
    np.testing.assert_allclose([heatmap.raw for heatmap in maps], expected, rtol=1e-4, atol=1e-6)


def test_a_softmax_layer_called_for_every_member_has_no_one_logit():
    shared = L.Softmax()
    model, a, _ = built(lambda a, b: L.Multiply()([shared(a / 9), ops.ones_like(shared(b))]))
    clf = Classifier(model, "abc")
    np.testing.assert_allclose(clf.predict(IMAGES), softmax(np.asarray(a) / 9), atol=1e-5)


def test_told_meanings_are_obeyed_saved_and_part_of_the_fingerprint(tmp_path):
    model, a, _ = built(lambda a, b: a)
    plain = Classifier(model, "abc")
    named = Classifier(model, "abc", output="independent-logit")
    np.testing.assert_allclose(named.predict(IMAGES), sigmoid(np.asarray(a)), atol=1e-5)
    assert named.fingerprint != plain.fingerprint
    from carvis.classifier import save_classifier

    reopened = load_classifier(save_classifier(named, tmp_path / "told.keras"))
    assert reopened.output == "independent-logit" and reopened.fingerprint == named.fingerprint
    with pytest.raises(ModelError, match="no output meaning"):
        Classifier(model, "abc", output="percent")


def test_numbers_decide_on_the_data_sets_images_and_say_so(tmp_path, make_pictures):
    from carvis.dataset import Dataset

    make_pictures(tmp_path / "data" / "valid" / "a", ["1.png", "2.png"])
    make_pictures(tmp_path / "data" / "valid" / "b", ["1.png"], (10, 250, 10))
    model, *_ = built(lambda a, b: L.Concatenate()([ops.sigmoid(a), 1 - ops.sigmoid(a)]), n=1)
    model.save(tmp_path / "pair.keras")
    clf = load_classifier(tmp_path / "pair.keras", data=Dataset(tmp_path / "data"))
    assert clf.output == "probability"
    assert any("add up to 1 for 3 images of the data set" in sentence for sentence in clf.assumptions)
    alone = load_classifier(tmp_path / "pair.keras")
    assert any("images of noise and plain colours" in sentence for sentence in alone.assumptions)
