"""Model files of the past: answers equal those of Keras 2 (the package tf_keras), or one sentence says why not."""

import keras
import numpy as np
import pytest
import tf_keras

from carvis.classifier import describe_model_file, load_classifier
from carvis.errors import ModelError, UntrustedModelError

K2 = tf_keras.layers
OPENS = [
    "fer_mini_xception.hdf5",
    "gender_mini_xception.hdf5",
    "mnist_cnn_sequential.h5",
    "teachable_machine_a.h5",
    "vgg16_functional_gap_keras220.h5",
    "vgg16_nested_gap_keras220.h5",
]


def answers_alike(path, scale=1.0, **facts) -> None:
    clf = load_classifier(path, **facts)
    oracle = tf_keras.models.load_model(path, compile=False)
    images = np.random.default_rng(0).uniform(0, scale, (2, *clf.input_size, clf.channels)).astype(np.float32)
    np.testing.assert_allclose(
        clf.model(images, training=False), oracle.predict(images, verbose=0), atol=1e-4 if scale == 1 else 1e-3
    )


@pytest.mark.real
@pytest.mark.parametrize("name", OPENS)
def test_real_files_answer_as_keras_2_did(real_data, name):
    answers_alike(real_data / "legacy_h5" / name)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("vgg16_functional_gap_keras220.h5", "block5_conv3"),
        ("vgg16_nested_gap_keras220.h5", "vgg16/block5_conv3"),
        ("teachable_machine_a.h5", "sequential_1/model1/out_relu"),
    ],
)
def test_the_layer_explained_by_default(real_data, name, layer):
    assert load_classifier(real_data / "legacy_h5" / name).last_conv_layer == layer


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "error", "sentence"),
    [
        ("carnd_lambda_regression.h5", UntrustedModelError, "Lambda"),
        ("malaria_weights_only.h5", ModelError, "weights without an architecture"),
    ],
)
def test_real_files_that_are_refused(real_data, name, error, sentence):
    path = real_data / "legacy_h5" / name
    with pytest.raises(error, match=sentence) as caught:
        load_classifier(path)
    assert name in str(caught.value) and "\n" not in str(caught.value)
    assert name in describe_model_file(path)["refused"]


def flat():
    layers = [
        tf_keras.Input((16, 16, 3)),
        K2.Conv2D(4, 3, activation="relu"),
        K2.BatchNormalization(axis=[3]),
        K2.LeakyReLU(alpha=0.2),
        K2.SeparableConv2D(5, 3, padding="same"),
        K2.DepthwiseConv2D(3),
        K2.ReLU(max_value=6.0),
        K2.GlobalAveragePooling2D(),
        K2.Dropout(0.3),
        K2.Dense(3, activation="softmax"),
    ]
    return tf_keras.Sequential(layers)


def nested():
    image = tf_keras.Input((16, 16, 3))
    x = K2.Conv2D(4, 3, name="first")(image)
    x = K2.BatchNormalization(name="norm")(x)
    base = tf_keras.Model(image, K2.Add()([x, K2.Activation("relu")(x)]), name="base")
    base.trainable = False
    return tf_keras.Sequential([base, K2.Flatten(), K2.Dense(4, activation="relu"), K2.Dense(1, activation="sigmoid")])


def scaled_inside():
    image = tf_keras.Input((16, 16, 3))
    x = K2.Rescaling(1 / 127.5, offset=-1)(K2.RandomFlip("horizontal")(image))
    x = K2.GlobalMaxPooling2D()(K2.Conv2D(4, 3, activation="swish")(x))
    return tf_keras.Model(image, K2.Softmax()(K2.Dense(3)(x)))


def with_functions():
    image = tf_keras.Input((16, 16, 3))
    x = tf_keras.applications.mobilenet_v2.preprocess_input(image)
    x = K2.GlobalAveragePooling2D()(K2.Conv2D(4, 3, activation="relu")(x))
    return tf_keras.Model(image, K2.Dense(3, activation="softmax")(x))


@pytest.mark.parametrize("build", [flat, nested, scaled_inside, with_functions])
def test_files_that_keras_2_writes_answer_alike(build, tmp_path):
    tf_keras.utils.set_random_seed(0)
    model = build()
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(0.1, 1, weight.shape) for weight in model.get_weights()])
    path = tmp_path / "old.h5"
    model.save(path)
    answers_alike(path, scale=255.0 if build in (scaled_inside, with_functions) else 1.0)


def test_a_model_that_scales_its_input_gets_pixels_as_they_are(tmp_path):
    scaled_inside().save(tmp_path / "scaled.h5")
    clf = load_classifier(tmp_path / "scaled.h5")
    assert clf.preprocessing == "none"
    assert any("scales its input itself" in sentence for sentence in clf.assumptions)


def test_weights_that_do_not_fit_are_never_left_random(tmp_path):
    import h5py

    flat().save(tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "r+") as file:
        group = file["model_weights"]
        name = next(name for name in group if name.startswith("dense"))
        del group[name]
        group.create_group(name).attrs["weight_names"] = []
    with pytest.raises(ModelError, match=r"old\.h5"):
        load_classifier(tmp_path / "old.h5")


def test_an_old_model_is_saved_as_a_new_one(tmp_path):
    from carvis.classifier import save_classifier

    flat().save(tmp_path / "old.h5")
    clf = load_classifier(tmp_path / "old.h5", ["a", "b", "c"], "unit", resize="nearest")
    reopened = load_classifier(save_classifier(clf, tmp_path / "new.keras"))
    # How image files are read was assumed of the old file, and is still.
    assert reopened.assumptions == ["The card new.json marks as assumed: alpha, orientation."]
    assert reopened.class_names == ["a", "b", "c"] and reopened.resize == "nearest"
    assert reopened.fingerprint == clf.fingerprint
    assert isinstance(reopened.model, keras.Model)


@pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras-3", "keras-2"])
@pytest.mark.parametrize(
    "wrapped", [str, np.bytes_, lambda text: np.array([text.encode()])], ids=["str", "bytes", "array"]
)
def test_texts_of_a_file_in_every_type(library, wrapped, tmp_path):
    import h5py

    model = library.Sequential([library.Input((8, 8, 3)), library.layers.Flatten(), library.layers.Dense(2)])
    model.save(tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "r+") as file:
        for holder, name in ((file, "model_config"), (file, "keras_version"), (file["model_weights"], "keras_version")):
            text = holder.attrs.pop(name)
            holder.attrs[name] = wrapped(text.decode() if isinstance(text, bytes) else text)
        names = file["model_weights"].attrs.pop("layer_names")
        file["model_weights"].attrs["layer_names0"], file["model_weights"].attrs["layer_names1"] = names[:1], names[1:]
    values = np.random.default_rng(0).uniform(0, 1, (2, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(load_classifier(tmp_path / "old.h5").model(values), model(values), atol=1e-5)


def test_an_architecture_put_into_a_file_of_bare_weights(tmp_path):
    import h5py

    model = flat()
    model.save_weights(tmp_path / "weights.h5")
    with h5py.File(tmp_path / "weights.h5", "r+") as file:
        file.attrs["model_config"] = model.to_json()
    reopened = load_classifier(tmp_path / "weights.h5").model
    values = np.random.default_rng(0).uniform(0, 1, (2, 16, 16, 3)).astype(np.float32)
    np.testing.assert_allclose(reopened(values, training=False), model(values, training=False), atol=1e-5)
