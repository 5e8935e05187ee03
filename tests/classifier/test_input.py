"""What goes into a model: the range its first weights see, the type of its numbers, inputs by name."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from carvis.classifier import Classifier, load_classifier
from carvis.classifier.ranges.input import first_weights_range
from carvis.errors import ModelError
from carvis.explain import heatmaps

L, ops = keras.layers, keras.ops
SIZE = (16, 16, 3)
IMAGES = np.random.default_rng(2).integers(0, 256, (3, *SIZE)).astype(np.uint8)


def built(*steps, dtype=None, **kwargs) -> keras.Model:
    image = keras.Input(SIZE, dtype=dtype, **kwargs)
    x = image
    for step in steps:
        x = step(x)
    x = L.Conv2D(4, 3, activation="relu", name="conv", kernel_initializer=keras.initializers.GlorotNormal(seed=3))(x)
    return keras.Model(image, L.Dense(3, "softmax")(L.GlobalAveragePooling2D()(x)))


def normalised(mean: float, variance: float) -> keras.layers.BatchNormalization:
    layer = L.BatchNormalization()
    layer.build((None, *SIZE))
    layer.set_weights([np.ones(3), np.zeros(3), np.full(3, mean), np.full(3, variance)])
    return layer


def summed(*kernel, channels=1):
    """A weighted sum of colours as a convolution, as for a conversion to grey."""
    values = np.array(kernel, np.float32).reshape(1, 1, 3, channels)
    fixed = keras.initializers.Constant(values)
    return L.Conv2D(channels, 1, use_bias=False, kernel_initializer=fixed, trainable=False)


GREY = (0.299, 0.587, 0.114)


def imagenet(x):
    return x[..., ::-1] - np.array([103.939, 116.779, 123.68], np.float32)


# Steps before the first weights; what they see of 0 to 255; the preprocessing that follows.
LEADING = {
    "plain": ((), (0, 255), "unit"),
    "by_255": ((L.Rescaling(1 / 255),), (0, 1), "none"),
    "to_minus_one": ((L.Rescaling(1 / 127.5, -1),), (-1, 1), "none"),
    "from_unit": ((L.Rescaling(2.0, -1.0),), (-1, 509), "unit"),
    "normalised_unit": ((L.Normalization(mean=[0.4] * 3, variance=[0.04] * 3),), (-2, 1273), "unit"),
    "normalised_pixels": ((L.Normalization(mean=[120] * 3, variance=[3600] * 3),), (-2, 2.25), "none"),
    "two_steps": ((L.Rescaling(1 / 255), L.Normalization(mean=[0.5] * 3, variance=[0.25] * 3)), (-1, 1), "none"),
    "times_two": ((lambda x: x * 2 - 1,), (-1, 509), "unit"),
    "over_255": ((lambda x: x / 255,), (0, 1), "none"),
    "over_127": ((lambda x: x / 127.5 - 1,), (-1, 1), "none"),
    "times_255": ((L.Rescaling(255.0),), (0, 65025), "unit"),
    "from_minus_one": ((L.Rescaling(0.5, 0.5),), (0.5, 128), "tf"),
    "grey_then_255": ((summed(*GREY), L.Rescaling(1 / 255)), (0, 1), "none"),
    "grey_then_divided": ((L.Dense(1, use_bias=False, kernel_initializer="ones"), lambda x: x / 765), (0, 1), "none"),
    "grey_then_normalised": ((summed(*GREY), L.Normalization(mean=[120], variance=[3600])), (-2, 2.25), "none"),
    "features_doubled": ((summed(*GREY), L.Rescaling(2.0)), (0, 255), "unit"),
    "features_scaled_after_relu": ((L.Conv2D(4, 1, activation="relu"), L.Rescaling(1 / 255)), (0, 255), "unit"),
    "mean_off": ((L.Lambda(imagenet),), (-123.68, 151.061), "none"),
    "batch_norm_pixels": ((normalised(120, 3600),), (-2, 2.25), "none"),
    "batch_norm_unit": ((normalised(0.45, 0.0625),), (-1.7863, 1010.2), "unit"),
    "batch_norm_new": ((normalised(0, 1),), (0, 254.87), "unit"),
    "nested": (
        (keras.Sequential([keras.Input(SIZE), L.RandomFlip(), keras.Sequential([L.Rescaling(1 / 255)])]),),
        (0, 1),
        "none",
    ),
    "after_resizing": ((L.Resizing(12, 12), L.ZeroPadding2D(1), L.Rescaling(1 / 255)), (0, 1), "none"),
}  # fmt: skip


@pytest.mark.parametrize("name", LEADING)
def test_numbers_tell_whether_a_model_scales_its_input(name, tmp_path):
    steps, ends, preprocessing = LEADING[name]
    model = built(*steps)
    weights_range = first_weights_range(model, SIZE[:2], 3)
    assert (weights_range.low, weights_range.high) == pytest.approx(ends, rel=1e-3, abs=1e-3)
    assert weights_range.preprocessing == preprocessing
    if name != "mean_off":
        model.save(tmp_path / "m.keras")
        clf = load_classifier(tmp_path / "m.keras")
        assert clf.preprocessing == preprocessing
        pixels = IMAGES.astype(np.float32)
        pixels = {"unit": pixels / 255, "none": pixels, "tf": pixels / 127.5 - 1}[preprocessing]
        np.testing.assert_allclose(clf.predict(IMAGES), model.predict(pixels, verbose=0), atol=1e-5)


def test_a_trusted_lambda_counts_and_what_cannot_be_told_is_said(tmp_path):
    built(L.Lambda(lambda x: x * 2 - 1)).save(tmp_path / "own.keras")
    clf = load_classifier(tmp_path / "own.keras", trust=True)
    assert clf.preprocessing == "unit" and any("as -1 to 509" in sentence for sentence in clf.assumptions)
    built(L.Rescaling(0.1)).save(tmp_path / "odd.keras")
    assert any(
        "does not show the range it expects" in sentence
        for sentence in load_classifier(tmp_path / "odd.keras").assumptions
    )


@pytest.mark.parametrize("name", ["EfficientNetB0", "MobileNetV3Small"])
def test_bases_with_their_preprocessing_inside_take_pixels(name):
    model = getattr(keras.applications, name)(weights=None, input_shape=(32, 32, 3), classes=2)
    weights_range = first_weights_range(model, (32, 32), 3)
    assert weights_range.preprocessing == "none" and weights_range.certain


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "bfloat16", "float64"])
def test_the_inputs_type_counts(dtype, tmp_path):
    model = built(L.Rescaling(1 / 255), dtype=dtype)
    model.save(tmp_path / "m.keras")
    clf = load_classifier(tmp_path / "m.keras")
    assert clf.preprocessing == "none"
    expected = model.predict(tf.cast(IMAGES, dtype), verbose=0)
    np.testing.assert_allclose(clf.predict(IMAGES), expected, atol=1e-5)
    maps = heatmaps(clf, IMAGES, "grad-cam", layer="conv", score="probability")
    np.testing.assert_allclose([heatmap.probabilities for heatmap in maps], expected, atol=1e-5)
    from carvis.explain import activations

    np.testing.assert_array_equal(activations(clf, IMAGES[0], "conv")["conv"].shape, (14, 14, 4))


def test_a_model_of_whole_numbers_is_never_fed_scaled_ones(tmp_path):
    model = built(L.Rescaling(1 / 255), dtype="uint8")
    with pytest.raises(ModelError, match="takes integers"):
        Classifier(model, "abc", preprocessing="unit")
    assert Classifier(model, "abc", preprocessing="none").predict(IMAGES).shape == (3, 3)


@pytest.mark.parametrize("method", ["integrated-gradients", "smoothgrad", "occlusion"])
def test_methods_at_the_input_of_whole_numbers_equal_those_of_floats(method):
    integers, floats = built(L.Rescaling(1 / 255), dtype="uint8"), built(L.Rescaling(1 / 255))
    floats.set_weights(integers.get_weights())
    pair = [Classifier(model, "abc", preprocessing="none") for model in (integers, floats)]
    (a,), (b,) = (heatmaps(clf, IMAGES[:1], method, target=1) for clf in pair)
    assert a.status == "ok"
    # Occlusion fills with a mean colour, which whole numbers round.
    np.testing.assert_allclose(a.raw, b.raw, atol=1e-5 if method != "occlusion" else 2e-2 * np.abs(b.raw).max())


def test_a_gradient_that_floats_would_falsify_is_refused_in_a_sentence():
    model = built(L.Lambda(lambda x: tf.image.convert_image_dtype(x, tf.float32)), dtype="uint8")
    clf = Classifier(model, "abc", preprocessing="none")
    with pytest.raises(ModelError, match="no gradient at its input"):
        heatmaps(clf, IMAGES[:1], "smoothgrad")
    assert heatmaps(clf, IMAGES[:1], "occlusion")[0].status != "non-finite"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_policies(policy):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(policy)
    try:
        model = built(L.Rescaling(1 / 255))
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    clf = Classifier(model, "abc", preprocessing="none")
    assert clf.output == "probability"
    expected = np.asarray(model.predict(IMAGES.astype(np.float32), verbose=0), np.float32)
    np.testing.assert_allclose(clf.predict(IMAGES), expected, atol=1e-2)
    assert heatmaps(clf, IMAGES[:1], "integrated-gradients")[0].raw.dtype == np.float32


@pytest.mark.parametrize("inputs", ["dict", "other_name", "list", "named_output", "fixed_batch", "sequential"])
def test_one_input_however_it_is_given(inputs, recwarn):
    base = built()
    model = {
        "dict": lambda: keras.Model({base.inputs[0].name: base.inputs[0]}, base.outputs[0]),
        "other_name": lambda: keras.Model({"foto": base.inputs[0]}, base.outputs[0]),
        "list": lambda: keras.Model([base.inputs[0]], [base.outputs[0]]),
        "named_output": lambda: keras.Model({"foto": base.inputs[0]}, {"which": base.outputs[0]}),
        "fixed_batch": lambda: built(batch_size=1),
        "sequential": lambda: keras.Sequential([keras.Input(SIZE, name="foto"), base]),
    }[inputs]()
    recwarn.clear()
    clf = Classifier(model, "abc")
    if inputs == "fixed_batch":
        base.set_weights(model.get_weights())
    np.testing.assert_allclose(clf.predict(IMAGES), base.predict(IMAGES / 255.0, verbose=0), atol=1e-5)
    assert [heatmap.predicted for heatmap in heatmaps(clf, IMAGES, layer=clf.last_conv_layer)] == list(
        clf.predict(IMAGES).argmax(1)
    )
    assert not [heatmap for heatmap in recwarn if "structure" in str(heatmap.message)]


def test_a_batch_that_is_built_in_is_refused_in_a_sentence():
    image = keras.Input(SIZE, batch_size=1)
    model = keras.Model(image, L.Dense(3, "softmax")(ops.reshape(image, (1, -1))))
    with pytest.raises(ModelError, match="has a fixed batch size of 1"):
        Classifier(model, "abc")
